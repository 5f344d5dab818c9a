"""Traces: what is noted of each turn, the bound, and the file that viewers read."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.backends import devices
from tests.support.ops import REQUEUE_N, SPIN
from vyrectl import SLOT_DTYPE, Ring, launch
from vyrectl.abi.outcomes import OUTCOMES
from vyrectl.engine.trace import TRACE_DTYPE, Trace, read_trace
from vyrectl.errors import UsageError
from vyrectl.launching.trace import save_trace


def ring_of(*ops: int, param: int = 2) -> Ring:
    slots = np.zeros(len(ops), SLOT_DTYPE)
    slots["state"] = 1
    slots["op_handle"] = ops
    slots["param"] = param
    slots["task_id"] = np.arange(len(ops)) + 100
    return Ring.from_slots(slots)


def slices(path: Path, *, claims: bool = False) -> list[dict[str, Any]]:
    events = json.loads(path.read_text())["traceEvents"]
    return [event for event in events if event["ph"] == "X" and (event["cat"] == "claim") is claims]


def test_every_turn_is_noted_with_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    report = launch(ring_of(SPIN, REQUEUE_N), device="reference", trace=path)
    runs = slices(path)
    assert report.trace == {
        "path": str(path),
        "clock": "the host's clock, nanoseconds",
        "records": 4,
        "dropped": 0,
    }
    assert [(run["name"], run["args"]["task_id"], run["args"]["outcome"]) for run in runs] == [
        ("spin", 100, "done"),
        ("requeue_n", 101, "requeued"),
        ("requeue_n", 101, "requeued"),
        ("requeue_n", 101, "done"),
    ]
    assert [run["args"]["priority"] for run in runs[1:]] == ["Critical", "High", "Normal"]
    assert len(slices(path, claims=True)) == 4


def test_turns_follow_one_another(tmp_path: Path) -> None:
    launch(ring_of(*[SPIN] * 20), device="reference", trace=tmp_path / "t.json")
    ends = 0.0
    for claim, run in zip(slices(tmp_path / "t.json", claims=True), slices(tmp_path / "t.json"), strict=True):
        assert ends <= claim["ts"] + 1e-3
        assert claim["ts"] + claim["dur"] == pytest.approx(run["ts"], abs=2e-3)
        ends = run["ts"] + run["dur"]


def test_what_has_no_room_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    report = launch(ring_of(*[SPIN] * 9), device="reference", trace=path, trace_records=4)
    assert report.trace is not None
    assert (report.trace["records"], report.trace["dropped"]) == (4, 5)
    assert json.loads(path.read_text())["otherData"]["dropped"] == 5


def test_a_room_for_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="trace_records"):
        launch(ring_of(SPIN), device="reference", trace=tmp_path / "t.json", trace_records=0)


def test_a_launch_without_a_trace_has_none() -> None:
    assert launch(ring_of(SPIN), device="reference").trace is None


def test_the_buffer_of_a_device() -> None:
    data = np.zeros(4 * TRACE_DTYPE.itemsize, np.uint8)
    data[:4].view("<u4")[0] = 5
    data[64:].view(TRACE_DTYPE)["slot"] = 7, 8, 9
    trace = read_trace(data, "cycles", 2.0)
    assert trace.records["slot"].tolist() == [7, 8, 9]
    assert trace.dropped == 2
    data[:4].view("<u4")[0] = 1
    assert read_trace(data, "cycles", 2.0).records["slot"].tolist() == [7]


def records(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(list(rows), TRACE_DTYPE)


def test_a_track_for_each_work_group(tmp_path: Path) -> None:
    rows = records((10, 12, 20, 22, 0, 1, 0, 2, 0, 3, 0, 0), (11, 13, 21, 23, 1, 2, 0, 9, 77, 1, 0, 0))
    save_trace(tmp_path / "t.json", Trace(rows, 0, "c", 1e6), "d", {})
    runs = slices(tmp_path / "t.json")
    assert [(run["pid"], run["tid"], run["ts"], run["dur"]) for run in runs] == [
        (0, 3, 2.0, 10.0),
        (0, 1, 3.0, 10.0),
    ]
    assert [run["cat"] for run in runs] == [OUTCOMES[0], "77"]
    names = [e for e in json.loads((tmp_path / "t.json").read_text())["traceEvents"] if e["ph"] == "M"]
    assert {e["args"]["name"] for e in names} == {"vyrectl launch", "work-group 1", "work-group 3"}


def test_work_items_that_work_side_by_side_have_tracks_of_their_own(tmp_path: Path) -> None:
    rows = records((0, 1, 2, 3, 0, 1, 5, 2, 1, 0, 0, 0), (0, 1, 2, 3, 1, 2, 5, 2, 2, 0, 1, 0))
    save_trace(tmp_path / "t.json", Trace(rows, 0, "numbers", 0.0), "d", {5: 'a "name"'})
    runs = slices(tmp_path / "t.json")
    assert [(run["pid"], run["tid"], run["name"]) for run in runs] == [(1, 0, 'a "name"'), (1, 1, 'a "name"')]
    assert json.loads((tmp_path / "t.json").read_text())["otherData"]["times"] == "an order, not a time"


def test_an_empty_trace_is_a_file_too(tmp_path: Path) -> None:
    save_trace(tmp_path / "t.json", Trace(records(), 0, "c", 1.0), "d", {})
    assert slices(tmp_path / "t.json") == []


def turns_by_track(path: Path) -> dict[tuple[int, int], list[tuple[Fraction, Fraction]]]:
    tracks: dict[tuple[int, int], list[tuple[Fraction, Fraction]]] = {}
    for event in json.loads(path.read_text(), parse_float=Fraction)["traceEvents"]:
        if event["ph"] == "X":
            begin = Fraction(event["ts"])
            tracks.setdefault((event["pid"], event["tid"]), []).append(
                (begin, begin + Fraction(event["dur"]))
            )
    return tracks


def assert_slices_nest_or_are_disjoint(path: Path) -> int:
    """In exact arithmetic, in doubles, and in whole nanoseconds that a reader cut off."""
    readings = (
        lambda begin, end: (begin, end),
        lambda begin, end: (float(begin), float(begin) + float(end - begin)),
        lambda begin, end: (int(begin * 1000), int(begin * 1000) + int((end - begin) * 1000)),
    )
    tracks = turns_by_track(path)
    for reading in readings:
        for slices in tracks.values():
            open_ends: list[Any] = []
            for begin, end in sorted((reading(*one) for one in slices), key=lambda one: (one[0], -one[1])):
                while open_ends and open_ends[-1] <= begin:
                    open_ends.pop()
                assert not open_ends or end <= open_ends[-1], (begin, end, open_ends)
                open_ends.append(end)
    return sum(map(len, tracks.values()))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 40)] * 4, st.integers(0, 2), st.integers(0, 1)), min_size=1),
    st.sampled_from([0.0, 1.0, 3.0, 1e6, 1e9, 2.4e9, 19.2e6]),
    st.sampled_from([0, 2**40, 2**64 - 100]),
)
def test_turns_of_a_track_never_overlap_in_part_whatever_the_clock_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]], speed: float, origin: int
) -> None:
    path = tmp_path_factory.mktemp("trace") / "t.json"
    noted = [(*(origin + tick for tick in row[:4]), 0, 1, 5, 2, 0, *row[4:], 0) for row in rows]
    save_trace(path, Trace(records(*noted), 0, "c", speed), "d", {})
    assert assert_slices_nest_or_are_disjoint(path) == 2 * len(rows)
    for claim, run in zip(slices(path, claims=True), slices(path), strict=True):
        assert claim["ts"] + claim["dur"] == run["ts"]


SHAPES: dict[str, dict[str, Any]] = {
    "lane": {},
    "lanes": {"workers": 2, "work_group_size": 4, "mode": "jit"},
    "exact": {"workers": 1, "ticket": 1},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["reference", *devices()])
def test_turns_of_a_track_never_overlap_in_part_on_devices(name: str, shape: str, tmp_path: Path) -> None:
    device = devices().get(name, name)
    ring = ring_of(*[SPIN, REQUEUE_N] * 400, param=3)
    launch(ring, device=device, trace=tmp_path / "t.json", **SHAPES[shape])
    assert assert_slices_nest_or_are_disjoint(tmp_path / "t.json") >= 2 * 800
