"""Histories as time series: every way a line may look, and rates between looks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vyrectl.telemetry.history import timestamp
from vyrectl.telemetry.series import METRICS, Series, read_history


def look(seconds: float, ring: str = "r.bin", **fields: Any) -> dict[str, Any]:
    return {"timestamp": timestamp(seconds), "ring": ring, "ready_count": 1, **fields}


def lines(*records: object) -> list[bytes]:
    return [json.dumps(record).encode() + b"\n" for record in records]


def series(*records: dict[str, Any]) -> Series:
    return read_history(lines(*records)).rings["r.bin"]


def test_one_ring_and_several_in_a_line() -> None:
    history = read_history(
        lines(
            look(1.0, schedulable_count=5),
            {
                "timestamp": timestamp(2.0),
                "rings": [look(0), look(0, "s.bin"), {"ring": "t.bin", "error": "gone"}],
            },
            look(3.0, "s.bin"),
        )
    )
    assert {name: one.times for name, one in history.rings.items()} == {
        "r.bin": [1.0, 2.0],
        "s.bin": [2.0, 3.0],
    }
    assert history.rings["r.bin"].values(METRICS["schedulable"]) == [5, None]
    assert (history.lines, history.skipped) == (3, [])


def test_lines_that_are_no_snapshots_are_counted() -> None:
    torn = [b'{"schema":"vyrectl.sn', b"[1, 2]", b"7", b"\xff\xfe", b"[" * 100_000, b"   \n"]
    more = lines({"timestamp": timestamp(1.0)}, {"ready_count": 3}, {"timestamp": "noon", "ready_count": 3})
    more += lines({"time": 1e300, "ready_count": 3}, {"time": -1, "ready_count": 3})
    nothing = lines(
        {"timestamp": timestamp(1.0), "rings": "none"}, {"timestamp": timestamp(1.0), "rings": [3]}
    )
    history = read_history([*torn, *more, *nothing, *lines(look(4.0))])
    assert history.lines == 1
    assert history.skipped == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]


@pytest.mark.parametrize("time", [12.5, 12])
def test_seconds_since_the_epoch_serve_as_well(time: float) -> None:
    history = read_history(lines({"time": time, "ring": "r.bin", "ready_count": 0}))
    assert history.rings["r.bin"].times == [12.5 if time == 12.5 else 12.0]


@pytest.mark.parametrize("value", ["5", True, None, float("nan"), float("inf"), [5], 10**400])
def test_values_that_are_no_numbers_are_unknown(value: object) -> None:
    text = json.dumps(look(1.0, max_priority_age=value)).encode()
    found = read_history([text]).rings["r.bin"]
    assert found.values(METRICS["age"]) == [None]
    assert not found.has(METRICS["age"])


def test_looks_are_brought_into_order() -> None:
    found = series(
        look(3.0, max_priority_age=3), look(1.0, max_priority_age=1), look(2.0, max_priority_age=2)
    )
    assert (found.times, found.values(METRICS["age"])) == ([1.0, 2.0, 3.0], [1, 2, 3])


def test_rates_lie_between_neighbouring_looks() -> None:
    found = series(
        look(1.0, done_count=10, schedulable_count=100),
        look(3.0, done_count=30, schedulable_count=50),
        look(3.0, done_count=31, schedulable_count=50),
        look(4.0, done_count=5, schedulable_count=60),
        look(5.0, schedulable_count=60),
        look(6.0, done_count=7, schedulable_count=60),
    )
    assert found.values(METRICS["done_rate"]) == [None, 10.0, None, None, None, None]
    assert found.values(METRICS["depth_rate"]) == [None, -25.0, None, 10.0, 0.0, 0.0]


def test_percentiles_of_ages_are_read() -> None:
    found = series(look(1.0, ages={"p50": 3, "p99": 9, "max": 11}), look(2.0, ages={"p50": None, "p99": "x"}))
    assert found.values(METRICS["age_p99"]) == [9, None]
    assert found.values(METRICS["age_p50"]) == [3, None]


KEYS = ("timestamp", "time", "rings", "ring", "ready_count", "ages", "p50")
records = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=8,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.binary(max_size=40) | records.map(lambda value: json.dumps(value).encode()), max_size=8))
def test_any_lines_are_read(raw: list[bytes]) -> None:
    history = read_history(raw)
    assert history.lines + len(history.skipped) <= len(raw)
    for one in history.rings.values():
        assert one.times == sorted(one.times)
        assert [timestamp(moment) for moment in one.times]
        for metric in METRICS.values():
            assert len(one.values(metric)) == len(one.times)
