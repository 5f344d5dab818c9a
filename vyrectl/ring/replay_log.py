"""Replay logs as files (spec 3.7): opened or created, read from the oldest record, appended to in place.

Standard library only. A crash is survived by the file's own rules: a record is written where the header's next_slot
points, and only then does next_slot move on; what a killed writer left half-written is overwritten by the next one.
One writer at a time: an appender locks the file itself, which is never renamed.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType

from vyrectl.errors import FileError, ReplayLogError, RingHeldError
from vyrectl.files.replace import replace_file, write_all
from vyrectl.files.sync import sync_file
from vyrectl.files.whole import STDIN, read_whole
from vyrectl.files.written import note_writing
from vyrectl.protocol.replay import (
    HEADER_BYTES,
    NEXT_SLOT_OFFSET,
    RECORD_BYTES,
    Header,
    LogKind,
    ReplayRecord,
    check_capacity,
    log_kind,
    record_offset,
    unpack_header,
    unpack_record,
)

READ_RECORDS = 4096
"""Records read at once."""


class ReplayLog:
    """An open replay log; a context manager.

    Attributes:
        path: A replay log (spec, replay).
        header: Capacity and flags as the file has them, next_slot as it is now.
    """

    def __init__(self, path: Path, fd: int, header: Header) -> None:
        self.path = path
        self.header = header
        self._fd = fd

    @classmethod
    def open(cls, path: Path) -> ReplayLog:
        """Open a log to read it.

        Raises:
            FileError: It cannot be read.
            ReplayLogError: It is no replay log.
        """
        return cls._open(path, os.O_RDONLY)

    @classmethod
    def open_or_create(cls, path: Path, capacity: int) -> ReplayLog:
        """Open a log to append to it; a missing one is created with room for `capacity` records.

        The capacity of a file that exists wins; both are held to the wire's bounds, the caller's first.

        Raises:
            ReplayLogError: A capacity out of bounds, or a file that is no replay log; it stays as it is.
            RingHeldError: Another process appends to it.
            FileError: It cannot be opened or created.
        """
        try:
            check_capacity(capacity)
        except ReplayLogError as error:
            raise error.at(str(path)) from None
        if not os.path.exists(path):
            header = Header(capacity)
            replace_file(path, [header.pack(), bytes(RECORD_BYTES * capacity)], exclusive=True)
        note_writing(path)
        log = cls._open(path, os.O_RDWR)
        try:
            fcntl.flock(log._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.close()
            raise RingHeldError(path, "another process that appends to the log") from None
        return log

    @classmethod
    def check(cls, path: Path, kind: LogKind) -> None:
        """Find out early whether a log can be appended to, before the work that is to be recorded.

        Args:
            path: A replay log (spec, replay).
            kind: Of the records that it is to get. A log that begins with the other kind is left alone, since its
                readers could no longer tell what a record stands for.

        Raises:
            ReplayLogError: The file is no replay log, or holds records of the other kind.
            FileError: It cannot be opened, or a missing one cannot be created.
        """
        if os.path.exists(path):
            with cls._open(path, os.O_RDWR) as log:
                there = log._first_kind()
            if there not in (kind, LogKind.EMPTY):
                raise ReplayLogError(
                    f"this log holds {there}, and the launch would append {kind}",
                    "kind",
                    where=str(path),
                    fix=f"Name another log, or say --record {there}:{path}",
                )
        elif not os.access(path.parent, os.W_OK | os.X_OK):
            error = OSError(errno.EACCES if os.path.isdir(path.parent) else errno.ENOENT, "")
            error.strerror = os.strerror(error.errno or 0)
            raise FileError.from_os_error(error, path, doing="create the replay log")

    @classmethod
    def _open(cls, path: Path, flags: int) -> ReplayLog:
        try:
            fd = _spooled(path) if flags == os.O_RDONLY else -1
            fd = fd if fd >= 0 else os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise FileError.from_os_error(error, path, doing="open the replay log") from error
        try:
            return cls(path, fd, unpack_header(os.pread(fd, HEADER_BYTES, 0)))
        except ReplayLogError as error:
            os.close(fd)
            raise error.at(str(path)) from None
        except OSError as error:
            os.close(fd)
            raise FileError.from_os_error(error, path, doing="read the replay log") from error

    def _first_kind(self) -> LogKind:
        """Kind of the oldest record; a log that cannot be read may still be appended to, and counts as empty."""
        try:
            return log_kind(itertools.islice(self.records(), 1))
        except ReplayLogError:
            return LogKind.EMPTY

    def records(self) -> Iterator[ReplayRecord]:
        """Every record that was written, from the oldest.

        Raises:
            ReplayLogError: A record is missing from the file, or begins with a foreign marker.
        """
        cursor = self.header.cursor
        for first, count in ((cursor, self.header.capacity - cursor), (0, cursor)):
            for start in range(first, first + count, READ_RECORDS):
                yield from self._read(start, min(READ_RECORDS, first + count - start))

    def _read(self, place: int, count: int) -> Iterator[ReplayRecord]:
        data = self._pread(count * RECORD_BYTES, record_offset(place))
        for number in range(count):
            piece = data[number * RECORD_BYTES : (number + 1) * RECORD_BYTES]
            if len(piece) < RECORD_BYTES:
                raise ReplayLogError(
                    f"record {place + number} of {self.header.capacity} is missing: the file ends before it",
                    "truncated",
                    where=str(self.path),
                    fix="The log was cut short; copy it again from where it was written",
                )
            try:
                record = unpack_record(piece, place + number)
            except ReplayLogError as error:
                raise error.at(str(self.path)) from None
            if record is not None:
                yield record

    def append(self, record: ReplayRecord) -> None:
        """Write one record behind the newest; raises like `append_packed`."""
        self.append_packed(record.pack())

    def append_packed(self, data: bytes | memoryview) -> None:
        """Write records that are packed already, one after the other; the last ones win where the log wraps.

        Args:
            data: A multiple of 64 bytes.

        Raises:
            FileError: The file cannot be written.
        """
        capacity, place = self.header.capacity, self.header.cursor
        count = len(data) // RECORD_BYTES
        cursor = (place + count) % capacity
        skipped = max(0, count - capacity)
        view, place = memoryview(data)[skipped * RECORD_BYTES :], (place + skipped) % capacity
        before_end = min(count - skipped, capacity - place) * RECORD_BYTES
        try:
            self._pwrite(view[:before_end], record_offset(place))
            self._pwrite(view[before_end:], record_offset(0))
            self._pwrite(cursor.to_bytes(8, "little"), NEXT_SLOT_OFFSET)
        except OSError as error:
            raise FileError.from_os_error(error, self.path, doing="append to the replay log") from error
        self.header = Header(capacity, cursor, self.header.flags)

    def sync(self) -> None:
        """Wait until what was appended is on the disk.

        Raises:
            FileError: The disk refuses.
        """
        try:
            sync_file(self._fd)
        except OSError as error:
            raise FileError.from_os_error(error, self.path, doing="append to the replay log") from error

    def close(self) -> None:
        """Close the file and give its lock back; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> ReplayLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _pread(self, size_bytes: int, offset: int) -> bytes:
        data = b""
        try:
            while len(data) < size_bytes and (
                more := os.pread(self._fd, size_bytes - len(data), offset + len(data))
            ):
                data += more
        except OSError as error:
            raise FileError.from_os_error(error, self.path, doing="read the replay log") from error
        return data

    def _pwrite(self, data: bytes | memoryview, offset: int) -> None:
        if len(data):
            os.lseek(self._fd, offset, os.SEEK_SET)
            write_all(self._fd, data)


def _spooled(path: Path) -> int:
    """A file without a name that holds what comes out of a pipe or standard input; -1 where the path names none.

    Raises:
        OSError: There is no room for it.
    """
    if os.fspath(path) != STDIN and not stat.S_ISFIFO(os.stat(path).st_mode):
        return -1
    with TemporaryFile() as file:
        file.write(read_whole(path, doing="read the replay log"))
        file.flush()
        return os.dup(file.fileno())
