"""The index of a session: what of the ring is claimable, and in which order (`kernels/engine/index.cl`).

Imports numpy. Invariant: the order that workers read is that of the last index.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vyrectl.abi.engine import CLASSES, COUNT_ROWS
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.engine.backend import RoundIndex
from vyrectl.opencl.devices import Device
from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.queue import DeviceQueue

MOST_SCAN_LANES, CPU_SCAN_LANES = 1024, 8
"""Work-items of the scan's group. One alone has nobody to meet at its barriers, and PoCL 6's compiler ends the process
over a loop around a barrier that is never gone through."""


class Ordering:
    """The order of rounds over a ring.

    Args:
        queue: The device's queue.
        device: Where the kernels run; a CPU scans with fewer work-items.
        geometry: How the ring is cut into chunks.
        count: Slots of the ring.

    Attributes:
        count: Slots of the ring.
        chunks: Chunks that it is cut into.
        classes: How many claimable tasks the last index found of each class.
    """

    def __init__(self, queue: DeviceQueue, device: Device, geometry: Geometry, count: int) -> None:
        self._queue, self._device, self._geometry = queue, device, geometry
        self.count = count
        self.chunks = max(1, -(-count // geometry.chunk_slots))
        self.classes: tuple[int, ...] = (0,) * CLASSES
        lists = CLASSES * self.chunks
        self._entries = queue.buffer(count * WORD_BYTES)
        self._counts = queue.buffer(COUNT_ROWS * self.chunks * WORD_BYTES)
        self._begins = queue.buffer((lists + 1) * WORD_BYTES)
        self._places = queue.buffer(lists * WORD_BYTES)
        self._totals = queue.told(COUNT_ROWS * WORD_BYTES)
        self._index, self._scan = queue.kernel("vyre_index"), queue.kernel("vyre_index_scan")

    @property
    def local(self) -> int:
        """Work-items of a group of the index."""
        return 1 if self._geometry.index_lanes else self._geometry.index_group_size

    def enqueue(self, inputs: Mapping[str, object]) -> None:
        """Have the ring lined up; `found` tells what came of it.

        Args:
            inputs: What `vyre_index` takes beside the buffers of the order.
        """
        self._line_up(inputs, self.count, self.chunks * self.local)

    def warm_up(self, inputs: Mapping[str, object]) -> None:
        """Enqueue each kernel as it will be run, over no slot."""
        self._line_up(inputs, 0, self.local)

    def _line_up(self, inputs: Mapping[str, object], slots: int, work_items: int) -> None:
        lists: dict[str, object] = {"begins": self._begins, "places": self._places, "totals": self._totals}
        ring: dict[str, object] = {"slots": slots, "chunk_slots": self._geometry.chunk_slots}
        made: dict[str, object] = {"counts": self._counts, "queue": self._entries}
        self._queue.enqueue(self._index, work_items, self.local, **inputs, **ring, **made, **lists)
        if self.chunks > 1:
            lanes = self._scan_lanes()
            sums = max(lanes, COUNT_ROWS)
            self._queue.enqueue(self._scan, lanes, lanes, counts=self._counts, sums=sums, **ring, **lists)

    def _scan_lanes(self) -> int:
        """Work-items of the scan: one list each, as far as a work-group goes."""
        most = CPU_SCAN_LANES if self._device.is_cpu else MOST_SCAN_LANES
        return min(most, self._device.max_work_group_size, 1 << (CLASSES * self.chunks - 1).bit_length())

    def found(self) -> RoundIndex:
        """What the index counted."""
        totals = np.empty(COUNT_ROWS, np.uint32)
        self._queue.read(totals, self._totals)
        *classes, resumed, shut_out = totals.tolist()
        self.classes = tuple(classes)
        return RoundIndex(self.classes, resumed, shut_out)

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of it."""
        return {
            "queue": self._entries,
            "begins": self._begins,
            "places": self._places,
            "chunks": self.chunks,
        }

    def free_arguments(self, *, slots: int) -> dict[str, object]:
        """What `vyre_index_free` takes of it, to go over so many slots."""
        return {
            "slots": slots,
            "chunk_slots": self._geometry.chunk_slots,
            "counts": self._counts,
            "queue": self._entries,
        }
