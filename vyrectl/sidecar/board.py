"""The board of a launch that works on a copy: memory without a name in any folder, in which others see its workers.

Standard library only. The launch makes it before it forks and keeps its descriptor; whoever knows the launch's pid (the
ring's lock says it) finds it among that process's descriptors by the ring's identity, where the system lets one process
of a user look at another. The invariant: nothing is left behind, whatever becomes of the launch.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path

from vyrectl.abi.watch import BOARD_BYTES
from vyrectl.files.replace import StrPath

_FOLDER = "/proc/{}/fd"


def make_board(ring: StrPath) -> mmap.mmap:
    """A zeroed board; where there are no descriptors without a name it is for this process and its children alone."""
    try:
        fd = os.memfd_create(_name(ring))
    except (AttributeError, OSError):
        return mmap.mmap(-1, BOARD_BYTES)
    try:
        os.ftruncate(fd, BOARD_BYTES)
        return mmap.mmap(fd, BOARD_BYTES)
    finally:
        os.close(fd)  # the mapping keeps a descriptor of its own


def open_board(ring: StrPath, pid: int) -> mmap.mmap | None:
    """The board of the launch of that pid, read-only; None when it has none, or may not be looked at."""
    wanted = f"/memfd:{_name(ring)} (deleted)"
    with suppress(OSError):
        for entry in Path(_FOLDER.format(pid)).iterdir():
            with suppress(OSError):
                if os.readlink(entry) == wanted:
                    return _mapped(entry)
    return None


def _mapped(entry: Path) -> mmap.mmap | None:
    fd = os.open(entry, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_size != BOARD_BYTES:
            return None
        return mmap.mmap(fd, BOARD_BYTES, access=mmap.ACCESS_READ)
    finally:
        os.close(fd)


def _name(ring: StrPath) -> str:
    status = os.stat(ring)
    return f"vyrectl-workers-{status.st_dev:x}-{status.st_ino:x}"
