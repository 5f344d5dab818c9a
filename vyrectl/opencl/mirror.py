"""The mirror of a session's ring: where tasks that only end are ended, until a kernel of its own writes their slots.

See `kernels/engine/order.h` and `settle.cl`. The invariants: whoever reads the ring reads it after a settlement,
since one follows each run in the same queue; nothing is settled that no index has cleared before.
"""

from __future__ import annotations

from vyrectl.abi.limits import WORD_BYTES
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.queue import DeviceQueue

SETTLE_LANES = 256
"""Work-items of a group that settles a mirror."""


class Mirror:
    """A byte a slot, and the tags by which tasks are ended.

    Args:
        queue: The device's queue.
        lanes: Work-items of a group at most.
        count: Slots of the ring.
    """

    def __init__(self, queue: DeviceQueue, lanes: int, count: int) -> None:
        self._queue, self._count, self._lanes = queue, count, min(SETTLE_LANES, lanes)
        self._tags = queue.buffer(count * WORD_BYTES)
        self._bytes = queue.buffer(count)
        self._settle = queue.kernel("vyre_settle_mirror")

    def arguments(self) -> dict[str, object]:
        """What `vyre_index` and `vyre_run` take of it."""
        return {"tags": self._tags, "mirror": self._bytes}

    def settle(self, ring: Handle) -> None:
        """Have the ring's slots say what a run has noted here since an index cleared it."""
        self._write(ring, self._count)

    def warm_up(self, ring: Handle) -> None:
        """Enqueue the kernel as it will be run, over no slot: what stands here before the first index means nothing."""
        self._write(ring, 0)

    def _write(self, ring: Handle, slots: int) -> None:
        groups = max(1, -(-slots // self._lanes))
        given = {"ring": ring, "slots": slots, "mirror": self._bytes}
        self._queue.enqueue(self._settle, groups * self._lanes, self._lanes, **given)
