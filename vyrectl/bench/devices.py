"""One ring on one device and on several, on one Dask worker and on two: `bench devices`.

Whole launches of a compute-bound ring, by what their reports say. The invariant: a launch starts from a new copy of the
same ring, and what stands side by side was run in turn. Standard library and numpy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import DeviceError
from vyrectl.files.python import module_command
from vyrectl.ring.synthetic import synthesize
from vyrectl.spread.devices import Chosen

SPIN, SPIN_STEPS = 0x1005, (1 << 20) + 1
SLOTS, QUICK_SLOTS, EACH = 2048, 512, 16
REPEATS, QUICK_REPEATS = 3, 1
SHARDS = 8
"""Of each launch that is cut, so that one device and several cut alike."""

DEVICES_TARGET, WORKERS_TARGET, SHARD_TARGET_SECONDS = 1.9, 1.8, 0.06


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

    def to_record(self) -> dict[str, Any]:
        """Every field by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def run_devices(
    chosen: list[Chosen], *, slots: int, repeats: int, dask: bool, tell: Callable[[int], None]
) -> list[Figure]:
    """Measure; how long launches took on one of these devices, on all, and on Dask's workers.

    Args:
        chosen: The devices; two at least.
        slots: Of the ring.
        repeats: Rounds.
        dask: Whether Dask is there.
        tell: Called with the launches made so far.
    """
    names = ",".join(one.selector for one in chosen)
    first = chosen[0].selector
    ways = {
        "one": ("--device", first),
        "all": ("--device", names),
        **({f"dask{n}": ("--dask", f"local[{n}]", "--device", first) for n in (1, 2)} if dask else {}),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    beside: list[float] = []
    with TemporaryDirectory(prefix="vyrectl-bench-") as text:
        ring = Path(text) / "ring.bin"
        given = _ring(slots)
        for turn in range(repeats):
            for number, (way, options) in enumerate(ways.items(), start=1):
                report = _launch(ring, given, slots, options)
                seconds[way].append(report["wall_seconds"] - _opening(report))
                if way == "dask1":
                    worked = sum(one["busy_seconds"] for one in report["devices"])
                    beside.append((report["wall_seconds"] - worked) / report["geometry"]["shards"])
                tell(turn * len(ways) + number)
    middle = {way: median(found) for way, found in seconds.items()}
    return list(_figures(middle, len(chosen), median(beside) if beside else None))


def _figures(middle: dict[str, float], devices: int, beside: float | None) -> list[Figure]:
    speed = middle["one"] / middle["all"]
    has_target = devices == 2
    figures = [
        Figure("one device", "seconds", middle["one"]),
        Figure(f"{devices} devices", "seconds", middle["all"]),
        Figure(
            f"{devices} devices against one",
            "times",
            speed,
            DEVICES_TARGET if has_target else None,
            speed >= DEVICES_TARGET if has_target else None,
        ),
    ]
    if beside is not None:
        gain = middle["dask1"] / middle["dask2"]
        figures += [
            Figure("two Dask workers against one", "times", gain, WORKERS_TARGET, gain >= WORKERS_TARGET),
            Figure(
                "Dask beside the work of a shard",
                "seconds",
                beside,
                SHARD_TARGET_SECONDS,
                beside <= SHARD_TARGET_SECONDS,
            ),
        ]
    return figures


def _ring(slots: int) -> bytes:
    """Tasks of which every sixteenth computes for long."""
    made = synthesize(slots, 1)
    made[:] = 0
    made["state"], made["priority"] = int(TaskState.READY), int(TaskPriority.NORMAL)
    made["task_id"] = range(1, slots + 1)
    made["op_handle"][::EACH], made["param"][::EACH] = SPIN, SPIN_STEPS
    return made.tobytes()


def _opening(report: dict[str, Any]) -> float:
    """Seconds until the first of several devices was ready, which one device does not count either."""
    shares = [one for one in report.get("devices", ()) if not report["device"].startswith("journal")]
    return min((one["opening_seconds"] for one in shares), default=0.0) if shares else 0.0


def _launch(ring: Path, given: bytes, slots: int, options: tuple[str, ...]) -> dict[str, Any]:
    ring.write_bytes(given)
    shutil.rmtree(f"{ring}.shards", ignore_errors=True)
    words = ["launch", str(ring), *options, "--no-in-place", "--json", "--quiet"]
    if options[0] == "--dask" or "," in options[1]:
        words += ["--shard-slots", str(slots // SHARDS)]
    done = subprocess.run(
        module_command("vyrectl", *words), capture_output=True, env=dict(os.environ), check=False
    )
    if done.returncode:
        raise DeviceError(
            f"a launch failed: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}",
            where=" ".join(options),
        )
    report: dict[str, Any] = json.loads(done.stdout)
    return report
