"""Locks that the kernel keeps: on a whole file, and on one byte of it, each for an open file and not for a process.

Standard library only. They go with the file's inode, so that every name of it, in any mount and any container, meets
the same lock; the kernel gives them back when the last descriptor of the open file is closed, however its processes
end. The invariant: nothing here waits.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What a file system answers that has no locks."""

_FLOCK = struct.Struct("@hhqqi4x")
"""`struct flock` of 64-bit systems: type, whence, start, length, pid."""

_NAMESPACE = "/proc/self/ns/pid"


def take(fd: int) -> bool:
    """Lock a file for one holder; False when somebody has it.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_taken(fd: int) -> bool:
    """True when another open file has the lock of this file; False also where there are no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


def take_byte(fd: int, byte: int) -> bool:
    """Lock one byte of a file that is open for writing; False when somebody has it, or there are no such locks."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
    except (OSError, AttributeError):
        return False
    return True


def is_byte_taken(fd: int, byte: int) -> bool:
    """True when another open file has the lock of that byte."""
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, asked)
    except (OSError, AttributeError):
        return False
    return bool(_FLOCK.unpack(found)[0] != fcntl.F_UNLCK)


def pid_namespace() -> int:
    """Number of the name space in which this process has its pid; 0 where the system has none."""
    try:
        return os.stat(_NAMESPACE).st_ino
    except OSError:
        return 0


def holder_pid(fd: int) -> int | None:
    """Who took the lock of a file, as the kernel lists it; None when it does not say, or has no number here."""
    status = os.fstat(fd)
    inode = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        listed = Path("/proc/locks").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in listed.splitlines():
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == inode and words[4].isdigit():
            return int(words[4]) or None
    return None


def inner_pid(pid: int) -> int | None:
    """What a process is called in its own name space; None when it is gone, or the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return None
