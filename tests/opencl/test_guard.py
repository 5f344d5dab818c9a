"""A device that ends whoever uses it does so to another process first."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.conformance.backends import needs_cpu
from tests.opencl.fakes import device
from vyrectl.errors import DeviceError
from vyrectl.opencl import asking, fitness, guard, kept, remembered, trial
from vyrectl.opencl.build import POCL
from vyrectl.opencl.child import Ended
from vyrectl.opencl.diagnosis import Check, Status


class Trials:
    """What launches in other processes come to."""

    def __init__(self) -> None:
        self.made = 0
        self.check = Check("device 0:0", "ring", Status.OK, "10002 tasks, each done once")

    def die(self) -> None:
        words = "the process that drove the device died of SIGABRT"
        self.check = Check("device 0:0", "ring", Status.ERROR, words, facts={trial.DIED: True})

    def __call__(self, device_id: str, seconds: float, *, families: bool = True) -> Check:
        self.made += 1
        return self.check


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trials:
    made = Trials()
    monkeypatch.setattr(trial, "run_ring", made)
    monkeypatch.setattr(fitness, "run_ring", made)
    monkeypatch.setattr(remembered, "_known", {})
    monkeypatch.setattr(guard, "_watched", [])
    monkeypatch.setattr(guard, "_died_of", {})
    monkeypatch.setenv("VYRECTL_CACHE", str(tmp_path))
    monkeypatch.delenv(guard.TRUSTING)
    return made


def test_a_device_that_ends_another_process_is_not_opened(trials: Trials) -> None:
    trials.die()
    with pytest.raises(DeviceError, match=r"this device ends the process that uses it: .* died of SIGABRT"):
        kept.open_device(device())
    remembered._known.clear()
    guard._died_of.clear()
    with pytest.raises(DeviceError, match="another process died of it today") as caught:
        kept.open_device(device())
    assert guard.TRUSTING in (caught.value.fix or "")
    assert trials.made == 1


def test_one_trial_is_enough_for_a_driver(trials: Trials) -> None:
    for _ in range(2):
        guard.check_survives(device())
        remembered._known.clear()
    assert trials.made == 1
    guard.check_survives(device(driver="2"))
    assert fitness.is_fit(device(driver="3"))
    guard.check_survives(device(driver="3"))
    assert trials.made == 3


def test_what_fails_without_dying_stops_nothing(trials: Trials) -> None:
    trials.check = Check("device 0:0", "ring", Status.ERROR, "3 of 10002 tasks done, exit code 6")
    guard.check_survives(device())
    assert trials.made == 1


@pytest.mark.parametrize("why", [FileNotFoundError(2, "no usable temporary directory"), MemoryError()])
def test_a_machine_without_room_for_a_trial(
    trials: Trials, monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    def run(device_id: str, seconds: float, *, families: bool) -> Check:
        raise why

    monkeypatch.setattr(trial, "run_ring", run)
    guard.check_survives(device())
    monkeypatch.setattr(trial, "run_ring", trials)
    guard.check_survives(device())
    assert trials.made == 1


def test_a_watched_process_and_one_that_trusts_try_nothing(
    trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials.die()
    guard.be_watched()
    guard.check_survives(device())
    monkeypatch.setattr(guard, "_watched", [1])
    with pytest.raises(DeviceError):
        guard.check_survives(device())
    monkeypatch.setenv(guard.TRUSTING, "1")
    guard.check_survives(device())
    assert trials.made == 1


@pytest.mark.parametrize(
    ("line", "died"),
    [
        (b'{"error": "kernel_died", "message": "it died of SIGABRT"}', True),
        (b'{"error": "no_device", "message": "it died of SIGABRT"}', False),
        (b"it died of SIGABRT", False),
    ],
)
def test_how_a_trial_tells_a_death(monkeypatch: pytest.MonkeyPatch, line: bytes, died: bool) -> None:
    monkeypatch.setattr(trial, "run_child", lambda command, seconds: Ended(5, b"", line))
    check = trial.run_ring("0:0", 1.0)
    assert (check.facts.get(trial.DIED, False), check.status) == (died, Status.ERROR)
    assert "exit code 5: it died of SIGABRT" in check.message


@pytest.mark.parametrize(
    ("answer", "died"),
    [
        (asking.Answer(({"opened": True},), None), ""),
        (asking.Answer((), "the driver ended its process (SIGABRT)", died=True), "SIGABRT"),
        (asking.Answer((), "its process failed: NoDeviceError"), ""),
    ],
)
def test_a_driver_that_says_what_it_cannot_do_runs_a_small_program(
    trials: Trials, monkeypatch: pytest.MonkeyPatch, answer: asking.Answer, died: str
) -> None:
    asked: list[tuple[str, ...]] = []

    def ask(*what: str, seconds: float) -> asking.Answer:
        asked.append(what)
        return answer

    monkeypatch.setattr(asking, "ask", ask)
    with pytest.raises(DeviceError, match=died) if died else nullcontext():
        guard.check_survives(device(platform=POCL))
    assert (asked, trials.made) == ([("open", "0:0")], 0)


@pytest.mark.parametrize("platform", [POCL, "another"])
def test_a_program_that_hears_of_no_child_is_told_before_pocl_ends_it(platform: str) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(DeviceError, match="ignores SIGCHLD") if platform == POCL else nullcontext():
            guard.check_hears_of_children(device(platform=platform))
    finally:
        signal.signal(signal.SIGCHLD, before)
    guard.check_hears_of_children(device(platform=platform))


@needs_cpu()
def test_a_real_program_lives_on(tmp_path: Path) -> None:
    """A compiler that aborts, which any process but the program itself meets, is an error there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'VYRE_PARENT' in os.environ and str(os.getpid()) != os.environ['VYRE_PARENT']:\n"
        "    import pyopencl\n"
        "    pyopencl.Program.build = lambda *args, **kwargs: os.abort()\n"
        "os.environ.setdefault('VYRE_PARENT', str(os.getpid()))\n"
    )
    code = (
        "import numpy as np; from vyrectl import SLOT_DTYPE, Ring, errors, launch\n"
        "slots = np.zeros(4, SLOT_DTYPE); slots['state'] = 1\n"
        "try: launch(Ring.from_slots(slots))\n"
        "except errors.DeviceError as error: print(error.what)"
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "VYRECTL_CACHE": str(tmp_path / "c")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    name = signal.Signals(signal.SIGABRT).name
    assert f"the driver ended its process ({name})" in done.stdout
