"""One ring on one device and on several, on one Dask worker and on two: `bench devices`.

Whole launches, by the clock that goes from before the command to after it, and by what their reports say. The
compute-bound ring is made longer until one device takes seconds for it. The invariant: a launch starts from a new copy
of the same ring and writes a new result, so that no backup is made; what stands side by side was run in turn, and no
launch that counts is the first of its kind. Standard library and numpy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.bench.records import DevicesFigure
from vyrectl.dataclass import dataclass
from vyrectl.errors import DeviceError
from vyrectl.files.python import module_command
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.spread.devices import Chosen, wanted_devices
from vyrectl.task.arrays import SlotArray

SPIN, SPIN_STEPS, MOST_STEPS = 0x1005, (1 << 20) + 1, (1 << 32) - 1
SLOTS, QUICK_SLOTS, EACH = 2048, 512, 16
GPU_SLOTS, GPU_QUICK_SLOTS, GPU_EACH = 1 << 20, 1 << 17, 1
"""Slots of the compute-bound ring, and every which of them computes."""

PLAIN_SLOTS = 1 << 25
"""Of the ring of no-op tasks, which GPUs get besides."""

LEAST_SECONDS, GPU_LEAST_SECONDS, TRIES = 2.0, 8.0, 3
"""For so long one device shall compute, many times what it takes to send it shards; how often the ring is made longer
to that end."""

REPEATS, QUICK_REPEATS = 3, 1
SHARDS = 8
"""Of each launch that is cut, so that one device and several cut alike."""

DEVICES_TARGET, PLAIN_TARGET, WORKERS_TARGET = 1.9, 1.5, 1.8
SHARD_TARGET_SECONDS, MACHINERY_TARGET = 0.06, 1.05

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: What it is.
        unit: `times` or `seconds`.
        value: Median.
        target: What it should be, or None.
        met: Whether it is.
    """

    name: str
    unit: str
    value: float
    target: float | None = None
    met: bool | None = None

    def to_record(self) -> DevicesFigure:
        """Every field by name."""
        return cast(DevicesFigure, asdict(self))


@dataclass(frozen=True, slots=True)
class Took:
    """One launch.

    Attributes:
        wall: Seconds of the whole command.
        work: Seconds of its report, from when the first device was ready.
        report: What it reported.
    """

    wall: float
    work: float
    report: LaunchRecord


def usual_slots(chosen: list[Chosen], *, quick: bool) -> int:
    """Slots of the compute-bound ring that suits these devices."""
    if _are_gpus(chosen):
        return GPU_QUICK_SLOTS if quick else GPU_SLOTS
    return QUICK_SLOTS if quick else SLOTS


def _are_gpus(chosen: list[Chosen]) -> bool:
    return all(one.kind == "gpu" for one in chosen)


def run_devices(
    chosen: list[Chosen], text: str, *, slots: int, quick: bool, repeats: int, dask: bool, tell: Tell
) -> list[Figure]:
    """Measure; how long launches took on one of these devices, on all, and on Dask's workers.

    Args:
        chosen: The devices. One alone is measured as one of several, beside a plain launch.
        text: What named them.
        slots: Of the compute-bound ring.
        quick: It is as long as it is.
        repeats: Rounds.
        dask: Whether Dask is there.
        tell: Called with the launches made so far.
    """
    on_gpus = _are_gpus(chosen)
    each, least = (GPU_EACH, GPU_LEAST_SECONDS) if on_gpus else (EACH, LEAST_SECONDS)
    first = chosen[0].selector
    ways = {
        "one": ("--device", first),
        "all": ("--device", text),
        **({f"dask{n}": ("--dask", f"local[{n}]", "--device", first) for n in (1, 2)} if dask else {}),
    }
    done = 0

    def in_turn(given: SlotArray, asked: dict[str, tuple[str, ...]]) -> dict[str, list[Took]]:
        nonlocal done
        took: dict[str, list[Took]] = {way: [] for way in asked}
        for number in range(1 + repeats):
            for way, options in asked.items():
                one = _launch(ring, given, options)
                if number:  # the first may wait for a compiler
                    took[way].append(one)
                done += 1
                tell(done)
        return took

    with TemporaryDirectory(prefix="vyrectl-bench-") as folder:
        ring = Path(folder) / "ring.bin"
        given = _compute_ring(slots, each)
        for _ in range(0 if quick else TRIES):
            work = _launch(ring, given, ways["one"]).work
            if work >= least:
                break
            longer = int(given["param"].max()) * ceil(1.25 * least / max(work, 1e-3))
            given["param"][::each] = min(longer, MOST_STEPS)
        figures = list(_computing(in_turn(given, ways), len(chosen)))
        if on_gpus and not quick and len(chosen) > 1:
            asked = {way: ways[way] for way in ("one", "all")}
            figures += _plain(in_turn(_compute_ring(PLAIN_SLOTS, 0), asked), len(chosen))
    return figures


def _computing(took: dict[str, list[Took]], devices: int) -> Iterator[Figure]:
    work = {way: median(one.work for one in launches) for way, launches in took.items()}
    wall = {way: median(one.wall for one in launches) for way, launches in took.items()}
    if devices == 1:
        cost = work["all"] / work["one"]
        yield Figure("plain launch", "seconds", work["one"])
        yield Figure("as one of several devices", "seconds", work["all"])
        yield Figure(
            "as one of several, against a plain launch",
            "times",
            cost,
            MACHINERY_TARGET,
            cost <= MACHINERY_TARGET,
        )
    else:
        yield Figure("one device", "seconds", work["one"])
        yield Figure(f"{devices} devices", "seconds", work["all"])
        yield _at_least(f"{devices} devices against one", work["one"] / work["all"], devices, DEVICES_TARGET)
        yield Figure("the same, whole commands", "times", wall["one"] / wall["all"])
    if "dask1" in took:
        gain = work["dask1"] / work["dask2"]
        beside = median(_beside_a_shard(one.report) for one in took["dask1"])
        yield _at_least("two Dask workers against one", gain, 2, WORKERS_TARGET)
        yield Figure(
            "Dask beside the work of a shard",
            "seconds",
            beside,
            SHARD_TARGET_SECONDS,
            beside <= SHARD_TARGET_SECONDS,
        )


def _plain(took: dict[str, list[Took]], devices: int) -> Iterator[Figure]:
    """Of a ring that asks for nothing but its bytes."""
    one, every = (median(one.wall for one in took[way]) for way in ("one", "all"))
    work_one, work_every = (median(one.work for one in took[way]) for way in ("one", "all"))
    device = median(one.report["device_seconds"] for one in took["one"])
    yield Figure("no-op ring, one device, whole command", "seconds", one)
    yield Figure(f"no-op ring, {devices} devices, whole command", "seconds", every)
    yield _at_least(f"no-op ring, {devices} devices against one", one / every, devices, PLAIN_TARGET)
    yield Figure("the same, from when a device is ready", "times", work_one / work_every)
    yield Figure("of one device's command the copies and kernels took", "seconds", work_one)
    yield Figure("of these the kernels", "seconds", device)


def _at_least(name: str, times: float, devices: int, target: float) -> Figure:
    """A figure whose target is for two."""
    return Figure(name, "times", times, *((target, times >= target) if devices == 2 else (None, None)))


def _beside_a_shard(report: LaunchRecord) -> float:
    worked = sum(one["busy_seconds"] for one in report["devices"])
    return float((report["wall_seconds"] - worked) / report["geometry"]["shards"])


def _compute_ring(slots: int, each: int) -> SlotArray:
    """No-op tasks, of which every so-many-th computes for long; none where `each` is 0."""
    made = np.zeros(slots, SLOT_DTYPE)
    made["state"], made["priority"] = int(TaskState.READY), int(TaskPriority.NORMAL)
    made["task_id"] = np.arange(1, slots + 1, dtype=np.uint32)
    if each:
        made["op_handle"][::each], made["param"][::each] = SPIN, SPIN_STEPS
    return made


def _opening(report: LaunchRecord) -> float:
    """Seconds until the first of several devices was ready, which one device does not count either."""
    shares = [one for one in report.get("devices", ()) if not report["device"].startswith("journal")]
    return min((one["opening_seconds"] for one in shares), default=0.0) if shares else 0.0


def _launch(ring: Path, given: SlotArray, options: tuple[str, ...]) -> Took:
    ring.write_bytes(given.data)
    shutil.rmtree(f"{ring}.shards", ignore_errors=True)
    output = ring.with_suffix(".out")
    output.unlink(missing_ok=True)
    words = ["launch", str(ring), *options, "--output", str(output), "--json", "--quiet"]
    if options[0] == "--dask" or wanted_devices(options[1]):
        words += ["--shard-slots", str(len(given) // SHARDS)]
    began = time.perf_counter()
    done = subprocess.run(
        module_command("vyrectl", *words), capture_output=True, env=dict(os.environ), check=False
    )
    wall = time.perf_counter() - began
    if done.returncode:
        raise DeviceError(
            f"a launch failed: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}",
            where=" ".join(options),
        )
    report: LaunchRecord = json.loads(done.stdout)
    return Took(wall, report["wall_seconds"] - _opening(report), report)
