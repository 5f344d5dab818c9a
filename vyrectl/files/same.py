"""Whether a file holds some bytes already, so that nothing is lost when they take its place. Standard library only.

The invariant: True only where every byte was compared; whatever cannot be read is not the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from vyrectl.files.replace import Part, StrPath

BLOCK_BYTES = 1 << 20


def has_content(path: StrPath, parts: Iterable[Part]) -> bool:
    """True for a regular file that holds these bytes, one part after the other, and no more.

    Args:
        path: Any path; whatever cannot be read has other content.
        parts: What it may hold, one after the other.
    """
    try:
        with open(path, "rb") as file:
            same = all(file.read(len(block)) == block for part in parts for block in _blocks(part))
            return same and not file.read(1)
    except OSError:
        return False


def file_parts(fd: int, size_bytes: int) -> Iterator[bytes]:
    """The first bytes of an open file, a block at a time."""
    for start in range(0, size_bytes, BLOCK_BYTES):
        yield os.pread(fd, min(BLOCK_BYTES, size_bytes - start), start)


def _blocks(part: Part) -> Iterator[memoryview]:
    view = memoryview(part).cast("B") if len(part) else memoryview(b"")
    for start in range(0, len(view), BLOCK_BYTES):
        yield view[start : start + BLOCK_BYTES]
