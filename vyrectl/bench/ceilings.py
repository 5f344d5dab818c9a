"""What the device could do at best: sweeps, one enqueue a task, ordinary kernels, copies, sums. Imports numpy.

The kernels are in `kernels/bench/ceilings.cl`. Invariant: each ceiling does the same work as what is set beside it,
on the same memory, and is checked once before it is timed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from vyrectl.abi.states import TaskState
from vyrectl.bench.case import Turn
from vyrectl.bench.groups import FACTOR, Saxpy
from vyrectl.bench.rings import Stage
from vyrectl.dataclass import dataclass
from vyrectl.errors import VerifyError
from vyrectl.opencl.devices import Device
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.reduce import Reducer
from vyrectl.opencl.workbench import Workbench
from vyrectl.telemetry.snapshot import tally_slots

BATCH = 8
"""Slots that a work-item of the batching sweeps claims together; VYRE_BATCH."""

ENQUEUES = 2000
"""Tasks of the one-enqueue-a-task measurement: enough for a rate that any number of tasks would have."""

GROUP_SIZE = 256


@dataclass(frozen=True, slots=True)
class SweepShape:
    """One way to sweep a ring.

    Attributes:
        kernel: `vyre_sweep_` and this.
        per_item: Slots of a work-item, or 0 when a fixed number of groups share the ring.
        groups_per_unit: Work-groups for each compute unit, where the ring is shared.
        size: Work-items of a group.
        looks: Whether the flags are read first and written only when they differ.
    """

    kernel: str
    per_item: int
    groups_per_unit: int
    size: int
    looks: bool = False

    def __str__(self) -> str:
        spread = (
            f"{self.groups_per_unit} groups a unit"
            if self.groups_per_unit
            else f"{self.per_item} a work-item"
        )
        flags = ", flags written where they differ" if self.looks else ""
        return f"{self.kernel}: {spread}, groups of {self.size}{flags}"


def sweeps(device: Device) -> tuple[SweepShape, ...]:
    """The ways worth trying on a device; the quickest one is its ceiling."""
    size = min(GROUP_SIZE, device.max_work_group_size)
    if device.is_cpu:
        return (
            SweepShape("item", 1, 0, size),
            SweepShape("share", 0, 1, 1),
            SweepShape("share", 0, 32, 1),
            SweepShape("batch", 0, 1, 1),
            SweepShape("batch", 0, 32, 1),
        )
    shapes = (("item", 1, 0), ("once", BATCH, 0), ("share", 0, 8), ("batch", 0, 8), ("batch", 0, 32))
    return tuple(SweepShape(*shape, size, looks) for shape in shapes for looks in (False, True))


def listed_sweeps(device: Device) -> tuple[SweepShape, ...]:
    """The ways worth trying to go through a list of the tasks in the order of their classes."""
    if device.is_cpu:
        shapes: tuple[tuple[int, int], ...] = ((1, 1),)
    else:
        most = device.max_work_group_size
        shapes = ((4, min(GROUP_SIZE, most)), (2, min(2 * GROUP_SIZE, most)))
    return tuple(SweepShape("listed", 0, *shape, looks) for shape in shapes for looks in (False, True))


class Ceilings:
    """The kernels of `ceilings.cl` on one device."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._built = bench.build("bench", "ceilings.cl")

    def kernel(self, name: str) -> BuiltKernel:
        """A fresh kernel object."""
        return self.bench.kernel(self._built, name)

    def sweep(self, stage: Stage, way: SweepShape) -> Callable[[], Turn]:
        """A one-pass sweep, as a turn; it has been checked to finish every task."""
        turn = partial(self._sweep, self.kernel(f"vyre_sweep_{way.kernel}"), stage, way)
        turn()
        _check_done(stage, stage.count, str(way))
        return turn

    def sweep_listed(self, stage: Stage, way: SweepShape) -> Callable[[], Turn]:
        """The same, class by class from a list that is made beforehand and not timed."""
        order = np.argsort(stage.template["priority"], kind="stable").astype(np.uint32)
        listed = self.bench.copy_of(order)
        turn = partial(self._sweep_listed, self.kernel("vyre_sweep_listed"), stage, way, listed)
        turn()
        _check_done(stage, stage.count, str(way))
        return turn

    def enqueue_each(self, stage: Stage) -> Callable[[], Turn]:
        """One kernel enqueue a task, for the first tasks of a ring."""
        count = min(ENQUEUES, stage.count)
        turn = partial(self._enqueue_each, self.kernel("vyre_one_task"), stage, count)
        turn()
        _check_done(stage, count, "one enqueue a task")
        return turn

    def saxpy(self, lanes: int, saxpy: Saxpy) -> Callable[[], Turn]:
        """One ordinary kernel over whole buffers, `lanes` (1 or 4) elements a work-item, as a turn."""
        x, y = self.bench.copy_of(saxpy.x), self.bench.copy_of(saxpy.y)
        size = min(GROUP_SIZE, self.bench.device.max_work_group_size)
        items = -(-(saxpy.count // lanes) // size) * size
        kernel = self.kernel(f"vyre_plain_saxpy{lanes}")
        turn = partial(self._run, kernel, items, size, a=FACTOR, x=x, y=y, n=saxpy.count)
        turn()
        result = np.empty_like(saxpy.y)
        self.bench.read(y, result)
        if not np.array_equal(result, saxpy.expected()):
            raise VerifyError("the ordinary kernel and numpy disagree", where=self.bench.device.name)
        return turn

    def _sweep(self, kernel: BuiltKernel, stage: Stage, way: SweepShape) -> Turn:
        ring = stage.renew_buffer()
        items = -(-stage.count // way.per_item) if way.per_item else 0
        groups = -(-items // way.size) or way.groups_per_unit * self.bench.device.compute_units
        arguments = {"ring": ring, "slots": stage.count, "looks": way.looks}
        return self._run(kernel, groups * way.size, way.size, **arguments)

    def _sweep_listed(self, kernel: BuiltKernel, stage: Stage, way: SweepShape, listed: Handle) -> Turn:
        ring, taken = stage.renew_buffer(), self.bench.copy_of(np.zeros(1, np.uint32))
        groups = way.groups_per_unit * self.bench.device.compute_units
        arguments = {"ring": ring, "slots": stage.count, "looks": way.looks, "list": listed, "next": taken}
        turn = self._run(kernel, groups * way.size, way.size, **arguments)
        taken.release()
        return turn

    def _enqueue_each(self, kernel: BuiltKernel, stage: Stage, count: int) -> Turn:
        ring = stage.renew_buffer()
        following = self.bench.copy_of(np.zeros(1, np.uint32))
        started = time.perf_counter()
        self.bench.run_many(kernel, count, ring=ring, slots=stage.count, next=following)
        seconds = time.perf_counter() - started
        following.release()
        return Turn(seconds)

    def _run(self, kernel: BuiltKernel, work_items: int, size: int, /, **given: object) -> Turn:
        started = time.perf_counter()
        device_seconds = self.bench.run(kernel, work_items, size, **given)
        return Turn(time.perf_counter() - started, device_seconds)


def snapshot(stage: Stage) -> Callable[[], Turn]:
    """The device's snapshot of a ring that lies where the engine has it; checked against the host's."""
    reducer = Reducer(stage.bench)
    ring = stage.renew_buffer()
    if reducer.tally_buffer(ring, stage.count) != tally_slots(stage.template):
        raise VerifyError("the device's snapshot is not the host's", where=stage.bench.device.name)

    def turn() -> Turn:
        started = time.perf_counter()
        reducer.tally_buffer(ring, stage.count)
        return Turn(time.perf_counter() - started, reducer.device_seconds)

    return turn


def copy(stage: Stage) -> Callable[[], Turn]:
    """A copy of the ring from device memory to device memory."""
    source, target = stage.renew_buffer(), stage.bench.buffer(stage.size_bytes)

    def turn() -> Turn:
        started = time.perf_counter()
        device_seconds = stage.bench.copy(target, source, stage.size_bytes)
        return Turn(time.perf_counter() - started, device_seconds)

    return turn


def host_sum(stage: Stage) -> Callable[[], Turn]:
    """A plain sum of the ring's bytes as u64, one thread a core: what reading them costs the host itself.

    On a CPU device these are the bytes that the snapshot reads.
    """
    words = stage.slots.view(np.uint64)
    threads = os.cpu_count() or 1
    pool = ThreadPoolExecutor(threads)
    parts = [words[part] for part in _even(len(words), threads)]

    def turn() -> Turn:
        started = time.perf_counter()
        list(pool.map(np.sum, parts))
        return Turn(time.perf_counter() - started)

    return turn


def _even(count: int, parts: int) -> Iterator[slice]:
    for part in range(parts):
        yield slice(count * part // parts, count * (part + 1) // parts)


def _check_done(stage: Stage, count: int, what: str) -> None:
    slots = stage.read_buffer()
    done = int(np.count_nonzero(slots["state"] == int(TaskState.DONE)))
    if done != count:
        raise VerifyError(f"{what} finished {done} of {count} tasks", where=stage.bench.device.name)
