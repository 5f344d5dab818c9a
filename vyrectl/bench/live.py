"""What a running launch answers to, and how fast: `bench live`.

Latencies are taken from this process while another runs the launch, rates through a session of this process and through
a feed, and a stress reads and writes a ring from several processes at once. Counts are checked, not assumed: each task
ends exactly once, a feeder's death included, and no reader accepts a torn slot. Imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np

from vyrectl.abi import live as abi
from vyrectl.abi.control import EPOCH, SHUTDOWN
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskState
from vyrectl.bench.feeding import LaunchProcess, feed_rate, feed_through_a_kill
from vyrectl.bench.records import LiveFigure, LiveRecord
from vyrectl.bench.torn import stress
from vyrectl.dataclass import dataclass
from vyrectl.edit.editor import LiveRing
from vyrectl.errors import DeviceError, VerifyError
from vyrectl.live.session import Session, open_session
from vyrectl.sidecar.atomics import atomics
from vyrectl.task.arrays import SlotArray

RING_SLOTS = 1 << 14
SESSION_SLOTS = 1 << 16
ARRAY_TASKS = 4096
SINGLE_TASKS = 200
WAIT_OP = 0x1006
PATIENCE_SECONDS = 60.0
SPIN_MS = 50.0
"""How long the workers of the measured launch poll; publications that come sooner meet a polling worker."""

SLEEP_SECONDS = 0.12
"""Longer than they poll: the next publication wakes a launch that sleeps."""

DONE_TARGET_SECONDS = {True: 5e-6, False: 1e-3}
"""Publish to done, for CPUs and others."""

FEED_TARGET, ARRAY_TARGET = 40_000.0, 200_000.0
_ENDED = (int(TaskState.DONE), int(TaskState.FAULTED))
_READY = int(TaskState.READY)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing.

    Attributes:
        name: What it is.
        unit: `seconds`, `tasks/s`, or `count`.
        value: The median, or the figure itself.
        p99: 99th percentile of a latency, else None.
        count: How many were measured, or how many tasks went through.
        target: What it should reach, or None.
        met: Whether it does.
    """

    name: str
    unit: str
    value: float
    p99: float | None
    count: int
    target: float | None = None
    met: bool | None = None

    def to_record(self) -> LiveFigure:
        """Every field by name."""
        return cast(LiveFigure, asdict(self))


@dataclass(slots=True)
class LiveBench:
    """What `bench live` found."""

    device: str
    figures: list[Figure] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_record(self) -> LiveRecord:
        """As `bench live --json` prints it, without the figures."""
        return {"device": self.device, "skipped": list(self.skipped), "seconds": self.seconds}

    def rows(self) -> list[LiveFigure]:
        """The figures."""
        return [figure.to_record() for figure in self.figures]


Update = Callable[[int], None]


def run_live(
    device: str,
    *,
    is_cpu: bool,
    name: str,
    seconds: float,
    tasks: int,
    update: Update = lambda done: None,
) -> LiveBench:
    """Measure everything on one device.

    Args:
        device: Selector of the device.
        is_cpu: It runs rings in place, so that other processes reach them.
        name: What the driver calls it, for the record.
        seconds: Length of the stress.
        tasks: Tasks of each rate.
        update: Told how many parts are done.

    Raises:
        VerifyError: A task was lost or ended twice, or a reader accepted a torn slot.
        DeviceError: The launch does not start.
    """
    began = time.monotonic()
    bench = LiveBench(name)
    parts: list[Callable[[Path], list[Figure]]] = [
        lambda folder: session_rates(device, tasks * 10, is_cpu=is_cpu),
        lambda folder: feed_rates(folder, device, tasks),
    ]
    if is_cpu:
        parts.insert(0, lambda folder: other_process(folder, device))
        parts.append(lambda folder: torn_slots(folder, device, seconds))
    else:
        bench.skipped.append("other processes and the stress: this device runs no ring in place")
    with TemporaryDirectory(prefix="vyrectl-live-") as folder:
        for done, part in enumerate(parts):
            bench.figures += part(Path(folder))
            update(done + 1)
    bench.seconds = time.monotonic() - began
    return bench


# --- from another process -----------------------------------------------------------------------------------


def other_process(folder: Path, device: str, count: int = 2000) -> list[Figure]:
    """Latencies of a launch in place, taken from this process."""
    with (
        LaunchProcess.start(folder / "latency.bin", RING_SLOTS, device, "--spin-ms", str(SPIN_MS)) as launch,
        LiveRing.open(launch.ring) as live,
    ):
        poller = Poller(live)
        poller.publish_to_done(0)
        polling = [poller.publish_to_done(1 + at) for at in range(count)]
        waking = [_after(SLEEP_SECONDS, poller.publish_to_done, at) for at in range(20)]
        resumed = [poller.epoch_to_done(100 + at) for at in range(20)]
        idle = _shutdown(live, launch)
    return [
        _latency("publish to done, workers polling", polling, DONE_TARGET_SECONDS[True]),
        _latency("publish to done, launch asleep", waking),
        _latency("epoch to resumed and done", resumed),
        _latency("shutdown to idle", [idle]),
    ]


def _after(seconds: float, measure: Callable[[int], float], slot: int) -> float:
    time.sleep(seconds)
    return measure(slot)


def _latency(name: str, seconds: list[float], target: float | None = None) -> Figure:
    median, p99 = np.percentile(seconds, [50, 99]).tolist()
    met = None if target is None else median <= target
    return Figure(name, "seconds", median, p99, len(seconds), target, met)


class Poller:
    """Publishes single tasks into a ring that another process runs, and waits for each without sleeping."""

    def __init__(self, live: LiveRing) -> None:
        self._live = live
        self._words = live.words
        self._flat = live.words.reshape(-1).data
        self._base = live.words.ctypes.data
        self._atomics = atomics()

    def publish_to_done(self, slot: int) -> float:
        """Seconds from the moment before a no-op is published until it is seen Done."""
        self._prepare(slot, 0, 0)
        return self._publish_and_wait(slot)

    def epoch_to_done(self, slot: int) -> float:
        """Seconds from the moment before the epoch moves until a task that waited for it is seen Done."""
        sidecar = self._live.sidecar
        self._prepare(slot, WAIT_OP, sidecar.control(EPOCH.first) + 1)
        self._publish(slot)
        self._wait(slot, (int(TaskState.PAUSED),))
        began = time.perf_counter()
        sidecar.advance_epoch()
        self._wait(slot, _ENDED)
        return time.perf_counter() - began

    def _prepare(self, slot: int, op_handle: int, param: int) -> None:
        with self._live.sidecar.inbox.publishing():
            self._words[slot] = 0
            self._words[slot, FIELD_INDEX["op_handle"]] = op_handle
            self._words[slot, FIELD_INDEX["param"]] = param
            self._words[slot, FIELD_INDEX["task_id"]] = slot + 1

    def _publish(self, slot: int) -> None:
        sidecar = self._live.sidecar
        sidecar.inbox.count_accepted(1)
        self._atomics.store(self._base + slot * SLOT_BYTES, _READY)
        sidecar.inbox.push(slot)
        sidecar.ring_bell()

    def _publish_and_wait(self, slot: int) -> float:
        sidecar, words, word = self._live.sidecar, self._flat, slot * SLOT_WORDS
        address, clock, store = self._base + slot * SLOT_BYTES, time.perf_counter, self._atomics.store
        sidecar.inbox.count_accepted(1)
        began = clock()
        store(address, _READY)
        sidecar.inbox.push(slot)
        sidecar.ring_bell()
        while words[word] not in _ENDED:
            if clock() - began > PATIENCE_SECONDS:
                raise DeviceError("a published task does not end", where=self._live.path)
        return clock() - began

    def _wait(self, slot: int, states: tuple[int, ...]) -> None:
        address = self._base + slot * SLOT_BYTES
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while self._atomics.load(address) not in states:
            if time.perf_counter() > deadline:
                raise DeviceError("a published task does not go on", where=self._live.path)


def _shutdown(live: LiveRing, launch: LaunchProcess) -> float:
    """Seconds from SHUTDOWN until the launch lets nobody in any more: its workers have left."""
    began = time.perf_counter()
    live.sidecar.set_control(SHUTDOWN.first, 1)
    while live.sidecar.state == abi.STATE_OPEN:
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise DeviceError("the launch does not shut down", where=str(launch.ring))
    return time.perf_counter() - began


# --- from this process --------------------------------------------------------------------------------------


def session_rates(device: str, tasks: int, *, is_cpu: bool) -> list[Figure]:
    """`publish(array)`, in batches; each task Done exactly once. For GPUs also the latency of one task."""
    with open_session(SESSION_SLOTS, device=device) as session:
        session.publish(no_ops(ARRAY_TASKS))
        session.wait_all(PATIENCE_SECONDS)
        single = [_one(session) for _ in range(SINGLE_TASKS)]
        began = time.perf_counter()
        for batch in _batches(tasks):
            session.publish(no_ops(batch))
        session.wait_all(PATIENCE_SECONDS)
        took = time.perf_counter() - began
    published = ARRAY_TASKS + SINGLE_TASKS + tasks
    report = session.report
    if report is None or report.claims != published:
        raise VerifyError(f"{published} tasks were published and {report and report.claims} were run")
    rate = tasks / took
    figures = [Figure("publish(array)", "tasks/s", rate, None, tasks, ARRAY_TARGET, rate >= ARRAY_TARGET)]
    target = None if is_cpu else DONE_TARGET_SECONDS[False]
    return [_latency("publish and wait, in one process", single, target), *figures]


def _one(session: Session) -> float:
    task = no_ops(1)
    began = time.perf_counter()
    session.wait(int(session.publish(task)[0]), PATIENCE_SECONDS)
    return time.perf_counter() - began


def no_ops(count: int) -> SlotArray:
    """Tasks that do nothing, without ids."""
    return np.zeros(count, SLOT_DTYPE)


def _batches(tasks: int) -> Iterator[int]:
    while tasks:
        batch = min(ARRAY_TASKS, tasks)
        yield batch
        tasks -= batch


def feed_rates(folder: Path, device: str, tasks: int) -> list[Figure]:
    """JSON lines: the rate, and a feeder that is killed and started again."""
    rate = feed_rate(folder / "feed.bin", device, tasks)
    twice = feed_through_a_kill(folder / "killed.bin", device, tasks)
    return [
        Figure("JSON lines through a feed", "tasks/s", rate, None, tasks, FEED_TARGET, rate >= FEED_TARGET),
        Figure("sent again after the feeder's death", "count", float(twice), None, tasks),
    ]


def torn_slots(folder: Path, device: str, seconds: float) -> list[Figure]:
    """A ring that is fed, edited and read at once."""
    found = stress(folder / "stress.bin", device, seconds)
    return [
        Figure("slots read beside the workers", "count", float(found.read), None, found.tasks),
        Figure("slots torn by careless reads", "count", float(found.torn_once), None, found.read),
        Figure("torn slots accepted", "count", float(found.torn), None, found.read, 0.0, not found.torn),
    ]
