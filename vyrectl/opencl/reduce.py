"""Queue telemetry counted by a device: the same `StateTally` as `vyrectl.telemetry` gives, at the speed of memory.

A ring on a CPU device is counted where it lies, whether it is an array or a mapped file. Nothing is written.
"""

from __future__ import annotations

import numpy as np

from vyrectl.abi.engine import (
    ROW_AGE,
    ROW_FIRST_UNKNOWN,
    ROW_NUMBERS,
    ROW_REQUEUES_HIGH,
    ROW_REQUEUES_LOW,
    ROW_UNKNOWN,
)
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.opencl.devices import Device
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.workbench import Workbench
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.snapshot import StateTally

STATES = len(TaskState)

NO_SLOT = 0xFFFF_FFFF
CPU_GROUP_SLOTS = 1 << 14
"""Slots of a group on a CPU: many small groups even out cores that are busy with something else."""

CPU_GROUPS_PER_UNIT = 4096
GPU_GROUPS_PER_UNIT = 8
GPU_GROUP_SIZE = 256
GPU_GROUP_SLOTS = 1024


COUNTED_SLOTS = 1 << 22
"""Of a ring in a device's own memory, from which on it is counted there: fewer cost the host less than the kernel's
load."""


def counts_itself(device: Device, slots: int) -> bool:
    """Whether a ring that lies on a device is better counted there."""
    return not device.is_cpu and slots >= COUNTED_SLOTS


class Reducer:
    """Counts rings on one device; the kernel is built once.

    Args:
        where: A device, or a workbench on it.

    Attributes:
        device_seconds: Time that the last count took on the device.

    Raises:
        DeviceError: The device cannot be opened, or the kernel does not build.
    """

    def __init__(self, where: Device | Workbench) -> None:
        self.bench = where if isinstance(where, Workbench) else Workbench(where)
        self.device_seconds = 0.0
        self._kernel = self.bench.kernel(self.bench.build("engine", "reduce.cl"), "vyre_reduce")
        self._rows: Handle = None
        self._groups = 0

    def tally(self, slots: SlotArray) -> StateTally:
        """Count an array of `SLOT_DTYPE`, shape (n,), contiguous; spec 1.7.

        Raises:
            KernelDiedError: The device has no memory for it, or fails.
        """
        buffer = self.bench.over(slots, writes=False)
        try:
            return self.tally_buffer(buffer, len(slots))
        finally:
            buffer.release()

    def tally_buffer(self, buffer: Handle, count: int) -> StateTally:
        """Count the first `count` slots of a device buffer."""
        rows = self._reduce(buffer, count)
        first = int(rows[:, ROW_FIRST_UNKNOWN.index].min())
        low, high = (rows[:, word.index] for word in (ROW_REQUEUES_LOW, ROW_REQUEUES_HIGH))
        return StateTally(
            counts=tuple(rows[:, :STATES].sum(axis=0, dtype=np.int64).tolist()),
            unknown=int(rows[:, ROW_UNKNOWN.index].sum()),
            first_unknown=None if first == NO_SLOT else (first, self._word(buffer, first)),
            total_requeues=int(low.sum()) + (int(high.sum()) << 32),
            max_priority_age=int(rows[:, ROW_AGE.index].max()),
        )

    def _reduce(self, buffer: Handle, count: int) -> Handle:
        groups, size = self._geometry(count)
        if groups > self._groups:
            self._groups, self._rows = groups, self.bench.buffer(groups * ROW_NUMBERS * 8)
        self.device_seconds = self.bench.run(
            self._kernel,
            groups * size,
            size,
            ring=buffer,
            slots=count,
            rows=self._rows,
            meeting=ROW_NUMBERS * (size + 1),
        )
        rows = np.empty((groups, ROW_NUMBERS), np.uint64)
        self.bench.read(self._rows, rows)
        return rows

    def _geometry(self, count: int) -> tuple[int, int]:
        """Work-groups, and work-items of each."""
        device = self.bench.device
        if device.is_cpu:
            return _between(count // CPU_GROUP_SLOTS, device.compute_units, CPU_GROUPS_PER_UNIT), 1
        size = min(GPU_GROUP_SIZE, device.max_work_group_size)
        return _between(count // GPU_GROUP_SLOTS, device.compute_units, GPU_GROUPS_PER_UNIT), size

    def _word(self, buffer: Handle, slot: int) -> int:
        word = np.empty(1, np.uint32)
        self.bench.read(buffer, word, slot * SLOT_BYTES)
        return int(word[0])


def _between(wanted: int, units: int, most_per_unit: int) -> int:
    return max(1, min(wanted, units * most_per_unit))
