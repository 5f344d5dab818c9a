"""The ring of a launch on several devices, in memory that all its processes see.

`given` is the ring as it was, which nobody writes: the file itself while the launch holds its lock. `worked` is the
file that will take its place, where one was begun (`vyrectl.files.successor`): it gets the ring's bytes while devices
are opened. Else it gets each shard when a device takes it up, from the process that works on it. The invariant:
whatever dies, `result` holds whole shards: as they came back, or as they were before the visit that did not end. Numpy
only where slots are looked at.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.hosting.glance import Glance, glance
from vyrectl.hosting.memory import IN_MEMORY, ON_DEVICE
from vyrectl.sidecar.workers import Worker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.files.successor import Successor
    from vyrectl.spread.boards import Boards
    from vyrectl.spread.cut import Shard
    from vyrectl.task.arrays import SlotArray

_UNTOUCHED, _BEGUN, _AGAIN, _SPOILT = 0, 1, 2, 3
"""What became of a shard: nobody took it up; it is worked on, or was; it waits with what a visit left of it;
a visit died, and what it left in `worked` is spoilt."""


class SpreadMemory:
    """The ring before and after; what a host sees of its launch (`vyrectl.hosting.stall.Insight`).

    Args:
        data: The ring's bytes, which stay as they are until the launch has ended.
        running: Slots that are Running in it.
        successor: The file that will take the ring's place; memory without a name where none was begun.

    Attributes:
        began: A device is at work now.
        boards: What the devices' workers have in hand, once somebody keeps them.
    """

    def __init__(self, data: memoryview, running: int = 0, successor: Successor | None = None) -> None:
        self.began = False
        self.boards: Boards | None = None
        self._ring = self._given = data
        self._filled = successor
        self._worked = mmap.mmap(-1, len(data)) if successor is None else successor.memory
        self._running = running
        self._slots = len(data) // SLOT_BYTES
        self._places = Random(self._slots)
        self._order: NDArray[np.int64] | None = None
        self._shards: list[Shard] = []
        self._firsts: list[int] = []
        self._marks = mmap.mmap(-1, 1)
        self._left: dict[int, bytes] = {}
        self._in: set[int] = set()

    def cut(self, shards: list[Shard], order: NDArray[np.int64] | None = None) -> None:
        """Say how the ring is cut, before anybody is sent any.

        Args:
            shards: Runs of places.
            order: The slot at each place, where the ring lies in another order from now on, until `finish`.
        """
        self._order = order
        if order is not None:
            self._given = memoryview(_view(self._ring)[order].tobytes())
            if self._filled is not None:
                self._filled.wait()
                self._filled = None  # with slots that are elsewhere now
        self._shards, self._firsts = shards, [shard.first for shard in shards]
        self._marks = mmap.mmap(-1, max(1, len(shards)))

    # --- the owner's side ---

    def given(self) -> SlotArray:
        """The ring as it was, in the order that it lies in now, shape (n,), read-only."""
        slots = _view(self._given)
        slots.flags.writeable = False
        return slots

    def result(self) -> SlotArray:
        """The ring as it will be, shape (n,): whole once `finish` was called."""
        return _view(self._worked)

    def worked(self, shard: Shard) -> SlotArray:
        """Where a shard is worked on, shape (len(shard),)."""
        return self.result()[shard.first : shard.end]

    def send(self, shard: Shard) -> None:
        """A shard is about to be taken up: whatever an earlier visit that did not end left of it is undone."""
        left = self._left.get(shard.number)
        if left is not None:
            self._worked[_bytes_of(shard)] = left
        untouched = self._marks[shard.number] == _UNTOUCHED
        self._marks[shard.number] = _AGAIN if left is not None else _UNTOUCHED if untouched else _SPOILT

    def take(self, shard: Shard, *, has_more: bool = False) -> None:
        """A shard came back whole, perhaps to be visited again."""
        self._marks[shard.number] = _BEGUN
        self._in.add(shard.number)
        if has_more:
            self._left[shard.number] = self._worked[_bytes_of(shard)]
        else:
            self._left.pop(shard.number, None)

    def finish(self) -> None:
        """Nobody works any more: what did not come back is as it was, or as an earlier visit left it."""
        for shard in self._shards:
            if (left := self._left.get(shard.number)) is not None:
                self._worked[_bytes_of(shard)] = left
            elif self._filled is not None and self._marks[shard.number] == _UNTOUCHED:
                self._filled.wait(shard.first * SLOT_BYTES, shard.end * SLOT_BYTES)
            elif shard.number not in self._in:
                self._worked[_bytes_of(shard)] = self._given[_bytes_of(shard)]
        if self._order is not None:
            slots = self.result()
            slots[:] = self._as_ring(slots)
            self._order, self._given = None, self._ring

    # --- the side of a device's process ---

    def begin(self, shard: Shard) -> SlotArray:
        """A shard as a visit finds it, shape (len(shard),), not to be written; the same lies where it is worked on."""
        from vyrectl.task.arrays import copy_of, copy_slots

        if self._marks[shard.number] == _AGAIN:
            return copy_of(self.worked(shard))
        found = self.given()[shard.first : shard.end]
        if self._filled is None or self._marks[shard.number] != _UNTOUCHED:
            copy_slots(self.worked(shard), found)
        else:
            self._filled.wait(shard.first * SLOT_BYTES, shard.end * SLOT_BYTES)
        self._marks[shard.number] = _BEGUN
        return found

    # --- for whoever looks ---

    def glance(self) -> Glance | None:
        """A look at the ring."""
        return glance(self._read, self._slots, self._places)

    @property
    def where(self) -> str:
        """Where the slots are while they run: with a device, where one that is at work has copies of its own."""
        return ON_DEVICE if self.boards is not None and self.boards.hides_slots else IN_MEMORY

    def workers(self) -> Sequence[Worker]:
        """What each device's workers have in hand, as of a moment ago."""
        return () if self.boards is None else self.boards.workers()

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """See `vyrectl.hosting.stall.Insight`."""
        if self.boards is not None:
            self.boards.note_hung(workers)

    def is_running(self, place: int) -> bool:
        """Whether the slot at a place is Running where it is worked on."""
        word = self._worked[place * SLOT_BYTES : place * SLOT_BYTES + WORD_BYTES]
        return int.from_bytes(word, "little") == TaskState.RUNNING

    def left_running(self) -> int:
        """Slots that were Running before the launch."""
        return self._running

    def whole(self) -> bytes | None:
        """The slots as they are now, in the ring's order."""
        data = self._read(0, self._slots * SLOT_BYTES)
        return data if self._order is None else self._as_ring(_view(memoryview(data))).tobytes()

    def _as_ring(self, slots: SlotArray) -> SlotArray:
        """Slots at their places, as a ring."""
        whole = slots.copy()
        whole[self._order] = slots
        return whole

    def _read(self, offset: int, size_bytes: int) -> bytes:
        """The ring's bytes as they are now, each shard's from where it is."""
        parts, end = [], offset + size_bytes
        number = max(0, bisect_right(self._firsts, offset // SLOT_BYTES) - 1)
        for shard in self._shards[number:]:
            there = _bytes_of(shard)
            part = slice(max(offset, there.start), min(end, there.stop))
            if part.start >= part.stop:
                break
            is_begun = self._marks[shard.number] in (_BEGUN, _AGAIN)
            parts.append((self._worked if is_begun else self._given)[part])
        return b"".join(parts)


def _bytes_of(shard: Shard) -> slice:
    return slice(shard.first * SLOT_BYTES, shard.end * SLOT_BYTES)


def _view(memory: mmap.mmap | memoryview) -> SlotArray:
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return np.frombuffer(memory, SLOT_DTYPE)
