"""What a read waits for, said once nothing has come for a while: a pipe that nobody writes, or whose writer is silent.

A command says so, the library does not: `tell_by` names who does. The invariants: nothing is said of a file, nothing
twice of one wait, and no thread is left behind. Standard library only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic

from vyrectl.files.telling import is_heard, tell

SECONDS = 1.5
"""How long nothing has come before it is said."""

StrPath = str | os.PathLike[str]

_under_way: list[tuple[str, _Wait]] = []
"""Pipes that are waited for now, each by its name."""


def open_file(path: StrPath, flags: int) -> int:
    """As `os.open`, which waits at a pipe until somebody opens it to write.

    Raises:
        OSError: The system refuses.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = 0  # opening it says why
    with _told(os.fspath(path), mode) as wait:
        wait.what = "nobody writes into it yet"
        return os.open(path, flags | os.O_CLOEXEC)


@contextmanager
def reading(fd: int, name: str) -> Iterator[Callable[[int], None]]:
    """While a file or a pipe is read.

    Yields:
        What to call with the number of bytes that have come.
    """
    with _told(name, os.fstat(fd).st_mode) as wait:
        wait.what = "nothing has come yet"
        yield wait.hear


def waited_for() -> str:
    """The pipe that is waited for now, with what is the case; empty when there is none."""
    return "; ".join(f"{name} ({wait.what})" for name, wait in _under_way)


class _Wait:
    """One wait.

    Attributes:
        what: What is the case, for who asks.
        since: When something came last, by `monotonic`.
    """

    def __init__(self) -> None:
        self.what = ""
        self.since = monotonic()
        self._bytes = 0

    def hear(self, count: int) -> None:
        """Something came, or the end."""
        self._bytes += count
        self.since = monotonic()
        self.what = f"{self._bytes} bytes have come, and no end"


@contextmanager
def _told(name: str, mode: int) -> Iterator[_Wait]:
    wait = _Wait()
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        yield wait
        return
    _under_way.append((name, wait))
    try:
        with _watched(name, wait) if is_heard() else nullcontext():
            yield wait
    finally:
        _under_way.remove((name, wait))


@contextmanager
def _watched(name: str, wait: _Wait) -> Iterator[None]:
    from threading import Event, Thread

    over = Event()

    def watch() -> None:
        while not over.wait(max(0.0, wait.since + SECONDS - monotonic())):
            if monotonic() >= wait.since + SECONDS:
                tell(f"waiting for {name}: {wait.what} (Ctrl-C ends this)")
                return

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
