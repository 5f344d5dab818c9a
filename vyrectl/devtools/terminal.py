"""Runs a command on a terminal of its own and keeps what that shows, styles included.

May import `errors` and the standard library. What comes back is lines and their styles (SGR sequences) alone: of
a program that draws at places, as `top` does, the last text of each line.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vyrectl.errors import VyrectlError

TIMEOUT_S = 120.0
REST_S = 1.0
"""A screen that showed nothing new for this long waits for a key."""

_PLACE = re.compile(r"\x1b\[(\d+);1H\x1b\[K")
_OTHER = re.compile(r"\x1b\[(?![\d;]*m)[?\d;]*[A-Za-z]|\r")


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, and where commands run in it."""

    folder: Path
    settings: Mapping[str, str]
    columns: int = 80
    lines: int = 24

    def show(self, command: str, keys: Sequence[str] = ()) -> str:
        """What stands on the terminal when a command has ended.

        Args:
            command: What a shell is given.
            keys: What to type, one after the other, each when the screen has changed and rests again; so each but
                the last must change it. The last one must end the command; what is drawn after it does not count.

        Raises:
            VyrectlError: It failed, or took too long.
        """
        with self._start(command) as (process, descriptor):
            text = _talk(descriptor, keys)
            code = process.wait(TIMEOUT_S)
        if code:
            raise VyrectlError(f"exit code {code}", where=command, fix=text)
        return tidy(text)

    @contextmanager
    def _start(self, command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", self.lines, self.columns, 0, 0))
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=dict(self.settings),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        try:
            yield process, ours
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(ours)


def tidy(text: str) -> str:
    """Lines with their styles: the last text of each line where the program drew at places."""
    placed = _PLACE.split(text)
    if len(placed) > 1:
        lines = dict(zip(map(int, placed[1::2]), placed[2::2], strict=True))
        text = "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))
    return _OTHER.sub("", text).rstrip("\n")


def _talk(descriptor: int, keys: Sequence[str]) -> str:
    """Everything that is written until the end, or until the last key."""
    deadline = time.monotonic() + TIMEOUT_S
    text, left, answered = b"", list(keys), False
    while time.monotonic() < deadline:
        if select.select([descriptor], [], [], REST_S)[0]:
            part = _read(descriptor)
            if not part:
                return text.decode()
            text, answered = text + part, True
        elif left and answered:
            os.write(descriptor, left.pop(0).encode())
            answered = False
            if not left:
                break
    _drain(descriptor, deadline)
    return text.decode()


def _drain(descriptor: int, deadline: float) -> None:
    """Read until the command has closed the terminal."""
    while time.monotonic() < deadline:
        if select.select([descriptor], [], [], REST_S)[0] and not _read(descriptor):
            return
    raise VyrectlError(f"nothing ended within {TIMEOUT_S:g} s")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
