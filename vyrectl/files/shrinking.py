"""Readers of mapped files that others may cut short: an error instead of the death of the process.

A part of a mapping that its file no longer has ends the process when it is looked at (SIGBUS). A program that only
reads (the command line) says `survive`; from then on zeros take the place of such a part of a watched mapping, and the
mapping counts as cut. The invariant: whoever says `survive` calls `refuse_cut` before anything that was made of
watched mappings leaves the process, so that no answer is made of those zeros, nor of the zeros that the system puts
behind the end of a file in its last page. Everything else that raises SIGBUS ends the process as before: a launch in
place, whose kernel works on its mapping, is one.

Standard library only; Linux on 64 bits, elsewhere nothing is survived.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError

if TYPE_CHECKING:
    from vyrectl.files.sigbus import Guard

_SUPPORTED = sys.platform == "linux" and sys.maxsize > 1 << 32


@dataclass(slots=True)
class Watched:
    """A mapping that is watched.

    Attributes:
        name: How messages call its file.
        begin: Its first address.
        end: The one behind its last.
        size_bytes: Length of the file as it was mapped.
        file: Device and inode of the file.
        is_cut: Some of it is gone.
    """

    name: str
    begin: int
    end: int
    size_bytes: int
    file: tuple[int, int]
    is_cut: bool = False

    def look(self) -> None:
        """Find out whether the file got shorter without anybody having met the part that is missing."""
        with suppress(OSError):
            now = os.stat(self.name)
            if (now.st_dev, now.st_ino) == self.file and now.st_size < self.size_bytes:
                self.is_cut = True


_wanted = False
_guard: Guard | None = None
_cut: str | None = None
"""The first file that was found to be cut."""


def survive(*, wanted: bool = True) -> None:
    """Watch mappings from now on, or no more: for the process, whose answers then pass `refuse_cut`."""
    global _wanted, _guard, _cut
    _cut = None
    _wanted = wanted and _SUPPORTED
    if not _wanted and _guard is not None:
        _guard.leave()
        _guard = None


def watch(mapped: mmap.mmap, name: str, status: os.stat_result) -> Watched | None:
    """Have this process survive that a mapped file gets shorter; None where nobody asked for that.

    Args:
        mapped: A mapping that is read, or changed in memory alone.
        name: The file's path.
        status: The file as it was when it was mapped.
    """
    global _guard
    if not _wanted or threading.current_thread() is not threading.main_thread():
        return None
    from vyrectl.files.sigbus import Guard, address_of

    if _guard is None:
        _guard = Guard()
    begin = address_of(mapped)
    pages = -(-len(mapped) // mmap.PAGESIZE) * mmap.PAGESIZE
    file = (status.st_dev, status.st_ino)
    one = _guard.watched[begin] = Watched(name, begin, begin + pages, len(mapped), file)
    weakref.finalize(mapped, _guard.watched.pop, begin, None).atexit = False
    return one


def look(one: Watched | None) -> None:
    """Before a watched mapping is let go of: what has been cut by now stays known."""
    global _cut
    if one is not None and _cut is None:
        one.look()
        if one.is_cut:
            _cut = one.name


def refuse_cut() -> None:
    """Let what was made of watched mappings pass, if none was cut.

    Raises:
        FileError: One was.
    """
    if _guard is not None:
        for one in tuple(_guard.watched.values()):
            look(one)
    if _cut is not None:
        raise FileError("the ring got shorter while it was read", where=_cut, fix="Run the command again")


def cut_error() -> FileError | None:
    """What `refuse_cut` would raise: the true reason of whatever else went wrong."""
    try:
        refuse_cut()
    except FileError as error:
        return error
    return None
