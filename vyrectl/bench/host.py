"""What telemetry costs the host: the snapshot of a large ring beside the sum of its bytes, and whole commands.

Ways to count and whole commands are each measured in turn, round after round (`vyrectl.bench.case.measure`), with
one ring file that lies in the page cache. The ceiling is a plain sum of the same bytes, one thread for each
processor, through the same kind of mapping; whole commands stand beside a Python that does nothing, both compiled
before, as an installation is. Imports numpy.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path

import numpy as np

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.bench.case import Case, Measure, Turn, measure
from vyrectl.bench.records import HostMeasure, HostRecord, Judged
from vyrectl.dataclass import dataclass
from vyrectl.errors import DeviceError, VerifyError, VyrectlError
from vyrectl.files.python import ROOT, code_command
from vyrectl.files.replace import replace_file
from vyrectl.opencl.devices import Device, find_device
from vyrectl.opencl.reduce import Reducer
from vyrectl.ring.file import Ring
from vyrectl.ring.synthetic import synthesize
from vyrectl.task.arrays import SlotArray
from vyrectl.task.parts import in_parts, processors
from vyrectl.telemetry.census import count_slots

FULL_SLOTS = 1 << 24
QUICK_SLOTS = 1 << 20
SMALL_SLOTS = 1 << 10
TILE_SLOTS = 1 << 16
"""Slots that the large ring repeats: making each of its own would take longer than the bench."""

SEED = 1
SUM_WORDS = 1 << 19
"""Words summed in one call: 4 MiB."""

ENTRY = f"import sys; sys.path.append({ROOT!r}); from vyrectl.cli.start import start; start()"
"""What the installed script `vyrectl` does."""

UNCOMPILED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME")
"""Variables that make every start a slow one."""

SUM, BY_DEVICE, BY_NUMPY = "sum of the bytes", "snapshot through OpenCL", "snapshot with numpy alone"
BARE = "python -c pass"
SNAPSHOT_JSON, SNAPSHOT_TABLE, HELP = "snapshot --json", "snapshot", "--help"
SNAPSHOT_LARGE, INSPECT_LARGE = "snapshot, whole command", "inspect --where, whole command"


@dataclass(frozen=True, slots=True)
class Target:
    """What a measure should reach.

    Attributes:
        quantity: `share` of the ceiling, `times` what stands beside it, or `seconds`.
        bound: The least share, or the most of the others.
        slots: Only for a ring of this size; 0 for any.
    """

    quantity: str
    bound: float
    slots: int = 0

    def value(self, one: Measure) -> float | None:
        """The measured quantity."""
        if self.quantity == "seconds":
            return one.wall.median
        if one.wall_share is None:
            return None
        return one.wall_share.median if self.quantity == "share" else 1 / one.wall_share.median

    def is_met(self, value: float) -> bool:
        """Whether the value reaches the target."""
        return value >= self.bound if self.quantity == "share" else value <= self.bound


TARGETS: dict[str, Target] = {
    BY_DEVICE: Target("share", 0.9, FULL_SLOTS),
    BY_NUMPY: Target("share", 0.45, FULL_SLOTS),
    SNAPSHOT_LARGE: Target("seconds", 0.5, FULL_SLOTS),
    INSPECT_LARGE: Target("seconds", 1.5, FULL_SLOTS),
    SNAPSHOT_JSON: Target("times", 7.0),
    SNAPSHOT_TABLE: Target("times", 11.0),
    HELP: Target("times", 8.0),
}
"""Measure -> its target; two processors, the ring in the page cache."""


@dataclass(slots=True)
class HostReport:
    """What a bench of the host found.

    Attributes:
        slots: Slots of the large ring.
        repeats: Rounds that count.
        processors: Processors that the process may use.
        device: The CPU device, or None.
        measures: What was measured.
        skipped: What was not, and why.
        seconds: Time it all took.
    """

    slots: int
    repeats: int
    processors: int
    device: Device | None = None
    measures: list[Measure] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_record(self) -> HostRecord:
        """Everything but the measures."""
        return {
            "slots": self.slots,
            "repeats": self.repeats,
            "processors": self.processors,
            "device": None if self.device is None else self.device.to_record(),
            "skipped": self.skipped,
            "seconds": self.seconds,
        }

    def rows(self) -> list[HostMeasure]:
        """One flat record a measure, with its target if it has one."""
        return [{**one.to_record(), **_judged(one)} for one in self.measures]


def _judged(one: Measure) -> Judged:
    target = TARGETS.get(one.case.name)
    value = None if target is None else target.value(one)
    if target is None or value is None or target.slots not in (0, one.case.size):
        return {"quantity": None, "value": None, "target": None, "met": None}
    return {
        "quantity": target.quantity,
        "value": value,
        "target": target.bound,
        "met": target.is_met(value),
    }


def run_host(
    slots: int, repeats: int, device: str = "", tell: Callable[[int], None] = lambda done: None
) -> HostReport:
    """Measure what telemetry costs this host.

    Args:
        slots: Slots of the large ring.
        repeats: Rounds that count.
        device: The CPU device, as `find_device` takes it; empty for any.
        tell: Called with the number of turns taken so far.

    Raises:
        FileError: The ring cannot be written: it takes 64 bytes a slot in the folder for temporary files.
        VerifyError: Two ways of counting disagree.
    """
    started = time.perf_counter()
    report = HostReport(slots, repeats, processors())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vyrectl-bench-")))
        large = _write_ring(folder / "large.bin", slots)
        _write_ring(folder / "small.bin", SMALL_SLOTS)
        ring = stack.enter_context(Ring.open(large))
        memory, commands = list(_memory(report, ring, device)), list(_commands(folder, slots))
        report.measures = measure(memory, repeats, tell)
        turns = len(memory) * (repeats + 1)
        report.measures += measure(commands, repeats, lambda done: tell(turns + done))
    report.seconds = time.perf_counter() - started
    return report


def _write_ring(path: Path, slots: int) -> Path:
    tile = memoryview(synthesize(min(slots, TILE_SLOTS), SEED).tobytes())
    whole, rest = divmod(slots * SLOT_BYTES, len(tile))
    replace_file(path, [*[tile] * whole, tile[:rest]])
    return path


def _memory(report: HostReport, ring: Ring, device: str) -> Iterator[Case]:
    slots = ring.slots
    amount = len(ring) * SLOT_BYTES
    wanted = count_slots(slots)

    def case(name: str, work: Callable[[], object], beside: str = "") -> Case:
        own = (beside, len(ring)) if beside else None
        return Case(name, "memory", len(ring), "bytes", amount, _timed(work), beside=own)

    yield case(SUM, lambda: _sum(slots))
    yield case(BY_NUMPY, lambda: count_slots(slots), SUM)
    try:
        report.device = find_device(device or "cpu", reference=False)
        reducer = Reducer(report.device)
    except DeviceError as error:
        report.device = None
        report.skipped.append(f"{BY_DEVICE}: {error.what}")
        return
    if reducer.tally(slots) != wanted:
        raise VerifyError("the device and numpy count differently", where=report.device.name)
    yield case(BY_DEVICE, lambda: reducer.tally(slots), SUM)


def _sum(slots: SlotArray) -> int:
    words = slots.view(np.uint64)

    def part(first: int, end: int) -> int:
        chunks = (words[at : min(at + SUM_WORDS, end)] for at in range(first, end, SUM_WORDS))
        return sum(int(np.add.reduce(chunk)) for chunk in chunks)

    return sum(in_parts(len(words), part))


def _commands(folder: Path, slots: int) -> Iterator[Case]:
    def case(name: str, size: int, *args: str) -> Case:
        command = code_command(ENTRY, *args)
        return Case(name, "start", size, "runs", 1, _process(command, folder), beside=(BARE, 0))

    yield Case(BARE, "start", 0, "runs", 1, _process(code_command("pass"), folder))
    yield case(HELP, 0, "--help")
    yield case(SNAPSHOT_JSON, SMALL_SLOTS, "snapshot", "small.bin", "--json")
    yield case(SNAPSHOT_TABLE, SMALL_SLOTS, "snapshot", "small.bin")
    yield case(SNAPSHOT_LARGE, slots, "snapshot", "large.bin", "--json")
    where = ("--where", "state == requeued and age_ticks > 2", "--limit", "10", "--json")
    yield case(INSPECT_LARGE, slots, "inspect", "large.bin", *where)


def _timed(work: Callable[[], object]) -> Callable[[], Turn]:
    def turn() -> Turn:
        started = time.perf_counter()
        work()
        return Turn(time.perf_counter() - started)

    return turn


def _process(command: Sequence[str], folder: Path) -> Callable[[], Turn]:
    environment = {name: value for name, value in os.environ.items() if name not in UNCOMPILED}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")

    def run() -> None:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip()
            asked = " ".join(command[command.index(ENTRY) + 1 :])
            raise VyrectlError(f"{asked} ended with exit code {done.returncode}: {words}")

    return _timed(run)
