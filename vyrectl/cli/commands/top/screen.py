"""The whole terminal for one command: an alternate screen, keys one by one, and everything put back at the end.

However the block ends (a return, an exception, SIGTERM, SIGHUP, Ctrl-C) the terminal gets back its screen, its
cursor and its modes before anything else is written. Ctrl-Z gives it back too, and takes it again on return.
Signals are acted on where keys are read, so that no work is cut in the middle. Only the lines that changed are
written. Standard library only; needs a POSIX terminal on both streams.
"""

from __future__ import annotations

import codecs
import os
import select
import shutil
import signal
import sys
import termios
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import typer

from vyrectl.errors import SIGNAL_EXIT, UsageError
from vyrectl.files.streams import write_all

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""Alternate screen, no cursor, no wrapping of long lines, all blank."""

LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"

ESCAPE_S = 0.05
"""How long the rest of an escape sequence may take; after that it was the Escape key."""

KEYS: dict[str, str] = {
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x15": "clear",
    "\x0c": "redraw",
    "\x1b": "escape",
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1bOC": "right",
    "\x1bOD": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
}
"""What keys send -> their names; any other printable character is its own name."""

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT)
"""Signals that end the process once the terminal has been given back; Ctrl-\\ sends SIGQUIT."""

ENDED = "end of input"
"""Key that stands for a terminal that is gone."""


def check_terminal(ring: Path) -> None:
    """Make sure that there is a terminal to take over.

    Args:
        ring: What is to be watched, for the advice to watch it in another way.

    Raises:
        UsageError: One of the streams is no terminal, or it cannot be drawn on.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _not_here("a live screen needs a terminal", ring)
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise _not_here("this terminal cannot be drawn on (TERM is dumb)", ring)


def _not_here(what: str, ring: Path) -> UsageError:
    error = UsageError(what, fix="`snapshot --watch` shows the queue again and again, through a pipe too")
    error.instead = ("snapshot", str(ring), "--watch", "1")
    return error


Handler = Callable[[int, FrameType | None], object] | int | None


class LiveScreen:
    """Takes over the terminal for the length of a `with` block."""

    def __init__(self) -> None:
        self._input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self._pending: deque[str] = deque()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._shown: list[str] = []
        self._modes: list[int | list[bytes | int]] = []
        self._handlers: dict[int, Handler] = {}
        self._arrived: set[int] = set()
        self._wake = (-1, -1)
        self._wake_before = -1

    def __enter__(self) -> Self:
        self._modes = termios.tcgetattr(self._input)
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._wake_before = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        try:
            for number in (*ENDING, signal.SIGTSTP, signal.SIGWINCH):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._handlers[number] = signal.signal(number, self._note)
            self._take()
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal now."""
        size = shutil.get_terminal_size()
        return size.columns, size.lines

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines, each no wider than the terminal; they may hold styles.

        Args:
            lines: From the top; those that the terminal has no room for are left out.
        """
        wanted = list(lines)[: self.size()[1]]
        parts = [
            f"\x1b[{number + 1};1H\x1b[K{line}\x1b[0m"
            for number, line in enumerate(wanted)
            if number >= len(self._shown) or self._shown[number] != line
        ]
        if len(wanted) < len(self._shown):
            parts.append(f"\x1b[{len(wanted) + 1};1H\x1b[J")
        self._shown = wanted
        self._write("".join(parts))

    def key(self, timeout_s: float) -> str | None:
        """The next key's name; None when none came in time or the screen has to be drawn anew.

        Raises:
            typer.Exit: The process was told to end (one of `ENDING`), with the exit code of that.
        """
        if not self._pending:
            self._wait(timeout_s)
        self._obey()
        return self._pending.popleft() if self._pending else None

    def redraw(self) -> None:
        """Forget what is shown, so that the next drawing writes every line."""
        self._shown = []
        self._write("\x1b[2J")

    # --- keys ---

    def _wait(self, timeout_s: float) -> None:
        ready, _, _ = select.select([self._input, self._wake[0]], [], [], max(timeout_s, 0))
        if self._wake[0] in ready:
            with suppress(BlockingIOError):
                os.read(self._wake[0], 1024)
            self.redraw()
        if self._input in ready:
            self._pending.extend(split_keys(self._read()))

    def _read(self) -> str:
        text = self._read_once()
        while is_cut(text) and select.select([self._input], [], [], ESCAPE_S)[0]:
            text += self._read_once()
        return text

    def _read_once(self) -> str:
        try:
            data = os.read(self._input, 1024)
        except OSError:
            data = b""
        if not data:
            self._pending.append(ENDED)
        return self._decoder.decode(data)

    # --- signals ---

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._arrived.add(number)

    def _obey(self) -> None:
        """Do what the signals that arrived ask for."""
        arrived, self._arrived = self._arrived, set()
        for number in ENDING:
            if number in arrived:
                raise typer.Exit(SIGNAL_EXIT + number)
        if signal.SIGTSTP in arrived:
            self._stop()

    def _stop(self) -> None:
        """Ctrl-Z: stop like any other program, and come back to a screen that is drawn anew."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note)
        self._take()

    # --- taking and giving back ---

    def _take(self) -> None:
        modes = termios.tcgetattr(self._input)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._input, termios.TCSADRAIN, modes)
        self._shown = []
        self._write(ENTER)

    def _give_back(self) -> None:
        self._write(LEAVE)
        with suppress(termios.error):
            termios.tcsetattr(self._input, termios.TCSAFLUSH, self._modes)

    def _restore(self) -> None:
        """Give everything back; a Ctrl-C can no longer get in between."""
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._give_back()
        signal.set_wakeup_fd(self._wake_before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for end in self._wake:
            os.close(end)
        signal.signal(signal.SIGINT, interrupt)

    def _write(self, text: str) -> None:
        try:
            write_all(self._output, text.encode(sys.stdout.encoding, "backslashreplace"))
        except OSError:
            self._pending.append(ENDED)


def split_keys(text: str) -> list[str]:
    """What the terminal sent, as names of keys; sequences that are not known are left out."""
    keys = []
    at = 0
    while at < len(text):
        length = _sequence_length(text, at)
        name = KEYS.get(text[at : at + length])
        if name is None and length == 1 and text[at].isprintable():
            name = text[at]
        if name is not None:
            keys.append(name)
        at += length
    return keys


def is_cut(text: str) -> bool:
    """True when the last key's sequence may still be on its way."""
    start = text.rfind("\x1b")
    tail = text[start:] if start >= 0 else ""
    return tail in ("\x1b", "\x1bO", "\x1b[") or (tail.startswith("\x1b[") and not "@" <= tail[-1] <= "~")


def _sequence_length(text: str, at: int) -> int:
    if text[at] != "\x1b" or at + 1 == len(text):
        return 1
    if text[at + 1] == "O":
        return min(3, len(text) - at)
    if text[at + 1] != "[":
        return 1
    end = at + 2
    while end < len(text) and not "@" <= text[end] <= "~":
        end += 1
    return min(end + 1, len(text)) - at
