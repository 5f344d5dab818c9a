"""Reading a ring that others change: a launch in place, an editor, whoever truncates or replaces the file.

Standard library only. The file is read, not mapped, so that a file that gets shorter meanwhile is an error and
not the death of the reader. While somebody holds the ring's lock a slot is accepted only when two successive
reads of its 64 bytes agree (design: Live); a slot that never rests is taken as it was last and counted. So
every slot is whole, as it was at some moment of the reading; different slots may be of different moments.
"""

from __future__ import annotations

import errno
import os

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, VyrectlError
from vyrectl.files.replace import FileIdentity, StrPath
from vyrectl.files.ring_lock import is_held as is_held
from vyrectl.files.whole import read_fd
from vyrectl.files.window import open_regular
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.start import window_in_file

CHUNK_BYTES = 1 << 20
MOST_READS = 64
"""Reads of one slot before it is taken as it is."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A ring as it was read.

    Attributes:
        ring: In memory, named after its path.
        identity: Which version of the file it was.
        unsteady: Slots that changed at every read.
    """

    ring: Ring
    identity: FileIdentity
    unsteady: int


def copy_ring(
    path: StrPath, *, offset: int = 0, count: int | None = None, buffer: bytearray | None = None
) -> Copy:
    """Read a ring into memory, each slot until it rests where somebody holds the ring.

    Args:
        path: A ring, which others may write meanwhile.
        offset: Bytes before the first slot.
        count: Slots to take; by default everything up to the end.
        buffer: Where to read to if it has the right length; the ring is a view of it.

    Raises:
        FileError: It cannot be read, or got shorter while it was.
        RingFormatError: As for `Ring.open`.
        UsageError: As for `Ring.open`.
    """
    twice = is_held(path)
    fd, status = open_regular(path, os.O_RDONLY)
    try:
        if not status.st_size:
            unsized = read_fd(fd, os.fspath(path), doing="read the ring")
            ring = Ring.from_bytes(unsized, os.fspath(path), offset=offset, count=count)
            return Copy(ring, FileIdentity.of(status), 0)
        length = window_in_file(path, status.st_size, offset, count) * SLOT_BYTES
        data = buffer if buffer is not None and len(buffer) == length else bytearray(length)
        unsteady = _fill(fd, memoryview(data), offset, path, twice=twice)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="read the ring") from error
    finally:
        os.close(fd)
    return Copy(Ring.from_bytes(data, os.fspath(path)), FileIdentity.of(status), unsteady)


def _fill(fd: int, data: memoryview, offset: int, path: StrPath, *, twice: bool) -> int:
    unsteady = 0
    for start in range(0, len(data), CHUNK_BYTES):
        part = data[start : start + CHUNK_BYTES]
        first = _read(fd, len(part), offset + start, path)
        part[:] = first
        if twice and (second := _read(fd, len(part), offset + start, path)) != first:
            unsteady += _read_until_still(fd, part, second, offset + start, path)
    return unsteady


def _read_until_still(fd: int, part: memoryview, second: bytes, place: int, path: StrPath) -> int:
    """Read the slots of a part that two reads disagree about until two agree; count those that never do."""
    unsteady = 0
    for start in range(0, len(part), SLOT_BYTES):
        seen, again = bytes(part[start : start + SLOT_BYTES]), second[start : start + SLOT_BYTES]
        reads = 2
        while again != seen and reads < MOST_READS:
            seen, again = again, _read(fd, SLOT_BYTES, place + start, path)
            reads += 1
        part[start : start + SLOT_BYTES] = again
        unsteady += again != seen
    return unsteady


def _read(fd: int, length_bytes: int, place: int, path: StrPath) -> bytes:
    data = os.pread(fd, length_bytes, place)
    while len(data) < length_bytes:
        more = os.pread(fd, length_bytes - len(data), place + len(data))
        if not more:
            raise FileError(
                "the ring got shorter while it was read", where=os.fspath(path), fix="Run the command again"
            )
        data += more
    return data


@dataclass(frozen=True, slots=True)
class Look:
    """What a watcher found.

    Attributes:
        ring: The ring, until the next look; None while it cannot be read.
        error: Why it cannot.
        event: What happened to the file since the last look, in a few words, or None.
        unsteady: Slots that changed at every read.
    """

    ring: Ring | None
    error: VyrectlError | None
    event: str | None
    unsteady: int = 0


class RingWatch:
    """Looks at one path again and again, and follows whatever file it names.

    Args:
        path: Path of the ring; another file may take its place.
        offset: Bytes before the first slot.
        count: Slots to take; by default everything up to the end, however long the file is then.
    """

    def __init__(self, path: StrPath, *, offset: int = 0, count: int | None = None) -> None:
        self.name = os.fspath(path)
        self._path, self._offset, self._count = path, offset, count
        self._identity: FileIdentity | None = None
        self._away = False
        self._buffer: bytearray | None = None

    def look(self) -> Look:
        """Read the ring as it is now; an error is part of the answer, not raised."""
        try:
            copy = copy_ring(self._path, offset=self._offset, count=self._count, buffer=self._buffer)
        except VyrectlError as error:
            event = None if self._away else _departure(error)
            self._away = True
            return Look(None, error, event)
        event = "back" if self._away else _change(self._identity, copy.identity)
        self._away, self._identity = False, copy.identity
        whole = copy.ring.data.obj
        self._buffer = whole if isinstance(whole, bytearray) else None
        return Look(copy.ring, None, event, copy.unsteady)


def _departure(error: VyrectlError) -> str:
    gone = isinstance(error, FileError) and error.errno == errno.ENOENT
    return "gone" if gone else "unreadable"


def _change(before: FileIdentity | None, after: FileIdentity) -> str | None:
    if before is None or (before.size_bytes == after.size_bytes and _same_file(before, after)):
        return None
    if not _same_file(before, after):
        return "replaced by another file"
    slots = f"from {before.size_bytes // SLOT_BYTES} to {after.size_bytes // SLOT_BYTES} slots"
    return f"{'truncated' if after.size_bytes < before.size_bytes else 'grown'} {slots}"


def _same_file(before: FileIdentity, after: FileIdentity) -> bool:
    return (before.device, before.inode) == (after.device, after.inode)
