"""Which task ids were seen: one bit for every u32, in memory that the system hands out page by page.

Ids that count upwards take a bit each; ids from all over the range take at most 512 MiB in the end. Imports numpy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import U32_MAX

Ids = NDArray[np.uint32]


class IdSet:
    """A set of task ids that only grows."""

    def __init__(self) -> None:
        self._bits = np.zeros((U32_MAX + 1) // 8, np.uint8)
        self._next = 1

    def add(self, ids: Ids) -> None:
        """Put ids in, new or not; shape (n,)."""
        np.bitwise_or.at(self._bits, ids >> 3, np.uint8(1) << (ids & 7).astype(np.uint8))

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of the ids are in it; booleans, shape (n,)."""
        found: NDArray[np.bool_] = (self._bits[ids >> 3] >> (ids & 7).astype(np.uint8) & 1).astype(bool)
        return found

    def fresh(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are not in it and come for the first time in `ids`; booleans, shape (n,). Adds nothing."""
        new = ~self.holds(ids)
        if len(ids) > 1 and not (ids[1:] > ids[:-1]).all():
            first = np.zeros(len(ids), bool)
            first[np.unique(ids, return_index=True)[1]] = True
            new &= first
        return new

    def unused(self, count: int) -> Ids:
        """Ids that are not in it, from 1 upwards, shape (count,), u32; they are not put in."""
        found = np.empty(0, np.uint32)
        start = self._next
        while len(found) < count:
            block = np.arange(start - 1, start + count - 1, dtype=np.uint64) % U32_MAX + 1
            candidates = block.astype(np.uint32)
            found = np.concatenate([found, candidates[~self.holds(candidates)]])
            start += count
        self._next = int(found[count - 1]) if count else self._next
        return found[:count]
