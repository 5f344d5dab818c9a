"""A launch survives its device: the real command over operations that crash, hang or take their time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import warm
from tests.conformance.backends import needs_cpu
from tests.support.rings import ready_tasks
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.hosting.deaths import death_by
from vyrectl.task.arrays import SlotArray

pytestmark = [
    needs_cpu(),
    pytest.mark.timeout(120),
]

WILD, ENDLESS, SLOW = 0x2_0000, 0x2_0001, 0x2_0002
SOURCE = """
VYRE_OP(0x20000, wild, "writes where nothing is") {
    __global uint *p = (__global uint *)(ulong)8;
    *p = 1u;
    return vyre_done();
}
VYRE_OP(0x20001, endless, "never ends") {
    volatile uint x = 1u;
    while (x) x = 1u;
    return vyre_done();
}
VYRE_OP(0x20002, slow, "param rounds of xorshift") {
    volatile uint x = task->task_id | 1u;
    for (uint i = 0; i < task->param; ++i) {
        uint y = x;
        y ^= y << 13;
        y ^= y >> 17;
        y ^= y << 5;
        x = y;
    }
    return vyre_done();
}
"""
SLOW_TASKS, SLOW_ROUNDS = 2000, 400_000


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In one place for all: where a source lies is part of the program that vyrectl keeps."""
    path = tmp_path_factory.mktemp("operations") / "ops.cl"
    path.write_text(SOURCE)
    return path


def command(ring: Path, *options: str | Path) -> list[str]:
    return [
        *(sys.executable, "-m", "vyrectl", "launch", str(ring), "--device", "cpu", "--json"),
        *map(str, options),
    ]


def run(ring: Path, *options: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit code, and the report or the error."""
    words = ["launch", str(ring), "--device", "cpu", "--json", *map(str, options)]
    done = subprocess.run(warm.command("vyrectl", *words), capture_output=True, timeout=100)
    return done.returncode, record_of(done.stdout, done.stderr)


def record_of(out: bytes, err: bytes) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(out or err.splitlines()[-1])
    return record


def write(path: Path, slots: SlotArray) -> Path:
    path.write_bytes(slots.tobytes())
    return path


def read(path: Path) -> SlotArray:
    return np.frombuffer(path.read_bytes(), SLOT_DTYPE)


def start_slowly(folder: Path, ops: Path) -> tuple[Path, subprocess.Popen[bytes]]:
    """A launch in place that takes seconds; returns once its first tasks are done."""
    ring = write(folder / "ring.bin", ready_tasks(SLOW_TASKS, op_handle=SLOW, param=SLOW_ROUNDS))
    process = subprocess.Popen(
        command(ring, "--ops", ops, "--ticket", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for(lambda: process.poll() is not None or bool((read(ring)["state"] == 3).any()))
    assert process.poll() is None
    return ring, process


def wait_for(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def end_of(process: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any]]:
    out, err = process.communicate(timeout=100)
    return process.returncode, record_of(out, err)


@pytest.mark.parametrize("where", ["--in-place", "--no-in-place"])
def test_a_crash_names_the_task(tmp_path: Path, ops: Path, where: str) -> None:
    before = ready_tasks(20)
    before["op_handle"][5] = WILD
    before["state"][9] = 2
    ring = write(tmp_path / "ring.bin", before)
    # With several workers one that was not at work at that moment may have had its own task in hand.
    code, error = run(ring, "--ops", ops, where, "--workers", "1")
    assert code == 5
    assert "died of SIGSEGV" in error["message"]
    assert "slot 5 (wild, task 6)" in error["message"]
    assert error["running"] == [5]
    assert (read(ring)["state"][5] == 2) == (where == "--in-place")
    if where == "--in-place":
        assert error["fix"] == f"Put its tasks back with: vyrectl recover {ring} --ops {ops} --backup"
    if where == "--no-in-place":
        assert (read(ring) == before).all()


def test_an_endless_task_is_killed_and_named(tmp_path: Path, ops: Path) -> None:
    before = ready_tasks(4)
    before["op_handle"][2] = ENDLESS
    # The limit counts from the command's first moment: the build has to fit into it, however busy the machine is.
    for seconds in ("5", "20"):
        ring = write(tmp_path / "ring.bin", before)
        code, error = run(ring, "--ops", ops, "--timeout", seconds, "--grace", "0.5")
        assert code == 124
        if error.get("running"):
            break
    assert error["running"] == [2]
    assert "was killed with these tasks running: slot 2 (endless, task 3)" in error["message"]
    end_it, put_back = re.findall(r"vyrectl recover [^;]*", error["fix"])
    assert end_it == f"vyrectl recover {ring} --as faulted 2 --ops {ops} --backup"
    assert put_back == f"vyrectl recover {ring} --ops {ops} --backup"
    *others, last = read(ring)["state"].tolist()
    assert others == [3, 3, 2]
    assert last in (1, 3), "another worker may have had the time for it"


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_whole_ring(tmp_path: Path, ops: Path, number: int, expected: int) -> None:
    ring, process = start_slowly(tmp_path, ops)
    process.send_signal(number)
    code, report = end_of(process)
    assert code == expected
    states = read(ring)["state"].tolist()
    assert set(states) == {1, 3}
    assert report["ended"] == "interrupted"
    assert (report["done"], report["remaining"]) == (states.count(3), states.count(1))


def test_a_second_writer_is_refused(tmp_path: Path, ops: Path) -> None:
    ring, process = start_slowly(tmp_path, ops)
    code, error = run(ring)
    process.send_signal(signal.SIGTERM)
    assert (code, error["error"]) == (1, "ring_held")
    assert f"pid {process.pid}" in error["holder"]
    assert end_of(process)[0] == 143


def test_a_ring_that_is_truncated_under_a_launch(tmp_path: Path, ops: Path) -> None:
    ring, process = start_slowly(tmp_path, ops)
    os.truncate(ring, 64)
    code, error = end_of(process)
    assert code == 5
    assert "the ring file was truncated while it ran" in error["message"]


def test_a_ring_that_is_replaced_under_a_launch(tmp_path: Path, ops: Path) -> None:
    ring, process = start_slowly(tmp_path, ops)
    other = ready_tasks(3, task_id=7)
    os.replace(write(tmp_path / "other.bin", other), ring)
    process.send_signal(signal.SIGTERM)
    code, error = end_of(process)
    assert code == 1
    assert "replaced by another file" in error["message"]
    assert (read(ring) == other).all()
    rescued = read(tmp_path / "ring.bin.rescued")
    assert len(rescued) == SLOW_TASKS
    assert set(rescued["state"].tolist()) == {1, 3}


def test_a_ring_that_is_deleted_under_a_launch(tmp_path: Path, ops: Path) -> None:
    ring, process = start_slowly(tmp_path, ops)
    ring.unlink()
    process.send_signal(signal.SIGTERM)
    code, error = end_of(process)
    assert code == 1
    assert not ring.exists()
    rescued = read(tmp_path / "ring.bin.rescued")
    assert set(rescued["state"].tolist()) == {1, 3}
    assert "ring.bin.rescued" in error["message"] + str(error["fix"])


def test_in_place_or_not_gives_the_same_bytes(tmp_path: Path) -> None:
    slots = ready_tasks(500, op_handle=0x1007, param=2, priority=np.arange(500) % 5)
    rings = [write(tmp_path / f"{number}.bin", slots) for number in range(3)]
    given: tuple[list[str | Path], ...] = (
        ["--in-place"],
        ["--no-in-place"],
        ["--output", tmp_path / "new.bin"],
    )
    reports = [run(ring, *options) for ring, options in zip(rings, given, strict=True)]
    assert [(code, report["in_place"]) for code, report in reports] == [(0, True), (0, False), (0, False)]
    assert rings[0].read_bytes() == rings[1].read_bytes() == (tmp_path / "new.bin").read_bytes()
    assert (read(rings[0])["state"] == 3).all()
    assert (read(rings[2]) == slots).all()


@pytest.mark.parametrize("steps", [0, 7, 99])
def test_a_budget_is_kept_exactly(tmp_path: Path, steps: int) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(100))
    code, report = run(ring, "--max-steps", str(steps), "--workers", "3", "--ticket", "5")
    assert (code, report["claims"], report["ended"]) == (124, steps, "max_steps")
    assert int((read(ring)["state"] == 3).sum()) == steps


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "died of SIGKILL (out of memory?)"),
        (signal.SIGSEGV, "died of SIGSEGV"),
        (signal.SIGABRT, "died of SIGABRT: the driver of 0:0 gave up by itself"),
        (signal.SIGILL, "died of SIGILL: the driver of 0:0 gave up by itself"),
    ],
)
def test_a_death_says_what_the_signal_tells(number: int, said: str) -> None:
    assert death_by(number, "0:0").startswith(said)


def test_a_driver_that_gives_up_says_what_to_try(tmp_path: Path, ops: Path) -> None:
    """A signal that the child raises itself stands for a compiler that aborts."""
    ring = write(tmp_path / "ring.bin", ready_tasks(20))
    code = (
        "import os, vyrectl.launching.prepare as run, vyrectl.cli.process as process\n"
        "run.choose_backend = lambda device: os.abort()\n"
        "process.run_command_line()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "launch", str(ring), "--quiet"], capture_output=True, timeout=100
    )
    text = done.stderr.decode()
    assert done.returncode == 5
    assert "died of SIGABRT: the driver gave up by itself" in text
    assert "vyrectl doctor" in text
    assert "--device reference" in text
