"""The rings that are drained, and memory to drain them in again and again. Imports numpy.

Invariant: a turn starts from the same slots as every other turn of its case, and making them so is never timed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.engine.ops import OpSource, load_source
from vyrectl.opencl.buffers import page_aligned
from vyrectl.opencl.devices import Device
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.workbench import Workbench
from vyrectl.resources import kernels_dir
from vyrectl.task.arrays import SlotArray

SEED = 20_240_229
TENANTS = 4

MEMORY_SHARE = 0.8
"""Of a device's memory: what one size may take."""

BESIDE_BYTES = 32
"""Most that an engine may take for a slot beside the ring; for the estimate of what fits."""


@lru_cache(maxsize=1)
def bench_ops() -> OpSource:
    """The operations of `kernels/bench/ops.cl`."""
    return load_source(kernels_dir() / "bench" / "ops.cl")


def op_id(name: str) -> int:
    """Id of a bench operation."""
    return next(op.id for op in bench_ops().ops if op.name == name)


def five_priorities(count: int) -> SlotArray:
    """Ready no-op tasks, shape (count,): priorities drawn evenly from a fixed seed, tenants in turn."""
    slots = page_aligned(count * SLOT_BYTES).view(SLOT_DTYPE)
    slots[:] = np.zeros((), SLOT_DTYPE)
    numbers = np.arange(count, dtype=np.uint32)
    slots["state"] = int(TaskState.READY)
    slots["priority"] = np.random.default_rng(SEED).integers(0, len(TaskPriority), count, dtype=np.uint8)
    slots["tenant_id"] = numbers % TENANTS
    slots["task_id"] = numbers
    return slots


def fits(device: Device, count: int) -> bool:
    """Whether rings of this size can be measured on a device: two of them, and an engine's queues."""
    ring_bytes = count * SLOT_BYTES
    needed = 2 * ring_bytes + count * BESIDE_BYTES
    return ring_bytes <= device.max_allocation_bytes and needed <= device.memory_bytes * MEMORY_SHARE


class Stage:
    """A ring of one size, made new before each turn.

    Args:
        bench: The device, ready for kernels.
        count: Slots.
        in_place: The device works on the host's memory, here as in a launch.
    """

    def __init__(self, bench: Workbench, count: int, *, in_place: bool) -> None:
        self.bench = bench
        self.count = count
        self.in_place = in_place
        self.size_bytes = count * SLOT_BYTES
        self.template = five_priorities(count)
        self.slots: SlotArray = page_aligned(self.size_bytes).view(SLOT_DTYPE)
        self._buffer: Handle = None
        self._pristine: Handle = None

    def renew(self, op: int = 0, param: int = 0) -> SlotArray:
        """The slots with every task Ready again, on the host."""
        self.slots[:] = self.template
        if op or param:
            self.slots["op_handle"], self.slots["param"] = op, param
        return self.slots

    def renew_buffer(self) -> Handle:
        """The no-op slots in memory that the device works on."""
        if self.in_place:
            self.renew()
            self._buffer = self._buffer or self.bench.over(self.slots, writes=True)
            return self._buffer
        self._pristine = self._pristine or self.bench.copy_of(self.template)
        self._buffer = self._buffer or self.bench.buffer(self.size_bytes)
        self.bench.copy(self._buffer, self._pristine, self.size_bytes)
        return self._buffer

    def read_buffer(self) -> SlotArray:
        """What the device has made of `renew_buffer`'s slots."""
        if not self.in_place:
            self.bench.read(self._buffer, self.slots)
        return self.slots

    def close(self) -> None:
        """Release the device's memory."""
        for buffer in (self._buffer, self._pristine):
            if buffer is not None:
                buffer.release()
        self._buffer = self._pristine = None
