"""The buffer table: which array stands behind which handle, and how a command line names one.

Invariant: an array given as an input is never written; every handle that the table does not hold is absent,
    and a task that
names it faults. Imports numpy.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tokenize
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.engine import BUFFER_ROW, TYPE_ABSENT, TYPE_F32, TYPE_I32, TYPE_OTHER, TYPE_U32
from vyrectl.abi.number import parse_whole
from vyrectl.engine.buffer_files import BufferFiles, note_buffers
from vyrectl.engine.left import Fate, Found
from vyrectl.engine.saving import Saving
from vyrectl.errors import FileError, InvalidInputError, UsageError
from vyrectl.files.keeping import write_kept
from vyrectl.files.replace import backup_names, replace_file
from vyrectl.files.same import has_content
from vyrectl.files.whole import STDIN, read_whole
from vyrectl.numbers import is_whole
from vyrectl.ring.outputs import Outputs

if TYPE_CHECKING:
    from vyrectl.engine.arena import Arena

MAX_HANDLE = 65_535
"""Largest handle that may carry a buffer; the table has a row for every handle below it."""

ARGUMENTS = "args"
"""What `--buffer args=FILE` names: the argument table, which has no handle."""

_TYPES = {"<u4": TYPE_U32, "<i4": TYPE_I32, "<f4": TYPE_F32}

TABLE_DTYPE = dtype_of(BUFFER_ROW)
"""One row of the device's table."""

ARENA_ALIGN_BYTES = 256

_NUMBERS = "biufc"
_MALFORMED = (
    ValueError,
    EOFError,
    MemoryError,
    OverflowError,
    TypeError,
    IndexError,
    KeyError,
    SyntaxError,
    RecursionError,
    tokenize.TokenError,
)
"""What numpy lets through when a header or the name of a dtype is not what it should be."""

ARGUMENT_WORDS = 4
"""Words of one record of the argument table: offset, length, stride, scalar bits."""


@dataclass(slots=True)
class Buffer:
    """One array behind a handle.

    Attributes:
        array: Contiguous little-endian data; changed in place by a launch when `writable`.
        writable: Whether operations may write it.
        output: Where to save it after the launch, if anywhere.
        source: The file that it was read from, if any.
    """

    array: NDArray[np.generic]
    writable: bool
    output: Path | None = None
    source: Path | None = None

    @property
    def type_code(self) -> int:
        """The device's code of its element type."""
        return _TYPES.get(self.array.dtype.str, TYPE_OTHER)


class BufferTable:
    """Every buffer of a launch, by handle, and the argument table.

    Attributes:
        by_handle: Handle -> buffer.
        arguments: The argument table, or None.
        found: What earlier launches had left of its outputs.
        arena: The memory that a device shares with this process and that all arrays lie in; None otherwise.

    Args:
        buffers: Handle (0..65535) -> buffer; the key "args" is the argument table, u32, shape (n, 4).

    Raises:
        UsageError: A handle out of range.
        InvalidInputError: An argument table that is no array of u32 records.
    """

    def __init__(self, buffers: Mapping[int | str, Buffer] | None = None) -> None:
        given = dict(buffers or {})
        arguments = given.pop(ARGUMENTS, None)
        self.arguments = None if arguments is None else _argument_table(arguments)
        self.arena: Arena | None = None
        self.found: list[Found] = []
        self._lent: dict[int, NDArray[np.generic]] = {}
        self.by_handle: dict[int, Buffer] = {}
        for handle, buffer in given.items():
            if not is_whole(handle) or not 0 <= handle <= MAX_HANDLE:
                raise UsageError(
                    f"{handle!r} is no buffer handle", fix=f"Use 0 to {MAX_HANDLE}, or {ARGUMENTS!r}"
                )
            self.by_handle[int(handle)] = buffer

    @classmethod
    def of(cls, given: BufferTable | Mapping[int | str, object] | None) -> BufferTable:
        """A table from plain arrays: one with the writeable flag may be written by operations."""
        if isinstance(given, BufferTable):
            return given
        table = cls({handle: _as_buffer(value) for handle, value in (given or {}).items()})
        table._lent = {h: row.array for h, row in table.by_handle.items() if row.writable}
        return table

    def without_outputs(self) -> BufferTable:
        """The same buffers, of which none is saved."""
        for buffer in self.by_handle.values():
            buffer.output = None
        return self

    def bring_back(self) -> None:
        """Copy what operations wrote into the arrays that `of` was given, where they wrote elsewhere."""
        for handle, array in self._lent.items():
            worked_on = self.by_handle[handle].array
            if worked_on is not array:
                array[...] = worked_on

    @property
    def rows(self) -> list[Buffer | None]:
        """The table row by row: every handle up to the largest, then the argument table if there is one."""
        rows: list[Buffer | None] = [
            self.by_handle.get(h) for h in range(max(self.by_handle, default=-1) + 1)
        ]
        return rows if self.arguments is None else [*rows, self.arguments]

    @property
    def handle_count(self) -> int:
        """Handles below this one have a row."""
        return max(self.by_handle, default=-1) + 1

    @property
    def argument_handle(self) -> int:
        """Row of the argument table; one past the last row when there is none."""
        return self.handle_count

    def layout(self, *, behind: NDArray[np.uint32] | None = None) -> tuple[NDArray[np.void], int]:
        """Where each row lies in one arena.

        Args:
            behind: Words of the engine's own to make room for, in a row behind the last that no handle reaches.

        Returns:
            The table, shape (rows,) or one more, of `TABLE_DTYPE`, and the arena's size in bytes.
        """
        rows = [*self.rows, *([] if behind is None else [Buffer(behind, writable=True)])]
        offsets, end = _offsets(rows) if self.arena is None else self.arena.layout(len(rows))
        table = np.zeros(len(rows), dtype=TABLE_DTYPE)
        for row, (buffer, offset) in enumerate(zip(rows, offsets, strict=True)):
            if buffer is None:
                table[row] = (0, 0, TYPE_ABSENT, 0)
            else:
                table[row] = (offset, buffer.array.nbytes, buffer.type_code, int(buffer.writable))
        return table, end

    def keep_seals(self) -> None:
        """Whoever asked for the launch is gone: the same launch once more is to go on with what this one leaves."""
        if self.arena is not None:
            self.arena.keeps_seals = True

    def finish_outputs(self) -> None:
        """Once the launch is over in every respect: let go of outputs that are mapped.

        Raises:
            FileError: The disk failed.
        """
        if self.arena is not None:
            self.arena.finish()

    def note_old(self) -> None:
        """Once it is known what the outputs go on with: find the finished files that they will take the place of."""
        known = {one.output for one in self.found}
        for handle, row in self.by_handle.items():
            output = row.output
            updated = BufferFiles("", row.source, output).is_updated
            if output is not None and output not in known and output.is_file() and not updated:
                left = next(name for name in backup_names(output) if not os.path.lexists(name))
                self.found.append(Found(output, Path(left), Fate.REPLACED, handle))

    def replaces(self, output: Path) -> bool:
        """True when an output takes the place of results that are to be kept."""
        return any(one.fate is Fate.REPLACED and one.output == output for one in self.found)

    def save_outputs(self, saving: Saving | None = None) -> list[Path]:
        """Write every buffer that has an output path, each atomically and on its own, as `.npy`; then `finish_outputs`.

        A buffer that is saved over the file it was read from goes beside it (``OUT.npy.rescued``) when the ring could
        not be saved: the same launch once more would work on it twice.

        Args:
            saving: Collects what fails; without one it is raised once all were tried.

        Returns:
            What was written.

        Raises:
            OutputsError: Some could not be written.
        """
        keeper = saving or Saving()
        for buffer in self.by_handle.values():
            if buffer.output is not None and self.arena is None:
                aside = BufferFiles("", buffer.source, buffer.output).is_updated and not keeper.ring_saved
                path = Path(f"{buffer.output}.rescued") if aside else buffer.output
                keeper.keep(path, partial(self._save, buffer=buffer))
        if self.arena is not None:
            self.arena.publish(keeper, self.replaces)
        if saving is None:
            keeper.raise_failures()
        return [Path(path) for path in keeper.saved]

    def _save(self, path: Path, buffer: Buffer) -> None:
        """Write one output; what it went on from is in it now."""
        parts = npy_parts(buffer.array)
        replace_file(path, parts, backup=self.replaces(path) and not has_content(path, parts))
        for found in self.found:
            if found.goes_on and found.output == buffer.output:
                found.left.unlink(missing_ok=True)

    def check_outputs(self, ring: Path | None = None, *, places: bool = False) -> None:
        """Hold the outputs against each other, what is read and the ring; with `places`, also look where they go.

        Raises:
            UsageError: One is another, the ring, a file beside it, or what another buffer reads.
            FileError: One cannot be written where it is to go.
        """
        files = Outputs()
        files.reads_ring(ring)
        note_buffers(files, [BufferFiles(key, one.source, one.output) for key, one in self.by_handle.items()])
        if places:
            files.check()
        files.check_clashes()

    def outputs(self) -> list[tuple[Path, int]]:
        """Where buffers are to be saved, and their bytes."""
        return [(one.output, one.array.nbytes) for one in self.by_handle.values() if one.output is not None]


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


def _offsets(rows: list[Buffer | None]) -> tuple[list[int], int]:
    """Where each row begins when they lie one after the other, and their length."""
    offsets, end = [], 0
    for buffer in rows:
        offsets.append(end)
        size = 0 if buffer is None else buffer.array.nbytes
        end += -(-size // ARENA_ALIGN_BYTES) * ARENA_ALIGN_BYTES
    return offsets, end


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


def load_npy(path: Path) -> NDArray[np.generic]:
    """Read an array, C-contiguous and little-endian; nothing in the file is executed (no pickles).

    Raises:
        FileError: Missing or unreadable.
        InvalidInputError: No `.npy` array, or one of Python objects.
    """
    try:
        with _seekable(path) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="read the buffer") from error
    except _MALFORMED as error:
        raise _no_array(path, _why_malformed(error)) from None
    if array.dtype.kind not in _NUMBERS:
        raise _no_array(path, f"its elements are {array.dtype}")
    return np.require(_little_endian(array), requirements="C")


def _seekable(path: Path) -> IO[bytes]:
    """A file as it is; a pipe or standard input, read to its end."""
    if os.fspath(path) != STDIN and stat.S_ISREG(os.stat(path).st_mode):
        return open(path, "rb")
    return io.BytesIO(read_whole(path, doing="read the buffer"))


def _no_array(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"this is no .npy array of numbers ({why})", where=str(path), fix="Save it with numpy.save"
    )


def _why_malformed(error: Exception) -> str:
    """What numpy complains about, without its advice and without the header that it quotes in full."""
    text = str(error).lower()
    for sign, why in _MALFORMATIONS.items():
        if sign in text:
            return why
    return "it is damaged or cut off"


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

_MALFORMATIONS = {
    "magic string": "it does not begin as one",
    "object array": "its elements are Python objects",
    "header": "its header cannot be read",
    "dtype": "its header names no type of elements",
}
"""Part of numpy's message -> the reason in our words."""


def save_npy(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array as `.npy`, atomically; a file that vyrectl did not write is kept as ``PATH.bak``.

    Raises:
        FileError: The disk is full, the folder is missing or may not be written.
    """
    write_kept(path, npy_parts(array))


def npy_parts(array: NDArray[np.generic]) -> list[bytes | memoryview]:
    """An array as the bytes of a `.npy` file."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    return [head.getvalue(), np.ascontiguousarray(array).data.cast("B")]


def _as_buffer(value: object) -> Buffer:
    if isinstance(value, Buffer):
        if value.writable and not value.array.flags.writeable:
            raise UsageError(
                "a buffer that operations may write is a read-only array", fix="Give a copy: array.copy()"
            )
        return value
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise UsageError(
            "a buffer is a numpy array of numbers", fix="Pass arrays, for example {0: np.arange(8)}"
        )
    if value.flags.writeable and (not value.flags.c_contiguous or value.dtype.byteorder == ">"):
        raise UsageError(
            "a buffer that operations may write must be contiguous and little-endian",
            fix="Pass np.ascontiguousarray(array), or clear its writeable flag",
        )
    return Buffer(_little_endian(np.ascontiguousarray(value)), writable=bool(value.flags.writeable))


def _little_endian(array: NDArray[np.generic]) -> NDArray[np.generic]:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _argument_table(buffer: Buffer) -> Buffer:
    array = buffer.array
    if array.dtype.kind not in "ui" or array.dtype.itemsize != 4 or array.size % ARGUMENT_WORDS:
        raise InvalidInputError(
            f"an argument table is uint32 of shape (n, {ARGUMENT_WORDS}), not {array.dtype} {array.shape}",
            where="buffer args",
            fix="Save records of offset, length, stride, scalar bits as uint32",
        )
    return Buffer(array.view("<u4"), writable=False)


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
    except _MALFORMED:
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
