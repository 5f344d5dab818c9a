"""What is remembered about whether a device can run a ring."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.opencl.fakes import device
from vyrectl.opencl import fitness, remembered
from vyrectl.opencl.diagnosis import Check, Status


class Trials:
    def __init__(self) -> None:
        self.made: list[str] = []
        self.status = Status.OK

    def __call__(self, device_id: str, seconds: float) -> Check:
        self.made.append(device_id)
        return Check(f"device {device_id}", "ring", self.status, "")


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trials:
    made = Trials()
    monkeypatch.setattr(fitness, "run_ring", made)
    monkeypatch.setattr(remembered, "_known", {})
    monkeypatch.setenv("VYRECTL_CACHE", str(tmp_path))
    return made


@pytest.mark.parametrize("status", [Status.OK, Status.ERROR])
def test_a_driver_is_tried_once(trials: Trials, status: Status) -> None:
    trials.status = status
    for _ in range(2):
        assert fitness.is_fit(device()) is (status is Status.OK)
        remembered._known.clear()
    assert trials.made == ["0:0"]


def test_bad_news_is_kept_for_a_day(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    trials.status = Status.ERROR
    assert not fitness.is_fit(device())
    remembered._known.clear()
    now[0], trials.status = remembered.DAY_SECONDS + 1.0, Status.OK
    assert fitness.is_fit(device())


def test_other_drivers_and_other_variables_are_tried_anew(
    trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitness.is_fit(device())
    fitness.is_fit(device(driver="2"))
    monkeypatch.setenv("OCLGRIND_BUILD_OPTIONS", "-cl-opt-disable")
    fitness.is_fit(device())
    assert len(trials.made) == 3
