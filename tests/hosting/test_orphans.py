"""Nothing waits for a kernel that nobody told to leave: early signals, a parent that dies, a limit that is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.errors import ForkedError
from vyrectl.hosting.supervisor import Channel, Supervisor


def sleeper(channel: Channel) -> dict[str, object]:
    time.sleep(60)
    return {}


def napper(channel: Channel) -> dict[str, object]:
    time.sleep(0.6)
    return {"done": 1}


def supervise(work: object = sleeper, **options: float) -> Supervisor:
    return Supervisor(work, watch=lambda message: None, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_it_began_ends_it_at_once(number: signal.Signals) -> None:
    threading.Timer(0.3, lambda: os.kill(os.getpid(), number)).start()
    started = time.monotonic()
    ending = supervise(grace_s=30.0).run()
    assert (ending.signal_received, ending.killed, ending.before_it_began) == (number, True, True)
    assert time.monotonic() - started < 20


def test_the_clock_runs_before_it_began() -> None:
    ending = supervise(timeout_s=0.2, grace_s=0.2).run()
    assert (ending.timed_out, ending.killed, ending.before_it_began) == (True, True, False)


def test_whoever_watches_is_told_how_long_it_waits() -> None:
    def stops(channel: Channel) -> dict[str, object]:
        channel.begin(lambda: None)
        while channel.stop_reason() is None:
            time.sleep(0.01)
        channel.send({"finishing": True})
        return {}

    told: list[dict[str, object]] = []
    ending = Supervisor(stops, watch=told.append, timeout_s=0.1, grace_s=60.0).run()
    assert (ending.timed_out, ending.killed) == (True, False)
    stops_told = [one for one in told if one != {"began": True}]  # which may come before or after the limit
    assert stops_told == [{"stopping": "timeout", "grace_s": 60.0}, {"stopping": None, "grace_s": 0.0}]


def test_a_limit_that_was_over_before() -> None:
    ending = supervise(timeout_s=5.0, since=time.monotonic() - 10, grace_s=0.1).run()
    assert ending.timed_out


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGHUP)).start()
        ending = supervise(napper).run()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (ending.result, ending.signal_received) == ({"done": 1}, None)


ORPHAN = """
import os, sys, time
from vyrectl.hosting.supervisor import Supervisor

def work(channel):
    if sys.argv[1] == "begun":
        channel.begin(lambda: open("orphaned", "w").close())
    os.write(int(sys.argv[2]), b"%d\\n" % os.getpid())
    time.sleep(60)
    return {}

Supervisor(work, watch=print, grace_s=0.5).run()
"""


@pytest.mark.parametrize("when", ["begun", "building"])
def test_a_child_leaves_when_its_parent_dies(tmp_path: Path, when: str) -> None:
    ours, theirs = os.pipe()
    command = [sys.executable, "-c", ORPHAN, when, str(theirs)]
    with subprocess.Popen(command, cwd=tmp_path, pass_fds=[theirs]) as parent, os.fdopen(ours) as line:
        os.close(theirs)
        child = int(line.readline())
        parent.kill()
        until = time.monotonic() + 20
        while _lives(child):
            assert time.monotonic() < until
            time.sleep(0.05)
    assert (tmp_path / "orphaned").exists() is (when == "begun")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@needs_cpu()
@pytest.mark.timeout(120)
def test_ctrl_c_ends_a_library_launch() -> None:
    launch(Ring.from_slots(ready_tasks(2, op_handle=0x1005, param=3)), device="cpu")
    slots = ready_tasks(20, op_handle=0x1005, param=4_000_000_000)
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        launch(Ring.from_slots(slots), device="cpu", timeout=60)


@needs_cpu()
@pytest.mark.timeout(120)
def test_an_exception_of_the_watcher_ends_it_too() -> None:
    from vyrectl.launching.rounds import Limits

    def stop() -> str | None:
        if time.monotonic() > until:
            raise ValueError("mine")
        return None

    slots = ready_tasks(20, op_handle=0x1005, param=4_000_000_000)
    until = time.monotonic() + 1.0
    with pytest.raises(ValueError, match="mine"):
        launch(Ring.from_slots(slots), device="cpu", limits=Limits(stop=stop))


@needs_cpu()
def test_a_forked_child_is_told_so() -> None:
    launch(Ring.from_slots(ready_tasks(2)), device="cpu")
    pid = os.fork()
    if pid == 0:
        try:
            launch(Ring.from_slots(ready_tasks(2)), device="cpu")
        except ForkedError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_a_spawning_operation_that_comes_later_ends_on_the_reference_backend() -> None:
    from vyrectl import open_session

    few = np.arange(40_000, dtype=np.uint32)
    sums = np.zeros(31, np.uint32)
    with open_session(64, device="reference", buffers={0: few, 1: sums}) as session:
        (number,) = session.publish(ready_tasks(1, op_handle=0x1010, input_handle=0, output_handle=1))
        assert session.wait(int(number), 60).state == 3
    assert int(sums[0]) == int(few.sum(dtype=np.uint64)) & 0xFFFF_FFFF
