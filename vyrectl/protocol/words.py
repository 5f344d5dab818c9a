"""Little-endian u32 words in a buffer that nobody vouches for. Standard library only."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

from vyrectl.abi.limits import WORD_BYTES
from vyrectl.errors import MisalignedBufferError, MissingWordError

BufferName = Literal["control", "debug_log", "io_queue", "ring"]
Data = bytes | bytearray | memoryview

_WORD = struct.Struct("<I")


def check_aligned(data: Data, buffer: BufferName) -> None:
    """Hold a buffer to whole words.

    Raises:
        MisalignedBufferError: Its length is no multiple of 4.
    """
    if len(data) % WORD_BYTES:
        raise MisalignedBufferError(buffer, len(data))


def read_word(data: Data, index: int, buffer: BufferName) -> int:
    """One word of a buffer of whole words.

    Raises:
        MisalignedBufferError: Its length is no multiple of 4.
        MissingWordError: It ends before the word.
    """
    check_aligned(data, buffer)
    if (index + 1) * WORD_BYTES > len(data):
        raise MissingWordError(buffer, index, len(data))
    word: int = _WORD.unpack_from(data, index * WORD_BYTES)[0]
    return word


def read_words(data: Data, first: int, count: int, buffer: BufferName) -> tuple[int, ...]:
    """Several words that follow one another.

    Raises:
        MisalignedBufferError: Its length is no multiple of 4.
        MissingWordError: It ends before the last of them; the error names the first that is missing.
    """
    check_aligned(data, buffer)
    have = len(data) // WORD_BYTES
    if first + count > have:
        raise MissingWordError(buffer, max(first, have), len(data))
    return struct.unpack_from(f"<{count}I", data, first * WORD_BYTES)


def found_words(data: Data, first: int, count: int) -> tuple[int, ...]:
    """As many of these words as are there, whatever the buffer's length."""
    have = min(max(0, len(data) // WORD_BYTES - first), count)
    return struct.unpack_from(f"<{have}I", data, first * WORD_BYTES) if have else ()


def pack_words(words: Sequence[int]) -> bytes:
    """Words as they lie in memory."""
    return struct.pack(f"<{len(words)}I", *words)
