"""What `bench devices` makes of its launches."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from vyrectl.bench.devices import SPIN, Took, _compute_ring, _computing, _plain, run_devices, usual_slots
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.spread.devices import Chosen
from vyrectl.task.arrays import SlotArray


def took(seconds: float) -> list[Took]:
    report = {
        "wall_seconds": seconds,
        "device_seconds": seconds / 4,
        "devices": [{"busy_seconds": seconds - 0.08}],
        "geometry": {"shards": 8},
    }
    return [Took(seconds + 1, seconds, cast(LaunchRecord, report))] * 3


def test_figures_are_held_against_their_targets() -> None:
    launches = {"one": took(4.0), "all": took(2.0), "dask1": took(3.0), "dask2": took(2.0)}
    made = {one.name: one for one in _computing(launches, 2)}
    assert made["2 devices against one"].met is True
    assert made["the same, whole commands"].value == pytest.approx(5 / 3)
    assert made["two Dask workers against one"].value == pytest.approx(1.5)
    assert made["two Dask workers against one"].met is False
    assert made["Dask beside the work of a shard"].value == pytest.approx(0.01)
    assert made["Dask beside the work of a shard"].met is True


def test_more_devices_have_no_target() -> None:
    assert [one.met for one in _computing({"one": took(4.0), "all": took(2.0)}, 3)] == [None] * 4


@pytest.mark.parametrize(("seconds", "met"), [(2.05, True), (2.2, False)])
def test_one_device_is_set_beside_a_plain_launch(seconds: float, met: bool) -> None:
    *_, last = _computing({"one": took(2.0), "all": took(seconds)}, 1)
    assert (last.name, last.met) == ("as one of several, against a plain launch", met)


def test_a_ring_that_asks_for_nothing_names_what_the_kernels_took() -> None:
    made = list(_plain({"one": took(3.0), "all": took(1.0)}, 2))
    assert [one.value for one in made] == [4.0, 2.0, 2.0, 3.0, 3.0, 0.75]
    assert made[2].met is True


def test_rings() -> None:
    assert usual_slots([Chosen("reference", "reference")], quick=True) < usual_slots(
        [Chosen("0:0", "0:0", kind="gpu")], quick=True
    )
    assert (_compute_ring(64, 16)["op_handle"] == SPIN).sum() == 4
    assert not (_compute_ring(64, 0)["op_handle"] == SPIN).any()


def test_the_first_launch_of_each_kind_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def launched(ring: Path, given: SlotArray, options: tuple[str, ...]) -> Took:
        made.append(options)
        return took(100.0 if made.count(options) == 1 else 2.0)[0]

    monkeypatch.setattr("vyrectl.bench.devices._launch", launched)
    chosen = [Chosen("reference", "reference"), Chosen("reference", "reference#2")]
    figures = run_devices(
        chosen,
        "reference,reference",
        slots=64,
        quick=True,
        repeats=2,
        dask=False,
        tell=lambda done: None,
    )
    assert {one.name: one.value for one in figures}["one device"] == 2.0
    assert len(made) == 6
