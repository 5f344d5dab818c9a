"""Where a feed's lines come from: standard input, a file, or a FIFO that writers come to and leave.

Standard library only. Reading never blocks for longer than asked, so that a launch can end while nobody writes. A FIFO
that did not exist is made, and removed at the end.
"""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress

from vyrectl.errors import FileError

BLOCK_BYTES = 1 << 18
STDIN = "-"


class FeedSource:
    """An open source of bytes.

    Args:
        name: A path, or `-` for standard input.

    Attributes:
        ended: Nothing more will come.

    Raises:
        FileError: It cannot be opened or made.
    """

    def __init__(self, name: str) -> None:
        self.name = "standard input" if name == STDIN else name
        self.ended = False
        self._path = name
        self._made = False
        try:
            self._fd = os.dup(0) if name == STDIN else self._open()
            self._stays = name != STDIN and stat.S_ISFIFO(os.fstat(self._fd).st_mode)
        except OSError as error:
            raise FileError.from_os_error(error, name, doing="open the feed") from error
        self._poll = self._make_poll()

    def read(self, seconds: float) -> bytes | None:
        """What has come: None for nothing in that time, empty bytes when a writer has left or the input ended."""
        if self.ended:
            return b""
        if self._poll is not None and not self._poll.poll(seconds * 1000):
            return None
        try:
            data = os.read(self._fd, BLOCK_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            raise FileError.from_os_error(error, self.name, doing="read the feed") from error
        if not data:
            self._next_writer()
        return data

    def close(self) -> None:
        """Let go of it; a FIFO that was made here goes away."""
        os.close(self._fd)
        if self._made:
            with suppress(OSError):
                os.unlink(self._path)

    def _open(self) -> int:
        if not os.path.lexists(self._path):
            os.mkfifo(self._path, 0o600)
            self._made = True
        return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def _next_writer(self) -> None:
        """After the last writer has left: a FIFO is opened anew before it is closed, so that no writer is missed."""
        if not self._stays:
            self.ended = True
            return
        try:
            fresh = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self.ended = True
            return
        os.close(self._fd)
        self._fd = fresh
        self._poll = self._make_poll()

    def _make_poll(self) -> select.poll | None:
        """Regular files are always ready and some systems refuse to poll them."""
        if stat.S_ISREG(os.fstat(self._fd).st_mode):
            return None
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return poll
