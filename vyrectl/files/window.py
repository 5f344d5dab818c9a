"""What part of which file is a ring: opens regular files only, holds a window to the length (spec 1.1).

Standard library only. Every byte count and offset that a reader was given is checked here before anything
is mapped.
"""

from __future__ import annotations

import errno
import os
import stat

from vyrectl.abi.limits import MAX_SLOTS, SLOT_BYTES, U64_MAX
from vyrectl.errors import FileError, RingFormatError, UsageError
from vyrectl.files.replace import StrPath
from vyrectl.files.written import note_writing
from vyrectl.numbers import integer, is_whole, optional_integer


def open_regular(path: StrPath, flags: int) -> tuple[int, os.stat_result]:
    """Open a regular file and nothing else: a pipe is refused before it blocks, a device before it acts.

    Args:
        path: What is to be a regular file.
        flags: ``os.O_RDONLY`` or ``os.O_RDWR``.

    Returns:
        A descriptor and its status.

    Raises:
        FileError: Missing, not permitted, a folder, a pipe, a socket or a device.
    """
    try:
        _refuse_special(os.stat(path).st_mode, path)
        if flags & os.O_RDWR:
            note_writing(path)
        fd = os.open(path, flags | os.O_NONBLOCK)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="open the ring") from error
    try:
        status = os.fstat(fd)
        _refuse_special(status.st_mode, path)
    except OSError as error:
        os.close(fd)
        raise FileError.from_os_error(error, path, doing="look at the ring") from error
    except BaseException:
        os.close(fd)
        raise
    return fd, status


def _refuse_special(mode: int, path: StrPath) -> None:
    if stat.S_ISDIR(mode):
        raise FileError.from_os_error(
            IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path, doing="open the ring"
        )
    if not stat.S_ISREG(mode):
        raise FileError(
            "cannot open the ring: it is a pipe, a socket or a device",
            where=os.fspath(path),
            fix="Copy it into a file, or pipe it in and name the ring -",
        )


def check_slot_count(slots: int, *, where: str) -> int:
    """Hold a number of slots to what a ring can have.

    Raises:
        UsageError: It is negative, or no whole number.
        RingFormatError: More than `MAX_SLOTS`.
    """
    slots = integer(
        "the number of slots", slots, most=U64_MAX, fix=f"Give a whole number from 0 to {MAX_SLOTS}"
    )
    if slots > MAX_SLOTS:
        raise RingFormatError(
            f"{slots} slots are more than the {MAX_SLOTS} whose words a u32 can number",
            where=where,
            fix="Split the ring, or take a part of it with --offset and --count",
        )
    return slots


def window(size_bytes: int, offset: int, count: int | None, *, where: str) -> int:
    """How many slots a window of a file has.

    Args:
        size_bytes: Length of the file.
        offset: Bytes before the window.
        count: Slots asked for, or None for all up to the end.
        where: How the error calls the file.

    Raises:
        UsageError: A negative offset or count.
        RingFormatError: The window leaves the file, is no whole number of slots, or has too many.
    """
    if is_whole(offset) and is_whole(count or 0) and (offset < 0 or (count or 0) < 0):
        raise UsageError("the offset and the count of a window are not negative", where=where)
    offset = integer("offset", offset, most=U64_MAX)
    count = optional_integer("count", count, most=U64_MAX)
    rest = size_bytes - offset
    if rest < 0:
        raise RingFormatError(
            f"the offset {offset} is past the end: the file has {size_bytes} bytes",
            where=where,
            fix="Give a smaller --offset",
        )
    if count is None:
        if rest % SLOT_BYTES:
            raise RingFormatError.left_over_bytes(rest, slot_bytes=SLOT_BYTES, where=where)
        count = rest // SLOT_BYTES
    elif count > rest // SLOT_BYTES:
        raise RingFormatError(
            f"{count} slots were asked for and {rest // SLOT_BYTES} whole ones lie from byte {offset} on",
            where=where,
            fix="Give a smaller --count",
        )
    check_slot_count(count, where=where)
    return count
