"""The whole bench: which cases there are on a device, and the record of what they say.

Every case of a bench is measured in one run, turn by turn (`vyrectl.bench.case.measure`). Imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from vyrectl.abi.states import TaskState
from vyrectl.bench import ceilings
from vyrectl.bench.case import Case, measure
from vyrectl.bench.commands import Commands
from vyrectl.bench.engine import Workload
from vyrectl.bench.groups import Saxpy, element_count
from vyrectl.bench.order import summary, watch_order
from vyrectl.bench.report import NO_OP_DRAIN, BenchRequest, Report
from vyrectl.bench.rings import Stage, bench_ops, fits, op_id
from vyrectl.engine.ops import OpSource
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device
from vyrectl.opencl.workbench import Workbench
from vyrectl.task.arrays import SlotArray

GROUP_ELEMENTS = (1024, 4096, 65_536)
SAXPY_ELEMENTS = {"cpu": 1 << 24, "gpu": 1 << 28}
QUICK_SAXPY_ELEMENTS = {"cpu": 1 << 22, "gpu": 1 << 26}
LAUNCH_SLOTS = 1024
YIELDS = 3
ORDER_MOST_SLOTS = 1 << 20
"""Largest ring whose order is watched."""

ENQUEUE_MOST_SLOTS = 1 << 16
COLD_BUILDS = 3

SWEEP, ONE_ENQUEUE, ONE_KERNEL = "one-pass sweep", "one enqueue a task", "one ordinary kernel"
IN_ORDER = "sweep in class order"
COPY, HOST_SUM, BARE = "copy", "sum by the host", "python -c pass"
"""Names of what stands beside the engine: ceilings, and other ways to do the same."""

UNWATCHED = f"{NO_OP_DRAIN} with --no-watch, beside it"
THREE_YIELDS, MIXED_LOAD = "three yields each", "mixed load"
SAXPY_TASKS, SNAPSHOT, INDEX = "saxpy tasks", "device snapshot", "index alone"
COMMAND, WARM_BUILD, COLD_BUILD = "vyrectl launch", "program build, warm", "program build, cold"
"""Names of what is measured."""


def run_bench(device: Device, plan: BenchRequest, tell: Callable[[int], None] = lambda done: None) -> Report:
    """Measure a device beside its own ceilings.

    Raises:
        DeviceError: The device cannot be used.
        VerifyError: Something computed the wrong thing.
    """
    started = time.perf_counter()
    report = Report(device, plan)
    with ExitStack() as stack:
        suite = Suite(device, report, stack)
        report.measures = measure(list(suite.cases()), plan.repeats, tell)
        report.memory = report.measure_memory()
        if "order" in plan.sections:
            report.overtaken = list(suite.orders())
    report.seconds = time.perf_counter() - started
    return report


class Suite:
    """The cases of one device."""

    def __init__(self, device: Device, report: Report, stack: ExitStack) -> None:
        self.device = device
        self.report = report
        self.stack = stack
        self.backend = OpenCLBackend(device)
        self.bench = Workbench(device)
        self.ceilings = ceilings.Ceilings(self.bench)
        self.in_place = self.backend.program().coherent
        self._stages: dict[int, Stage] = {}
        self._sizes = self._fitting_sizes()

    def cases(self) -> Iterator[Case]:
        """Every case of the plan that fits the device."""
        sections = self.report.plan.sections
        sizes = self._sizes
        if "tasks" in sections and sizes:
            for size in sizes:
                yield from self._tasks(self._stage(size))
            yield from self._enqueues(sizes)
        if "groups" in sections:
            yield from self._groups()
        if "memory" in sections and sizes:
            yield from self._memory(sizes)
        if "start" in sections:
            yield from self._start()

    def orders(self) -> Iterator[dict[str, float]]:
        """How each ring of the plan is ordered, drained once a round."""
        for size in self._sizes:
            if size <= ORDER_MOST_SLOTS:
                rounds = range(self.report.plan.repeats)
                yield summary(size, [watch_order(self.backend, self._stage(size)) for _ in rounds])

    def _fitting_sizes(self) -> list[int]:
        plan = self.report.plan
        for size in plan.sizes:
            if not fits(self.device, size):
                self.report.skipped.append(
                    f"{size} slots: two such rings do not fit into the device's memory"
                )
        return [size for size in plan.sizes if fits(self.device, size)]

    def _stage(self, size: int) -> Stage:
        if size not in self._stages:
            self._stages[size] = Stage(self.bench, size, in_place=self.in_place)
            self.stack.callback(self._stages[size].close)
        return self._stages[size]

    def _tasks(self, stage: Stage) -> Iterator[Case]:
        size = stage.count
        for way in ceilings.sweeps(self.device):
            turn = self.ceilings.sweep(stage, way)
            yield Case(SWEEP, "tasks", size, "tasks", size, turn, variant=str(way))
        for way in ceilings.listed_sweeps(self.device):
            turn = self.ceilings.sweep_listed(stage, way)
            yield Case(IN_ORDER, "tasks", size, "tasks", size, turn, beside=(SWEEP, size), variant=str(way))
        yield self._drain(NO_OP_DRAIN, stage, size, stage.renew, ops=())
        alone = Workload(self.backend, stage.renew, size, in_place=self.in_place, watch=False)
        yield Case(UNWATCHED, "tasks", size, "tasks", size, alone.drain, beside=(NO_OP_DRAIN, size))
        claims = (YIELDS + 1) * size
        yield self._drain(THREE_YIELDS, stage, claims, lambda: stage.renew(op_id("yield_n"), YIELDS))
        claims += -(-size // 4)
        yield self._drain(MIXED_LOAD, stage, claims, lambda: stage.renew(op_id("mixed"), YIELDS))

    def _enqueues(self, sizes: Sequence[int]) -> Iterator[Case]:
        stage = self._stage(max((one for one in sizes if one <= ENQUEUE_MOST_SLOTS), default=min(sizes)))
        count = min(ceilings.ENQUEUES, stage.count)
        turn = self.ceilings.enqueue_each(stage)
        yield Case(ONE_ENQUEUE, "tasks", stage.count, "tasks", count, turn, beside=(SWEEP, stage.count))

    def _drain(
        self,
        name: str,
        stage: Stage,
        claims: int,
        renew: Callable[[], SlotArray],
        ops: tuple[OpSource, ...] | None = None,
    ) -> Case:
        used = (bench_ops(),) if ops is None else ops
        load = Workload(self.backend, renew, claims, ops=used, in_place=self.in_place)
        self.report.drains[name, stage.count] = load
        unit = "tasks" if claims == stage.count else "claims"
        return Case(name, "tasks", stage.count, unit, claims, load.drain, beside=(SWEEP, stage.count))

    def _groups(self) -> Iterator[Case]:
        kind = "cpu" if self.device.is_cpu else "gpu"
        wanted = QUICK_SAXPY_ELEMENTS if self.report.plan.quick else SAXPY_ELEMENTS
        numbers = Saxpy(element_count(self.device, wanted[kind]))
        count = numbers.count
        for lanes in (1, 4):
            turn = self.ceilings.saxpy(lanes, numbers)
            variant = f"{lanes} elements a work-item"
            yield Case(ONE_KERNEL, "groups", count, "elements", count, turn, variant=variant)
        for each in GROUP_ELEMENTS:
            load = numbers.workload(self.backend, each)
            self.report.drains[SAXPY_TASKS, each] = load
            beside = ONE_KERNEL, count
            yield Case(SAXPY_TASKS, "groups", each, "elements", count, load.drain, beside=beside)

    def _memory(self, sizes: Sequence[int]) -> Iterator[Case]:
        stage = self._stage(max(sizes))
        size, size_bytes = stage.count, stage.size_bytes
        beside = COPY, size
        yield Case(COPY, "memory", size, "bytes", 2 * size_bytes, ceilings.copy(stage))
        if self.device.is_cpu:
            beside = HOST_SUM, size
            yield Case(HOST_SUM, "memory", size, "bytes", size_bytes, ceilings.host_sum(stage))
        turn = ceilings.snapshot(stage)
        yield Case(SNAPSHOT, "memory", size, "bytes", size_bytes, turn, beside=beside)
        for count in sizes:
            ring = self._stage(count)
            load = Workload(self.backend, ring.renew, count, in_place=self.in_place)
            yield Case(INDEX, "memory", count, "bytes", ring.size_bytes, load.index, beside=beside)

    def _start(self) -> Iterator[Case]:
        stage = self._stage(LAUNCH_SLOTS)
        place = self.in_place
        full = Workload(self.backend, stage.renew, LAUNCH_SLOTS, in_place=place, apart=False)
        empty = Workload(self.backend, lambda: _emptied(stage), 0, in_place=place, apart=False)
        commands = self.stack.enter_context(Commands(self.device.id, stage.template.tobytes()))
        cold = 1 if self.report.plan.quick else COLD_BUILDS
        for name, turn, rounds in (
            ("index + run of no task", empty.drain, 0),
            ("index + run", full.drain, 0),
            (WARM_BUILD, lambda: full.open_anew(lambda: OpenCLBackend(self.device)), 0),
            (COLD_BUILD, commands.cold_build, cold),
        ):
            yield Case(name, "start", LAUNCH_SLOTS, "runs", 1, turn, most_rounds=rounds)
        yield Case(BARE, "start", LAUNCH_SLOTS, "runs", 1, commands.bare)
        beside = BARE, LAUNCH_SLOTS
        yield Case(COMMAND, "start", LAUNCH_SLOTS, "runs", 1, commands.launch, beside=beside)


def _emptied(stage: Stage) -> SlotArray:
    slots = stage.renew()
    slots["state"] = int(TaskState.EMPTY)
    return slots
