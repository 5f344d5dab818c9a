"""What a user waits for, by the wall clock, beside the least that it could take: `bench wall`.

Launches from Python and whole commands stand beside their floors, taken in turn in the same run
(`vyrectl.bench.case.measure`): an empty kernel with a read, a plain copy of the ring's file, a Python that does
nothing, the copy of the ring's bytes to the device; and beside the device's own time for the same work. The invariant:
a turn starts from new slots, and making them so is never timed. Imports numpy.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.bench.case import Case, Measure, Turn, measure
from vyrectl.bench.commands import Commands
from vyrectl.bench.engine import Workload
from vyrectl.bench.records import WallMeasure, WallRecord, WallTimes
from vyrectl.bench.rings import five_priorities
from vyrectl.dataclass import dataclass
from vyrectl.engine.endings import Ending
from vyrectl.engine.ops import op_codes
from vyrectl.errors import VerifyError
from vyrectl.files.replace import replace_file
from vyrectl.launching.backends import REFERENCE
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.launching.run import launch
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.workbench import Workbench
from vyrectl.ring.file import Ring
from vyrectl.ring.synthetic import synthesize
from vyrectl.task.arrays import SlotArray, copy_of

SIZES = {"cpu": (1 << 10, 1 << 16, 1 << 20), "gpu": (1 << 10, 1 << 16, 1 << 20, 1 << 24)}
QUICK_SIZES = (1 << 10, 1 << 16)
REPEATS, QUICK_REPEATS = 5, 3
SMALL_SLOTS, REFERENCE_SLOTS = 1 << 10, 32
TILE_SLOTS = 1 << 16
SEED = 1

EMPTY, COPY_FILE, TO_DEVICE, BARE = (
    "empty kernel and a read",
    "copy of the file",
    "bytes to the device",
    "python -c pass",
)
"""Floors: nothing that is set beside them could take less."""

LAUNCH, ON_REFERENCE, SESSION = "launch(ring), mixed tasks", "launch(ring), reference", "session, no-op tasks"
COMMAND, FIRST = "vyrectl launch --output", "first launch, nothing cached"

DEVICE_TIMES = 1.5
DEVICE_TIMES_SLOTS = 1 << 20
"""A launch from Python on a CPU device should take at most so many times its device time, from so many slots on."""


@dataclass(slots=True)
class WallReport:
    """What a bench of waiting found."""

    device: Device
    sizes: tuple[int, ...]
    repeats: int
    measures: list[Measure] = field(default_factory=list)
    seconds: float = 0.0

    def to_record(self) -> WallRecord:
        """Everything but the measures."""
        return {
            "device": self.device.to_record(),
            "sizes": list(self.sizes),
            "repeats": self.repeats,
            "seconds": self.seconds,
        }

    def rows(self) -> list[WallMeasure]:
        """One flat record a measure: the times its floor takes, and its device."""
        return [{**one.to_record(), **self._judged(one)} for one in self.measures]

    def _judged(self, one: Measure) -> WallTimes:
        floor = None if one.wall_share is None else 1 / one.wall_share.median
        device = None if one.device is None else one.wall.median / one.device.median
        has_target = one.case.name == LAUNCH and self.device.is_cpu and one.case.size >= DEVICE_TIMES_SLOTS
        return {
            "times_floor": floor,
            "times_device": device,
            "target": DEVICE_TIMES if has_target else None,
            "met": device is not None and device <= DEVICE_TIMES if has_target else None,
        }


def run_wall(
    device: Device,
    sizes: tuple[int, ...] = (),
    repeats: int = REPEATS,
    tell: Callable[[int], None] = lambda done: None,
) -> WallReport:
    """Measure what a user of this device waits for.

    Args:
        device: Where.
        sizes: Slots of the rings; the largest is launched as a file too. The device's own when there are none.
        repeats: Rounds that count.
        tell: Called with the number of turns taken so far.

    Raises:
        FileError: The rings cannot be written.
        VerifyError: A launch did not end drained.
    """
    started = time.perf_counter()
    report = WallReport(device, sizes or SIZES["cpu" if device.is_cpu else "gpu"], repeats)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vyrectl-bench-")))
        report.measures = measure(list(_cases(report, folder, stack)), repeats, tell)
    report.seconds = time.perf_counter() - started
    return report


def _cases(report: WallReport, folder: Path, stack: ExitStack) -> Iterator[Case]:
    device, largest = report.device, max(report.sizes)

    def case(name: str, size: int, turn: Callable[[], Turn], beside: str = "", rounds: int = 0) -> Case:
        own = (beside, 0 if beside in (EMPTY, BARE) else size) if beside else None
        return Case(name, "wall", size, "runs", 1, turn, beside=own, most_rounds=rounds)

    commands = stack.enter_context(Commands(device.id, five_priorities(SMALL_SLOTS).tobytes()))
    yield case(EMPTY, 0, _empty(device))
    yield case(BARE, 0, commands.bare)
    yield case(SESSION, SMALL_SLOTS, _session(device), EMPTY)
    yield case(ON_REFERENCE, REFERENCE_SLOTS, _launch(REFERENCE, five_priorities(REFERENCE_SLOTS)), BARE)
    for size in report.sizes:
        ring = _mixed(size)
        yield case(TO_DEVICE, size, _to_device(device, ring))
        yield case(LAUNCH, size, _launch(device, ring), TO_DEVICE)
    file = _write(folder / "ring.bin", largest)
    yield case(COPY_FILE, largest, lambda: _copy(file, folder / "copy.bin"))
    yield case(COMMAND, largest, lambda: commands.launch_file(file, folder / "out.bin"), COPY_FILE)
    yield case(FIRST, SMALL_SLOTS, commands.first_launch, rounds=1)


def _mixed(size: int) -> SlotArray:
    """The default mix, which needs no buffers; a tile of it again and again."""
    tile = synthesize(min(size, TILE_SLOTS), SEED, op_codes=op_codes())
    return np.resize(tile.view(np.dtype((np.void, SLOT_BYTES))), size).view(tile.dtype)


def _write(path: Path, size: int) -> Path:
    replace_file(path, [_mixed(size).view(np.uint8).data])
    return path


def _copy(source: Path, target: Path) -> Turn:
    target.unlink(missing_ok=True)
    started = time.perf_counter()
    shutil.copyfile(source, target)
    return Turn(time.perf_counter() - started)


def _launch(device: Device | str, template: SlotArray) -> Callable[[], Turn]:
    def turn() -> Turn:
        ring = Ring.from_slots(copy_of(template))
        started = time.perf_counter()
        report = launch(ring, device=device)
        seconds = time.perf_counter() - started
        if report.ended != Ending.DRAINED:
            raise VerifyError(f"a launch ended {report.ended}", where=report.device)
        return Turn(seconds, report.device_seconds)

    return turn


def _session(device: Device) -> Callable[[], Turn]:
    """Index and run of a session that is open, as a launch has them done."""
    slots = five_priorities(SMALL_SLOTS)
    load = Workload(OpenCLBackend(device), lambda: copy_of(slots), SMALL_SLOTS)

    def turn() -> Turn:
        with closing(load.open()) as session:
            started = time.perf_counter()
            course = Drain(session, Limits()).run()
            seconds = time.perf_counter() - started
            load.check(course.ended, session)
            return Turn(seconds, session.device_seconds)

    return turn


def _empty(device: Device) -> Callable[[], Turn]:
    """One kernel over no slot, its end, and a word of what it left."""
    bench = Workbench(device)
    kernel = bench.kernel(bench.build("bench", "ceilings.cl"), "vyre_sweep_item")
    buffer, word = bench.buffer(64), np.zeros(1, np.uint32)

    def turn() -> Turn:
        started = time.perf_counter()
        seconds = bench.run(kernel, 1, 1, ring=buffer, slots=0, looks=0)
        bench.read(buffer, word)
        return Turn(time.perf_counter() - started, seconds)

    return turn


def _to_device(device: Device, slots: SlotArray) -> Callable[[], Turn]:
    """The ring's bytes into memory of the device, as a launch brings them there."""
    data = slots.view(np.uint8)

    def turn() -> Turn:
        program = OpenCLBackend(device).program()
        queue = DeviceQueue(program)
        try:
            buffer = queue.buffer(data.nbytes)
            started = time.perf_counter()
            queue.write(buffer, data)
            return Turn(time.perf_counter() - started)
        finally:
            queue.close()

    return turn
