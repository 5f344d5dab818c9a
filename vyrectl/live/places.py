"""The slots that a session may publish into, first free first used. Imports numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class FreeSlots:
    """A queue of slot numbers.

    Args:
        slots: Slots of the ring; so many numbers fit in.
        free: The numbers to begin with, int64.
    """

    def __init__(self, slots: int, free: Numbers) -> None:
        self._queue = np.empty(max(1, slots), np.int64)
        self._head = 0
        self._size = 0
        self.put(free)

    def __len__(self) -> int:
        return self._size

    def take(self, count: int) -> Numbers:
        """The first `count` numbers, or as many as there are."""
        count = min(count, self._size)
        at = np.arange(self._head, self._head + count) % len(self._queue)
        self._head = (self._head + count) % len(self._queue)
        self._size -= count
        return self._queue[at]

    def put(self, numbers: Numbers) -> None:
        """Append numbers that are not in it."""
        end = self._head + self._size
        self._queue[np.arange(end, end + len(numbers)) % len(self._queue)] = numbers
        self._size += len(numbers)
