"""Tests that run beside each other (`pytest -n 2`), and those that want the machine to themselves.

A test that holds a time, or that needs two workers of a device to meet, is marked `alone`: it waits until the tests of
the other processes are through, and they wait for it. Whoever waits stands at the gate, so that nobody passes it by.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

ALONE = "alone"
"""The mark of a test that runs alone."""

FIRST = "first"
"""The mark of a test that takes so long that the others run beside it."""


class Room:
    """A room that many may be in, or one alone; its state is two locked files of a folder that all share.

    Args:
        folder: A folder of this run of the tests.
    """

    def __init__(self, folder: Path) -> None:
        with ExitStack() as opened:
            self._gate: IO[str] = opened.enter_context(open(folder / "gate", "a"))
            self._room: IO[str] = opened.enter_context(open(folder / "room", "a"))
            self._files = opened.pop_all()

    @contextmanager
    def stay(self, *, alone: bool) -> Iterator[None]:
        """Wait to be let in, and be in the room during the block."""
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the files back."""
        self._files.close()
