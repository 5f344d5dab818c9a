"""A time limit counts from the command's first moment, whatever it waits for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.rings import ready_tasks
from vyrectl import Ring
from vyrectl.errors import TimeLimitError
from vyrectl.hosting.limit import hand_over, limited

pytestmark = pytest.mark.timeout(120, method="thread")
"""The tests' own limit must not take the alarm."""


def test_it_ends_a_wait() -> None:
    reader, writer = os.pipe()
    with pytest.raises(TimeLimitError) as caught, limited(0.1):
        os.read(reader, 1)
    assert caught.value.exit_code == 124
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    os.close(reader)
    os.close(writer)


def test_whoever_takes_the_clock_over_goes_on_from_its_first_moment() -> None:
    before = time.monotonic()
    with limited(60):
        time.sleep(0.05)
        assert before <= hand_over() < time.monotonic() - 0.04
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert hand_over() >= before + 0.05


def test_an_alarm_of_somebody_elses_stays() -> None:
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with limited(0.01):
            time.sleep(0.05)
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("option", ["--ops", "--op-names", "--policy", "--formats", "--control", "--buffer"])
def test_a_pipe_that_nobody_writes(tmp_path: Path, option: str) -> None:
    ring, pipe = tmp_path / "ring.bin", tmp_path / "pipe"
    Ring.from_slots(ready_tasks(2)).save(ring)
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "vyrectl", "launch", str(ring), "--device", "reference", "--json"]
    command += ["--debug-log", str(tmp_path / "log"), "--plan", "auto", option]
    command += [f"0={pipe}" if option == "--buffer" else str(pipe), "--timeout", "1", "--grace", "90"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (124, "")
    error = json.loads(done.stderr.splitlines()[-1])
    assert (error["error"], str(pipe) in error["waiting"], str(pipe) in error["message"]) == (
        "time_limit",
        True,
        True,
    )
    assert not os.path.exists(f"{ring}.live")
    assert set(Ring.open(ring).slots["state"].tolist()) == {1}
