"""The ring of a launch on several devices, in memory that all its processes see.

`given` is the ring as far as shards have come back, `worked` the same with those that are out; a shard moves from the
second to the first when it is taken. The invariant: whatever dies, `given` holds whole shards. Numpy only where slots
are looked at.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.hosting.glance import Glance, glance
from vyrectl.hosting.memory import IN_MEMORY
from vyrectl.sidecar.workers import Worker

if TYPE_CHECKING:
    from vyrectl.spread.cut import Shard
    from vyrectl.task.arrays import SlotArray


class SpreadMemory:
    """Both copies of the ring; what a host sees of its launch (`vyrectl.hosting.stall.Insight`).

    Args:
        data: The ring's bytes.

    Attributes:
        began: A device is at work.
        where: Where the slots are while they run.
    """

    where = IN_MEMORY

    def __init__(self, data: memoryview) -> None:
        self.began = False
        self._given, self._worked = mmap.mmap(-1, len(data)), mmap.mmap(-1, len(data))
        for one in (self._given, self._worked):
            one[:] = data
        self._slots = len(data) // SLOT_BYTES
        self._places = Random(self._slots)
        self._running = int((self.slots()["state"] == int(TaskState.RUNNING)).sum())

    def slots(self) -> SlotArray:
        """The ring as far as it came back, shape (n,)."""
        return _view(self._given)

    def worked(self, shard: Shard) -> SlotArray:
        """Where a shard is worked on, shape (len(shard),)."""
        return _view(self._worked)[shard.first : shard.end]

    def take(self, shard: Shard) -> None:
        """A shard came back whole."""
        part = slice(shard.first * SLOT_BYTES, shard.end * SLOT_BYTES)
        self._given[part] = self._worked[part]

    def glance(self) -> Glance | None:
        """A look at the ring."""
        return glance(lambda offset, size: self._worked[offset : offset + size], self._slots, self._places)

    def workers(self) -> Sequence[Worker]:
        """Nothing: the devices' processes keep what their workers have in hand to themselves."""
        return ()

    def left_running(self) -> int:
        """Slots that were Running before the launch."""
        return self._running

    def whole(self) -> bytes | None:
        """The slots as they are now."""
        return bytes(self._worked)


def _view(memory: mmap.mmap) -> SlotArray:
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return np.frombuffer(memory, SLOT_DTYPE)
