"""A launch whose command alone is killed: what its tasks had written before is there when the same launch goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.support.rings import ready_tasks
from vyrectl import Ring
from vyrectl.files.ring_lock import is_held

PAUSED, DONE = 4, 3
SOURCE = """
VYRE_OP(0x20050, two, "turn 1: out[param] = 7 and pause until epoch 5; turn 2: done") {
    if (task->pc) return vyre_done();
    __global uint *place = vyre_write_u32(task, 0u, task->param, 1u);
    VYRE_CHECK(task);
    place[0] = 7u;
    return vyre_pause(1u, 0u, 5u);
}
"""


def states(ring: Path) -> list[int]:
    return [int(state) for state in Ring.open(ring).slots["state"]]


def await_that(holds: object, what: str) -> None:
    assert callable(holds)
    until = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


LATE = "from vyrectl.hosting.orphan import Lifeline; Lifeline._watch = lambda self: None; "
"""The thread that hears of the parent's death comes to nothing before the launch has ended, as on a busy machine."""


@needs_cpu()
@pytest.mark.parametrize("first", ["", LATE])
def test_the_same_launch_goes_on(tmp_path: Path, first: str) -> None:
    """Whoever hears of the death first, the thread or the launch that is asked whether to stop."""
    again = launch_twice(tmp_path, signal.SIGKILL, first)
    assert np.load(tmp_path / "out.npy").tolist() == [7, 7, 0, 0]
    assert "goes on with" in again


@needs_cpu()
def test_after_an_orderly_end_the_old_output_is_kept(tmp_path: Path) -> None:
    again = launch_twice(tmp_path, signal.SIGTERM)
    out = tmp_path / "out.npy"
    assert np.load(out).tolist() == [0] * 4
    assert np.load(f"{out}.bak").tolist() == [7, 7, 0, 0]
    assert f"begins anew; {out}.bak keeps the old one" in again
    assert f"--buffer 0={out}:{out}" in again


def launch_twice(folder: Path, number: signal.Signals, first: str = "") -> str:
    """Launch two tasks that pause, send the command alone a signal, and launch again; what that says."""
    ring, out = folder / "ring.bin", folder / "out.npy"
    (folder / "two.cl").write_text(SOURCE)
    Ring.from_slots(ready_tasks(2, op_handle=0x20050, param=[0, 1])).save(ring)
    run = f"{first}from vyrectl.cli.process import run_command_line; run_command_line()"
    command = [sys.executable, "-c", run, "launch", str(ring), "--ops", "two.cl", "--device", "cpu"]
    command += ["--buffer", f"0=zeros:uint32:4:{out}"]
    with subprocess.Popen([*command, "--follow"], cwd=folder, stdout=subprocess.DEVNULL) as parent:
        await_that(
            lambda: parent.poll() is not None or states(ring) == [PAUSED] * 2, "the tasks do not pause"
        )
        parent.send_signal(number)
    await_that(lambda: not is_held(ring), "the device process lives on")
    done = subprocess.run([*command, "--epoch", "5"], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert states(ring) == [DONE] * 2
    return done.stderr


def test_an_output_that_is_no_whole_result_is_called_partial(tmp_path: Path) -> None:
    """Its own name it never gets, whatever lies there already; the next launch into it names it."""
    ring, new = tmp_path / "ring.bin", tmp_path / "new.bin"
    Ring.from_slots(ready_tasks(8, op_handle=0x1007, param=1_000_000)).save(ring)
    before, earlier, left = ring.read_bytes(), tmp_path / "new.bin.partial", tmp_path / "new.bin.partial.1"
    earlier.write_bytes(before)
    command = [sys.executable, "-m", "vyrectl", "launch", str(ring), "--device", "reference"]
    command += ["--output", str(new)]
    said = tmp_path / "said.txt"
    with (
        said.open("wb") as stream,
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=stream) as parent,
    ):
        await_that(lambda: "at work" in said.read_text(), "it does not begin")
        parent.send_signal(signal.SIGKILL)
    await_that(left.exists, "the device process leaves nothing")
    assert set(states(left)) <= {1, 6}
    assert not new.exists()
    assert (ring.read_bytes(), earlier.read_bytes()) == (before, before)
    done = subprocess.run(
        [*command, "--max-steps", "9"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, new.exists()) == (124, True)
    for one in (earlier, left):
        assert f"{one}: as far as a launch into {new} had come when its command was killed" in done.stderr
