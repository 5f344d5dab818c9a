"""Arrays as `.npy` files: read without executing anything, written atomically. Imports numpy.

The invariant: what is read is C-contiguous, little-endian and made of numbers; a file that is anything else is refused
with what is wrong with it.
"""

from __future__ import annotations

import io
import os
import stat
import tokenize
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vyrectl.errors import FileError, InvalidInputError
from vyrectl.files.keeping import write_kept
from vyrectl.files.whole import STDIN, read_whole

_NUMBERS = "biufc"
MALFORMED = (
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

_MALFORMATIONS = {
    "magic string": "it does not begin as one",
    "object array": "its elements are Python objects",
    "header": "its header cannot be read",
    "dtype": "its header names no type of elements",
}
"""Part of numpy's message -> the reason in our words."""


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
    except MALFORMED as error:
        raise _no_array(path, _why_malformed(error)) from None
    if array.dtype.kind not in _NUMBERS:
        raise _no_array(path, f"its elements are {array.dtype}")
    return np.require(little_endian(array), requirements="C")


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


def little_endian(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The array itself where it is little-endian, else a copy that is."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False)
