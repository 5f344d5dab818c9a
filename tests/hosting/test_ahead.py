"""Launches of large rings, worked on in the file that will take their place: the old ring or the finished one."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.spread import commands
from tests.spread.commands import children_of, end_of, start, wait_for
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskState
from vyrectl.files.successor import LEAST_BYTES
from vyrectl.task.arrays import SlotArray

pytestmark = [needs_cpu(), pytest.mark.timeout(120)]

SLOTS = LEAST_BYTES // SLOT_DTYPE.itemsize + 1000
SPIN = 0x1005


def write(path: Path, *, spins: int = 0) -> SlotArray:
    """A large ring of Empty slots, a no-op task at every hundredth, the last ones Running by somebody else."""
    slots = np.zeros(SLOTS, SLOT_DTYPE)
    slots["task_id"] = np.arange(1, SLOTS + 1)
    slots["state"][::100] = TaskState.READY
    slots["state"][-3:] = TaskState.RUNNING
    if spins:
        slots["op_handle"][::100], slots["param"][::100] = SPIN, spins
    commands.write(path, slots)
    return slots


def done(slots: SlotArray) -> SlotArray:
    after = slots.copy()
    after["state"][::100] = TaskState.DONE
    return after


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def kill_devices(process: subprocess.Popen[bytes]) -> None:
    """Kill every child of a launch, again and again, until none of its devices is left."""
    while process.poll() is None:
        for child in children_of(process.pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
    code, error, _ = end_of(process)
    assert code == 5, error


@pytest.mark.parametrize("devices", ["cpu", "0:0,0:1"])
def test_the_result_takes_the_ring_s_place(tmp_path: Path, devices: str) -> None:
    ring = tmp_path / "ring.bin"
    slots = write(ring)
    code, report, _ = commands.run(ring, "--device", devices, "--no-in-place", "--verify")
    assert code == 0, report
    assert report["left_alone"]["running"] == 3
    assert (commands.read(ring) == done(slots)).all()
    assert (commands.read(tmp_path / "ring.bin.bak") == slots).all()
    assert names(tmp_path) == {"ring.bin", "ring.bin.bak", "ring.bin.lock"}


@pytest.mark.parametrize("devices", ["cpu", "0:0,0:1"])
def test_a_result_that_goes_elsewhere(tmp_path: Path, devices: str) -> None:
    ring, new = tmp_path / "ring.bin", tmp_path / "new.bin"
    slots = write(ring)
    for _ in range(2):
        code, report, _ = commands.run(ring, "--device", devices, "--output", new)
        assert code == 0, report
        assert (commands.read(new) == done(slots)).all()
    commands.write(new, slots[:5])
    code, report, _ = commands.run(ring, "--device", devices, "--output", new)
    assert code == 0, report
    assert (commands.read(tmp_path / "new.bin.bak") == slots[:5]).all()
    assert (commands.read(ring) == slots).all()
    assert not any(name.startswith(".vyrectl") for name in names(tmp_path))


def test_devices_that_are_killed_leave_no_result(tmp_path: Path) -> None:
    ring, new = tmp_path / "ring.bin", tmp_path / "new.bin"
    slots = write(ring, spins=1 << 31)
    process = start(ring, "--device", "0:0,0:1", "--output", new, "--shard-slots", str(SLOTS // 2))
    wait_for(lambda: any(name.startswith(".vyrectl") for name in names(tmp_path)), process)
    kill_devices(process)
    assert (commands.read(ring) == slots).all()
    assert "new.bin" not in names(tmp_path)
    assert not any(name.startswith(".vyrectl") for name in names(tmp_path))


def test_what_is_refused_leaves_nothing(tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    slots = write(ring)
    slots["op_handle"][0] = 0x7777
    commands.write(ring, slots)
    for devices in ("cpu", "0:0,0:1"):
        code, _, _ = commands.run(ring, "--device", devices, "--no-in-place")
        assert code == 3
        assert names(tmp_path) == {"ring.bin", "ring.bin.lock"}


@pytest.mark.parametrize("devices", ["cpu", "0:0,0:1"])
def test_a_signal_before_it_began_leaves_the_ring(tmp_path: Path, devices: str) -> None:
    ring = tmp_path / "ring.bin"
    slots = write(ring)
    process = start(ring, "--device", devices, "--no-in-place")
    wait_for(lambda: any(name.startswith(".vyrectl") for name in names(tmp_path)), process)
    process.send_signal(signal.SIGINT)
    code, answer, _ = end_of(process)
    assert code == 130, answer
    assert names(tmp_path) - {"ring.bin.bak"} == {"ring.bin", "ring.bin.lock"}
    if "ring.bin.bak" not in names(tmp_path):
        assert (commands.read(ring) == slots).all()


@pytest.mark.parametrize("devices", ["cpu", "0:0,0:1"])
def test_children_that_are_killed_leave_the_ring(tmp_path: Path, devices: str) -> None:
    ring = tmp_path / "ring.bin"
    slots = write(ring, spins=1 << 31)
    process = start(ring, "--device", devices, "--no-in-place", "--shard-slots", str(SLOTS // 2))
    wait_for(lambda: any(name.startswith(".vyrectl") for name in names(tmp_path)), process)
    kill_devices(process)
    assert (commands.read(ring) == slots).all()
    assert names(tmp_path) == {"ring.bin", "ring.bin.lock"}
