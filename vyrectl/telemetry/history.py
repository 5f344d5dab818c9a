"""Files of snapshots: one JSON object a line, oldest first (JSON Lines).

A line is appended whole or not at all: under `flock` on the file itself, in one write, synced to the disk
before the call returns. What a killed writer left without its line end is cut off from the next line, and a
reader skips it. Standard library only.

A line is what ``snapshot --json`` prints for the same rings, with these keys before it: `timestamp` (ISO 8601,
UTC, microseconds), and in it or in each of its `rings` the `ring`'s name, `slots`, `empty_count` and
`done_count`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from vyrectl.errors import FileError
from vyrectl.files.json_text import Json
from vyrectl.files.locks import NO_LOCKS
from vyrectl.files.room import lacking
from vyrectl.files.sync import sync_file
from vyrectl.files.waiting import open_file
from vyrectl.files.whole import read_stream
from vyrectl.files.written import note_appending

StrPath = str | os.PathLike[str]

MOST_LINE_BYTES = 16 << 20
"""Most of a file that `read_tail` reads; its last line has to be in there."""


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC with microseconds; sorts as text.

    Args:
        seconds: As `time.time` counts them.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_timestamp(text: object) -> float | None:
    """Seconds since the epoch, or None when it is no timestamp."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def append_line(path: StrPath, record: Mapping[str, Json]) -> None:
    """Append a record as one line; other processes may append to the same file.

    Raises:
        FileError: The file cannot be written, or the disk is full. It keeps whole lines only.
    """
    line = json.dumps(record, separators=(",", ":"), default=list).encode("ascii") + b"\n"
    note_appending(path)
    try:
        with _locked(path) as fd:
            _append(fd, line)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="append to the file") from error


def _append(fd: int, line: bytes) -> None:
    size = os.fstat(fd).st_size
    torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
    whole = b"\n" + line if torn else line
    written = 0
    try:
        written = os.write(fd, whole)
        if written != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync_file(fd)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(fd, size)
        raise lacking(error, len(whole) - written, len(whole)) from None


@contextmanager
def _locked(path: StrPath) -> Iterator[int]:
    """The file that the path names, open for appending and locked; it is created when it is missing.

    Whoever rotates the file between the opening and the lock leaves us with the old one: then again.
    """
    while True:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY, 0o666)
        try:
            _lock(fd)
            if _names(path, fd):
                yield fd
                return
        finally:
            os.close(fd)


def _lock(fd: int) -> None:
    """Wait for the lock; where there are no locks a line is one write at the end, which is as whole as it can be."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def _names(path: StrPath, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


def records_backwards(data: bytes) -> Iterator[dict[str, Json]]:
    """The records of a saved snapshot: the whole text as one, then the lines of a history, the last one first.

    Lines that hold no JSON object, torn ones among them, are left out.

    Args:
        data: What the file holds, or its end.
    """
    for text in (data, *reversed(data.splitlines())):
        with suppress(ValueError, RecursionError):
            record = json.loads(text)
            if isinstance(record, dict):
                yield record


def read_tail(path: StrPath) -> bytes:
    """The end of a file: all of it, unless it is longer than `MOST_LINE_BYTES`.

    Raises:
        FileError: It cannot be read.
    """
    doing = "read the snapshot"
    try:
        with open(path, "rb", opener=open_file) as stream:
            size = os.fstat(stream.fileno()).st_size  # 0 of a pipe, and of a file that reports none
            if size > MOST_LINE_BYTES:
                stream.seek(size - MOST_LINE_BYTES)
            return read_stream(stream, os.fspath(path), doing=doing)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing=doing) from error
