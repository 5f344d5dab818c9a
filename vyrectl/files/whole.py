"""Reads files and streams to their end, within a bound.

The one way in which whole contents come into memory: from files, also those that report no size, from pipes and
from standard input, which the path `-` stands for. The invariants: standard input is read once, and no read goes on
without end. A device that never ends (`/dev/zero`) is refused before it is read, and whatever is longer than the bound
is refused once it has passed it. Standard library only.
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import IO
from weakref import WeakKeyDictionary

from vyrectl.errors import FileError, UsageError
from vyrectl.files.waiting import StrPath, open_file, reading

BLOCK_BYTES = 1 << 20
LEAST_BOUND, MOST_BOUND = 1 << 28, 1 << 34
"""The bound that is taken where none is given lies between these: half of the machine's memory. No ring is longer."""

STDIN = "-"
"""The path of standard input, for whatever is read whole; `./-` is a file of that name."""

_NULL_DEVICE = "/dev/null"
_read_already: WeakKeyDictionary[object, tuple[str, bytes]] = WeakKeyDictionary()
"""What was read from a standard input, and for what; rings are not kept."""


_READ, _ANYTHING = "read", "anything"


def default_bound() -> int:
    """Most bytes that are read whole where the caller knows no closer bound."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # the system does not say
        memory = 0
    return min(max(memory // 2, LEAST_BOUND), MOST_BOUND)


def read_whole(path: StrPath, *, doing: str = "read the file", most: int | None = None) -> bytes:
    """Everything in a file, in a pipe or on standard input.

    Args:
        path: The file; `STDIN` for standard input.
        doing: Completes "cannot ..." in an error.
        most: Most bytes that it may have; by default `default_bound`.

    Raises:
        FileError: Missing, unreadable, a folder, a device without an end, or longer than `most`.
        UsageError: As for `read_stdin`.
    """
    if os.fspath(path) == STDIN:
        return read_stdin(doing=doing, most=most)
    try:
        fd = open_file(path, os.O_RDONLY | os.O_NOCTTY)
        try:
            return read_fd(fd, os.fspath(path), doing=doing, most=most)
        finally:
            os.close(fd)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing=doing) from error


def read_stdin(*, doing: str = _READ, most: int | None = None) -> bytes:
    """Everything on standard input; a terminal is refused, since nobody types a ring.

    Args:
        doing: As for `read_whole`. Who does the same with it once more gets the same; what is only read is not kept.
        most: As there.

    Raises:
        UsageError: It is a terminal, or something else of this command has read it already.
        FileError: As for `read_stream`.
    """
    before = _read_already.get(sys.stdin)
    if before is None and sys.stdin.isatty():
        raise UsageError(
            "standard input is a terminal", fix="Name a file, or pipe something in: ... | vyrectl ... -"
        )
    if before is not None and before[0] == _ANYTHING:
        before = _read_already[sys.stdin] = (doing, before[1])
    if before is None:
        data = read_stream(sys.stdin.buffer, "standard input", doing=doing, most=most)
        _read_already[sys.stdin] = ("", b"") if doing == _READ else (doing, data)
        return data
    if before[0] != doing:
        raise UsageError("standard input is named twice", fix="Save one of them to a file")
    return before[1]


def stdin_for_another() -> bytes:
    """Everything on standard input, read before or now, for a process that has another one.

    Raises:
        UsageError: It is a terminal.
        FileError: As for `read_stream`.
    """
    before = _read_already.get(sys.stdin)
    return read_stdin(doing=_ANYTHING) if before is None else before[1]


def take_stdin(data: bytes) -> None:
    """Take that for what standard input holds, whoever reads it first.

    Args:
        data: What another process has read for this one.
    """
    _read_already[sys.stdin] = (_ANYTHING, data)


def read_head(path: StrPath, most: int, *, doing: str = "read the file") -> bytes:
    """The first bytes of a file, at most `most` of them.

    Raises:
        FileError: As for `read_whole`, but for its length.
    """
    try:
        with open(path, "rb", buffering=0, opener=open_file) as file:
            refuse_endless(file.fileno(), os.fspath(path), doing=doing)
            data = bytearray()
            with reading(file.fileno(), os.fspath(path)) as hear:
                while len(data) < most and (block := _patient_read(file.fileno(), most - len(data))):
                    data += block
                    hear(len(block))
            return bytes(data)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing=doing) from error


def read_fd(fd: int, name: str, *, doing: str, most: int | None = None) -> bytes:
    """Everything that is left in an open file or pipe; a pipe that does not block is waited for.

    A file that has nothing for now is not: /proc holds some that go on as long as the system does.

    Raises:
        FileError: A device without an end, or longer than `most`.
        OSError: The system refuses.
    """
    refuse_endless(fd, name, doing=doing)
    read = os.read if stat.S_ISREG(os.fstat(fd).st_mode) else _patient_read
    with reading(fd, name) as hear:
        return _collect(lambda size: read(fd, size), name, doing, most, hear)


def read_stream(stream: IO[bytes], name: str, *, doing: str, most: int | None = None) -> bytes:
    """Everything that is left in an open stream, standard input for example.

    Raises:
        FileError: Unreadable, a device without an end, or longer than `most`.
    """
    try:
        fd = stream.fileno()
    except (OSError, ValueError):  # it is in memory
        fd = -1
    try:
        if fd >= 0:
            refuse_endless(fd, name, doing=doing)
        with nullcontext(_nobody) if fd < 0 else reading(fd, name) as hear:
            return _collect(_reader(stream, fd), name, doing, most, hear)
    except OSError as error:
        raise FileError.from_os_error(error, name, doing=doing) from error


def refuse_endless(fd: int, name: str, *, doing: str) -> None:
    """Let files, pipes, terminals and the null device through.

    Raises:
        FileError: It is another device.
    """
    status = os.fstat(fd)
    if stat.S_ISCHR(status.st_mode) and not os.isatty(fd) and not _is_null(status):
        raise FileError(
            f"cannot {doing}: it is a device without an end",
            where=name,
            fix="Name a file, or pipe in as much of it as is meant: head -c 4096 DEVICE | vyrectl ... -",
        )


def _is_null(status: os.stat_result) -> bool:
    try:
        return os.stat(_NULL_DEVICE).st_rdev == status.st_rdev
    except OSError:
        return False


def _reader(stream: IO[bytes], fd: int) -> Callable[[int], bytes]:
    """What reads a block; nothing from a descriptor that does not block may mean that nothing has come yet."""
    read1: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def read(size_bytes: int) -> bytes:
        block = read1(size_bytes)
        if not block and fd >= 0 and not os.get_blocking(fd):
            return _patient_read(fd, size_bytes)
        return block

    return read


def _patient_read(fd: int, size_bytes: int) -> bytes:
    while True:
        try:
            return os.read(fd, size_bytes)
        except BlockingIOError:
            select.select([fd], [], [])


def _nobody(count: int) -> None:
    """Who is told of bytes that nobody waits for."""


def _collect(
    read: Callable[[int], bytes], name: str, doing: str, most: int | None, hear: Callable[[int], None]
) -> bytes:
    bound = default_bound() if most is None else most
    whole = io.BytesIO()
    while block := read(BLOCK_BYTES):
        if whole.tell() + len(block) > bound:
            raise FileError(
                f"cannot {doing}: it is longer than the {bound} bytes that are read at once",
                where=name,
                fix="Look at what writes it, or give the part that is meant",
            )
        whole.write(block)
        hear(len(block))
    return whole.getvalue()
