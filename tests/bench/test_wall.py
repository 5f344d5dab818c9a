"""`bench wall`: each line stands beside its floor, and launches on CPUs have a target."""

from __future__ import annotations

import pytest

from tests.conformance.backends import devices, needs_device
from vyrectl.bench import wall
from vyrectl.bench.case import Case, Turn, measure
from vyrectl.bench.commands import Commands
from vyrectl.bench.wall import COMMAND, COPY_FILE, EMPTY, LAUNCH, SESSION, WallReport, run_wall


@needs_device()
def test_every_line_has_what_it_stands_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bare", "first_launch", "launch_file"):
        monkeypatch.setattr(Commands, name, lambda *given: Turn(0.1, 0.05))
    device = next(iter(devices().values()))
    report = run_wall(device, (64, 128), 2)
    rows = {(row["name"], row["size"]): row for row in report.rows()}
    assert rows[SESSION, wall.SMALL_SLOTS]["beside"] == EMPTY
    assert (rows[LAUNCH, 64]["times_floor"] or 0) > 0
    assert (rows[LAUNCH, 128]["times_device"] or 0) >= 1
    assert rows[LAUNCH, 128]["target"] is None
    assert rows[COMMAND, 128]["beside"] == COPY_FILE
    assert rows[COMMAND, 128]["times_device"] == 2
    assert rows[wall.FIRST, wall.SMALL_SLOTS]["beside"] is None
    assert (wall.ON_REFERENCE, wall.REFERENCE_SLOTS) in rows
    assert report.to_record()["sizes"] == [64, 128]


@pytest.mark.parametrize(("seconds", "met"), [(0.14, True), (0.16, False)])
def test_a_launch_on_a_cpu_takes_little_more_than_its_device(seconds: float, met: bool) -> None:
    from tests.opencl.fakes import device as fake_device

    case = Case(LAUNCH, "wall", 1 << 20, "runs", 1, lambda: Turn(seconds, 0.1))
    for kind, expected in (("cpu", met), ("gpu", None)):
        report = WallReport(fake_device(kind=kind), (1 << 20,), 1, measure([case], 1))
        assert report.rows()[0]["met"] is expected
