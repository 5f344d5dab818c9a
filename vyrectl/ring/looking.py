"""The look before a write: what `check` calls no ring is refused by whatever would change or launch it.

Loads numpy only for what is refused, or where it is loaded already: a launch looks before it forks. Every edit opens
its ring here (`vyrectl.ring.edit`), a launch looks before it locks or claims anything. The invariant: nothing is made
or written, and the answers are those of `check` (`vyrectl.ring.findings.likeness`) and `open` (`vyrectl.ring.kinds`).
"""

from __future__ import annotations

import os
from contextlib import suppress

from vyrectl.errors import FileError, NotARingError, RingFormatError
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.likeness import HEAD_BYTES, SEARCHED_BYTES, guess_offset, why_no_ring
from vyrectl.ring.kinds import identify_file, other_kind_error
from vyrectl.ring.replace import StrPath
from vyrectl.ring.window import open_regular


def look_before_write(path: StrPath, *, force: bool = False) -> None:
    """Refuse a file that is no ring, before anything of it is locked, claimed or written.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is not a whole number of slots.
        OtherKindError: It is a file of another kind, and `force` is False.
        NotARingError: It does not look like a ring, and `force` is False.
    """
    open_to_write(path, force=force).close()


def open_to_write(path: StrPath, *, offset: int = 0, count: int | None = None, force: bool = False) -> Ring:
    """Open a ring to read it, with a mind to change it.

    Args:
        path: The file.
        offset: Bytes before the first slot.
        count: Slots to take; by default everything up to the end.
        force: Also take what does not look like a ring.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is not a whole number of slots; says where a ring seems to start.
        OtherKindError: It is a file of another kind, and `force` is False; says the same.
        NotARingError: It does not look like a ring, and `force` is False; says the same.
    """
    if not force and not offset:
        _refuse_other_kind(path)
    try:
        ring = Ring.open(path, offset=offset, count=count)
    except RingFormatError as error:
        if error.left_over is not None:
            error.starting_at(_start_in_file(path, offset))
        raise
    if not force:
        try:
            _refuse_stranger(ring, path, offset)
        except BaseException:
            ring.close()
            raise
    return ring


def _refuse_other_kind(path: StrPath) -> None:
    verdict = identify_file(path)
    error = other_kind_error(verdict, os.fspath(path), override="--force")
    if error is not None:
        error.again = verdict.ring_options
        raise error


def _refuse_stranger(ring: Ring, path: StrPath, offset: int) -> None:
    why = why_no_ring(bytes(ring.data[:HEAD_BYTES]), ring.data)
    if why is not None:
        raise NotARingError(why, where=os.fspath(path), offset=_start_in_file(path, offset))


def _start_in_file(path: StrPath, offset: int) -> int | None:
    """Where a ring seems to start, in bytes from the beginning of the file; None when that cannot be told."""
    with suppress(OSError, ValueError, FileError):
        fd, status = open_regular(path, os.O_RDONLY)
        try:
            size_bytes = status.st_size - offset
            head = os.pread(fd, SEARCHED_BYTES, offset)
        finally:
            os.close(fd)
        start = guess_offset(memoryview(head[: len(head) // 4 * 4]), size_bytes)
        return None if start is None else offset + start
    return None
