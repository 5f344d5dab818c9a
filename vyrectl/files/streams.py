"""Standard streams: opened where they are missing, written whole, and told apart into data and talk.

Standard output carries data: what cannot be written there is an error with an exit code. Standard error carries talk:
what cannot be said there (nobody reads, the disk is full, the terminal is gone) is dropped, and the work goes on with
its own exit code. The invariant: no write of talk raises, and none of talk that may be dropped waits longer than
`PATIENCE_SECONDS` for a reader. `open_streams` comes first in every process of ours, before anything is opened that
could take the number of a stream. Standard library only.

    open_streams()   descriptors 0-2 are open; sys.stdin, sys.stdout, sys.stderr wait, write all, or drop
    keep_apart(f)    what others write on descriptor 2 goes through f, line by line, so that our lines stand alone
    say(text)        a piece of talk
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import io
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import TextIO

from vyrectl.errors import FileError

PATIENCE_SECONDS = 1.0
"""How long talk waits for a reader that takes nothing; after that it is dropped at once until there is room again."""

PIECE_BYTES = 4096
"""What a pipe that says it is ready takes without waiting."""

MOST_STRAY_BYTES = 1 << 20
"""Most of what others write on standard error that is kept, where it is kept apart."""

_STREAMS = ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY))


class ReaderGone(BaseException):
    """Nobody reads the answer any more: standard output is a pipe whose reader has left.

    No error of the tree, so that nothing on its way takes it for one.
    """


def open_streams() -> None:
    """Open what is missing of descriptors 0-2, and put streams on them that keep the invariant."""
    for fd, _, flags in _STREAMS:
        _fill(fd, flags)
    sys.stdin = _text(io.BufferedReader(_Source(0, "rb", closefd=False)), sys.stdin)
    sys.stdout = _text(io.BufferedWriter(_Data(1, "wb", closefd=False)), sys.stdout)
    sys.stderr = _talk_on(2, sys.stderr)


def say(text: str, *, may_wait: bool = False) -> None:
    """Say something on standard error, after what stands in standard output; what cannot be said is dropped.

    Args:
        text: What to say, its line end with it.
        may_wait: Wait for a slow reader rather than drop it: errors, not progress.
    """
    tell_strays()
    stream = _apart.stream or sys.stderr
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if isinstance(raw, _Talk):
        raw.may_wait = may_wait
    with suppress(OSError, ValueError, AttributeError):
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    if isinstance(raw, _Talk):
        raw.may_wait = True


def talks_to_terminal() -> bool:
    """True when a person watches what is said."""
    with suppress(OSError, ValueError, AttributeError):
        return sys.stderr.isatty()
    return False


def flush() -> None:
    """Write what is still in the buffers of both streams, as far as that can be done."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()


def pass_on(data: bytes) -> None:
    """Write bytes that somebody else said to standard error; what cannot be written is dropped."""
    _Talk(2, "wb", closefd=False).write(data)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write everything, also where the descriptor does not block.

    Raises:
        OSError: The system refuses.
    """
    rest = memoryview(data).cast("B")
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            _wait_for(fd, select.POLLOUT, None)


# --- others' words kept apart -------------------------------------------------------------------------------


class _Apart:
    """What others write on descriptor 2, while our own talk goes to where that led before."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None
        self._kept = -1
        self._told = 0
        self._tell: Callable[[str], str] = str

    def begin(self, tell: Callable[[str], str]) -> None:
        kept = nameless_file(MOST_STRAY_BYTES)
        self._kept = kept if kept is not None else os.open(os.devnull, os.O_RDWR)
        self._tell = tell
        self.stream = _talk_on(os.dup(2), sys.stderr)
        os.dup2(self._kept, 2)
        sys.stderr = _talk_on(2, sys.stderr)
        atexit.register(self.tell, whole=True)

    def tell(self, *, whole: bool = False) -> None:
        """Hand on the lines that came since the last time.

        Args:
            whole: Nothing will follow: a last line without an end is one too.
        """
        if self.stream is None:
            return
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        data = self._news(whole=whole)
        self._told += len(data)
        for line in data.decode(errors="backslashreplace").splitlines():
            if line.strip():
                with suppress(OSError, ValueError):
                    self.stream.write(self._tell(line))
        self.stream.flush()

    def _news(self, *, whole: bool) -> bytes:
        with suppress(OSError):
            written = os.lseek(self._kept, 0, os.SEEK_CUR)
            data = os.pread(self._kept, written - self._told, self._told)
            return data if whole else data[: data.rfind(b"\n") + 1]
        return b""


_apart = _Apart()


def keep_apart(tell: Callable[[str], str]) -> None:
    """From now on nothing but `say` writes where standard error led: what drivers, libraries and Python write on
    descriptor 2 is kept, up to `MOST_STRAY_BYTES`, and told line by line before the next thing that is said.

    Args:
        tell: Makes of such a line what stands in its place, its line end with it.
    """
    _apart.begin(tell)


def tell_strays(*, whole: bool = False) -> None:
    """Tell what others have written since the last time; nothing where it is not kept apart."""
    _apart.tell(whole=whole)


def nameless_file(most: int | None = None) -> int | None:
    """A descriptor of a file of no name; None where the system has no place for one.

    Args:
        most: Length that it cannot outgrow, where the system can see to that.
    """
    with suppress(OSError, AttributeError):
        fd = os.memfd_create("vyrectl", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        if most is not None:
            with suppress(OSError):
                os.ftruncate(fd, most)
                fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        return fd
    with suppress(OSError), TemporaryFile() as file:
        return os.dup(file.fileno())
    return None


# --- the streams themselves ---------------------------------------------------------------------------------


class _Source(io.FileIO):
    """Standard input: waits where nothing has come yet."""

    def readinto(self, buffer: object) -> int:
        while True:
            try:
                count = super().readinto(buffer)  # type: ignore[arg-type]
            except OSError as error:
                raise FileError.from_os_error(error, "standard input", doing="read") from None
            if count is not None:
                return count
            _wait_for(self.fileno(), select.POLLIN, None)

    def readall(self) -> bytes:
        whole, block = io.BytesIO(), bytearray(1 << 16)
        while count := self.readinto(block):
            whole.write(memoryview(block)[:count])
        return whole.getvalue()


class _Data(io.FileIO):
    """Standard output: everything is written, or an error says how much was. Afterwards nothing more is tried."""

    _written = 0
    _over = False

    def write(self, data: object) -> int:
        while not self._over:
            try:
                count = super().write(data)  # type: ignore[arg-type]
            except BrokenPipeError:
                self._over = True
                raise ReaderGone from None
            except OSError as error:
                self._over = True
                raise _unwritten(error, self._written) from None
            if count is not None:
                self._written += count
                return count
            _wait_for(self.fileno(), select.POLLOUT, None)
        return memoryview(data).nbytes  # type: ignore[arg-type]


def _unwritten(error: OSError, written: int) -> FileError:
    found = FileError.from_os_error(error, "standard output", doing="write the answer")
    found.what += f" (after {written} bytes)"
    found.fix = "Make room there, or send it to another place; what the command changed is changed"
    return found


class _Talk(io.FileIO):
    """Standard error: takes everything, and drops what nobody takes.

    Attributes:
        may_wait: Wait for a reader as long as the descriptor does.
    """

    may_wait = True
    _deaf = False
    _full = False

    def write(self, data: object) -> int:
        rest = whole = memoryview(data).cast("B")  # type: ignore[arg-type]
        while rest and not self._deaf and self._has_room():
            try:
                count = super().write(rest[:PIECE_BYTES])
            except OSError:
                self._deaf = True
                break
            rest = rest[count or 0 :]
        return whole.nbytes

    def _has_room(self) -> bool:
        try:
            if self.may_wait and os.get_blocking(self.fileno()):
                return True
            self._full = not _wait_for(self.fileno(), select.POLLOUT, 0 if self._full else PATIENCE_SECONDS)
        except OSError:
            self._deaf = True
        return not self._full


def _talk_on(fd: int, like: TextIO | None) -> io.TextIOWrapper:
    encoding = "utf-8" if like is None else like.encoding
    raw = _Talk(fd, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=True)


def _text(buffer: io.BufferedReader | io.BufferedWriter, like: TextIO | None) -> io.TextIOWrapper:
    if like is None:
        return io.TextIOWrapper(buffer, "utf-8", "surrogateescape")
    return io.TextIOWrapper(
        buffer,
        like.encoding,
        like.errors,
        line_buffering=buffer.writable() and buffer.isatty(),
        write_through=getattr(like, "write_through", False),
    )


def _wait_for(fd: int, event: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def _fill(fd: int, flags: int) -> None:
    """Open the null device on a descriptor that is closed; where there is none, a folder keeps the number."""
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    else:
        return
    try:
        opened = os.open(os.devnull, flags)
    except OSError:
        opened = os.open("/", os.O_RDONLY)
    if opened != fd:
        os.dup2(opened, fd)
        os.close(opened)
    os.set_inheritable(fd, True)
