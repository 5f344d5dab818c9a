"""Group tasks: saxpy over a large buffer, cut into tasks of so many elements, beside one ordinary kernel.

Imports numpy. Invariant: both do `y = a * x + y` in float32 on the same numbers, and numpy agrees with both
bit for bit.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.bench.engine import Workload
from vyrectl.bench.rings import SEED, TENANTS
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Backend
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.ops import op_codes
from vyrectl.errors import VerifyError
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.opencl.devices import Device
from vyrectl.task.arrays import SlotArray

X_HANDLE, Y_HANDLE = 0, 1
FACTOR = np.float32(0.5)
ELEMENT_BYTES = 4
MEMORY_SHARE = 0.5
"""Of a device's memory: what the buffers of the engine and of the ordinary kernels may take."""

PIECE_BUFFERS, ALL_BUFFERS = 3, 6
"""Buffers of so many elements that lie in one piece with their arguments, and in all; rounded up."""


def element_count(device: Device, wanted: int) -> int:
    """Elements of each buffer: `wanted`, or the largest power of two below it that fits."""
    count = wanted
    while (
        PIECE_BUFFERS * count * ELEMENT_BYTES > device.max_allocation_bytes
        or ALL_BUFFERS * count * ELEMENT_BYTES > device.memory_bytes * MEMORY_SHARE
    ):
        count //= 2
    return count


@dataclass(slots=True)
class Saxpy:
    """Numbers for the two of them.

    Attributes:
        count: Elements of each buffer.
        x: float32, shape (count,).
        y: float32, shape (count,).
    """

    count: int
    x: NDArray[np.float32] = field(init=False)
    y: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        draws = np.random.default_rng(SEED)
        self.x = draws.random(self.count, dtype=np.float32)
        self.y = draws.random(self.count, dtype=np.float32)

    def workload(self, backend: Backend, elements: int) -> Workload:
        """Tasks of `elements` elements each, of all priorities, on copies of the numbers; checked once.

        Raises:
            VerifyError: The tasks and numpy disagree.
        """
        slots = self._slots(elements)
        arguments = np.zeros((len(slots), 4), np.uint32)
        arguments[:, 0] = np.arange(len(slots), dtype=np.uint32) * np.uint32(elements)
        arguments[:, 1:] = elements, 1, FACTOR.view(np.uint32)
        x = self.x.view()
        x.flags.writeable = False
        y = self.y.copy()
        table = BufferTable(
            {X_HANDLE: Buffer(x, False), Y_HANDLE: Buffer(y, True), "args": Buffer(arguments, False)}
        )
        load = Workload(backend, slots.copy, claims=len(slots), buffers=table)
        with closing(load.open()) as session:
            Drain(session, Limits()).run()
            session.finish()
        if not np.array_equal(y, self.expected()):
            raise VerifyError("saxpy by tasks and by numpy disagree", where=backend.name)
        return load

    def expected(self) -> NDArray[np.float32]:
        """The answer, by numpy."""
        answer: NDArray[np.float32] = FACTOR * self.x + self.y
        return answer

    def _slots(self, elements: int) -> SlotArray:
        count = self.count // elements
        slots = np.zeros(count, SLOT_DTYPE)
        numbers = np.arange(count, dtype=np.uint32)
        slots["state"] = int(TaskState.READY)
        slots["op_handle"] = op_codes()["saxpy"]
        slots["input_handle"], slots["output_handle"] = X_HANDLE, Y_HANDLE
        slots["param"] = slots["task_id"] = numbers
        slots["priority"] = numbers % len(TaskPriority)
        slots["tenant_id"] = numbers % TENANTS
        return slots
