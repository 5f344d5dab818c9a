"""Disk space: taken before the first store into a mapped file, and said how much was missing where it ran out.

Standard library only. A store into a part of a mapped file that has no place on the disk ends the process (SIGBUS) when
the disk is full; an error of a system call is one that can be told. The invariant: what a file holds stays.
"""

from __future__ import annotations

import errno
import os

_CANNOT_RESERVE = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.ENODEV}
"""What a file system answers that cannot set space aside."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system answers where there is no room for what is written."""

_STEP_BYTES = 4096
_STATUS_BLOCK_BYTES = 512


def take_room(fd: int, size_bytes: int) -> None:
    """Give a file that length at least, with disk space for all of it.

    Args:
        fd: A file open for reading and writing that nobody writes meanwhile.
        size_bytes: Length of the file that is to fit.

    Raises:
        OSError: There is no space; what the file holds stays.
    """
    reserve = getattr(os, "posix_fallocate", None)
    status = os.fstat(fd)
    if status.st_size >= size_bytes and has_room(status):
        return
    try:
        if reserve is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        reserve(fd, 0, size_bytes)
    except OSError as error:
        if error.errno not in _CANNOT_RESERVE:
            there = os.fstat(fd).st_blocks * _STATUS_BLOCK_BYTES
            raise lacking(error, size_bytes - min(size_bytes, there + _free_bytes(fd)), size_bytes) from None
        _touch(fd, size_bytes)


def lacking(error: OSError, missing_bytes: int, whole_bytes: int) -> OSError:
    """An error of the system that says what did not fit, where room is what it is about.

    Args:
        error: What the system answered.
        missing_bytes: What found no room.
        whole_bytes: What was to be written.
    """
    if error.errno not in NO_ROOM or error.errno is None:
        return error
    much = f"{missing_bytes} of {whole_bytes} bytes found no room"
    return OSError(error.errno, f"{os.strerror(error.errno)} ({much})")


def _free_bytes(fd: int) -> int:
    try:
        found = os.fstatvfs(fd)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def has_room(status: os.stat_result) -> bool:
    """True when a file has as much of the disk as it is long."""
    return status.st_blocks * _STATUS_BLOCK_BYTES >= status.st_size


def _touch(fd: int, size_bytes: int) -> None:
    """Write one byte of each block as it is."""
    for offset in (*range(0, size_bytes, _STEP_BYTES), size_bytes - 1):
        os.pwrite(fd, os.pread(fd, 1, offset) or b"\0", offset)
