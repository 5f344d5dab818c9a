"""The text of `--buffer HANDLE=SPEC`, made into the buffer that it names. Imports numpy.

The invariant: a text that names no buffer is refused with the spelling that was probably meant.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vyrectl.abi.number import parse_whole
from vyrectl.engine.buffers import ARGUMENTS, MAX_HANDLE, Buffer, BufferTable
from vyrectl.engine.npy import MALFORMED, load_npy
from vyrectl.errors import UsageError

_LIKE_ZEROS = ("zero", "zeros", "zeroes", "empty", "ones")
ELEMENT_TYPES = (
    *(f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
)
"""Element types of buffers, as numpy calls them."""

_OTHER_TYPES = {
    "uint": "uint32",
    "unsigned": "uint32",
    "char": "int8",
    "uchar": "uint8",
    "ushort": "uint16",
    "long": "int64",
    "ulong": "uint64",
    "double": "float64",
    "half": "float16",
    "bool": "uint8",
    **{f"u{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"f{bits}": f"float{bits}" for bits in (16, 32, 64)},
}
"""What OpenCL C and other languages call them."""


def parse_buffer_option(text: str) -> tuple[int | str, Buffer]:
    """Read one `--buffer HANDLE=SPEC`.

    SPEC is `FILE.npy` (an input), `FILE.npy:OUT.npy` (starts as the input, saved as OUT), `zeros:DTYPE:SHAPE`
    (scratch) or `zeros:DTYPE:SHAPE:OUT.npy`; SHAPE is `1048576` or `768x1024`. HANDLE is a number or `args`.

    Raises:
        UsageError: The text has another form.
        FileError: An input cannot be read.
        InvalidInputError: An input is no `.npy` array.
    """
    handle_text, equals, spec = text.partition("=")
    if not equals or not spec:
        raise UsageError(
            f"--buffer {text!r} has no SPEC", fix="Write --buffer 0=x.npy or 1=zeros:float32:1024:out.npy"
        )
    handle: int | str = ARGUMENTS if handle_text == ARGUMENTS else _handle(handle_text)
    if spec.startswith("zeros:"):
        return handle, _zeros(spec)
    source, _, output = spec.partition(":")
    if source.lower() in _LIKE_ZEROS and output and not os.path.exists(source):
        raise UsageError(f"{spec!r} names no file", fix=f"Did you mean {handle_text}=zeros:{output}?")
    array = load_npy(Path(source))
    return handle, Buffer(
        array, writable=bool(output), output=Path(output) if output else None, source=Path(source)
    )


def parse_buffer_options(texts: Iterable[str]) -> BufferTable:
    """The table that all `--buffer` options of a command make; raises like `parse_buffer_option`.

    Raises:
        UsageError: A handle is given twice.
    """
    table: dict[int | str, Buffer] = {}
    for text in texts:
        handle, buffer = parse_buffer_option(text)
        if handle in table:
            raise UsageError(f"buffer {handle} is given twice", fix="Give each handle one buffer")
        table[handle] = buffer
    return BufferTable(table)


def _handle(text: str) -> int:
    handle = parse_whole(text)
    if handle is None or not 0 <= handle <= MAX_HANDLE:
        raise UsageError(f"{text!r} is no buffer handle", fix=f"Use 0 to {MAX_HANDLE}, or {ARGUMENTS!r}")
    return handle


def _zeros(spec: str) -> Buffer:
    parts = spec.split(":", 3)
    if len(parts) < 3:
        raise _no_zeros(spec, "it has no " + ("element type" if len(parts) < 2 or not parts[1] else "shape"))
    try:
        array = np.zeros(_shape(spec, parts[2]), dtype=_element_type(spec, parts[1]))
    except (MemoryError, ValueError) as error:
        raise UsageError(
            f"{spec!r} does not fit into memory ({error})", fix="Ask for a smaller shape"
        ) from error
    return Buffer(array, writable=True, output=Path(parts[3]) if len(parts) == 4 and parts[3] else None)


def _no_zeros(spec: str, why: str, fix: str = "") -> UsageError:
    form = "Write zeros:DTYPE:SHAPE[:OUT.npy], for example zeros:float32:1048576:out.npy"
    return UsageError(f"{spec!r} is no buffer of zeros: {why}", fix=fix or form)


def _element_type(spec: str, text: str) -> np.dtype[np.generic]:
    """The element type of a name, little-endian."""
    from difflib import get_close_matches

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dtype = np.dtype(text)
    except MALFORMED:
        dtype = np.dtype(object)
    if not text or dtype.kind not in "uif" or dtype.names is not None:
        alias = _OTHER_TYPES.get(text.strip().lower())
        close = [alias] if alias else get_close_matches(text.lower(), ELEMENT_TYPES, n=1)
        meant = f"Did you mean {spec.replace(text, close[0], 1)}?" if close and text else ""
        why = f"{text!r} is no element type"
        raise _no_zeros(spec, why, meant or "Types are " + ", ".join(ELEMENT_TYPES))
    return dtype.newbyteorder("<")


def _shape(spec: str, text: str) -> tuple[int, ...]:
    """The sides of ``768x1024``."""
    sides = [parse_whole(side) for side in text.lower().split("x")]
    found = tuple(side for side in sides if side is not None and side >= 0)
    if len(found) == len(sides):
        return found
    numbers = re.findall(r"[0-9]+", text)
    dtype = spec.split(":")[1]
    swapped = text[:1].isalpha() and parse_whole(dtype.lower().split("x")[0]) is not None
    meant = "x".join(numbers) if re.fullmatch(r"[\s(\[]*[0-9]+(?:\s*[,*;]\s*[0-9]+)*[\s,)\]]*", text) else ""
    fix = f"Did you mean {spec.replace(text, meant, 1)}?" if meant and meant != text else ""
    if swapped:
        fix = f"The element type stands first: zeros:{text}:{dtype}"
    raise _no_zeros(spec, f"{text!r} is no shape", fix or "A shape is 1048576 or 768x1024")
