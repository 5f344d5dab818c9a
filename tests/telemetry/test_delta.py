"""Two snapshots compared: differences, rates, and the verdict with its rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vyrectl.telemetry.delta import COMPARED, OPEN_FIELDS, RULES, compare
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS, TaskQueueSnapshot

BUSY = {**TaskQueueSnapshot(ready_count=5, running_count=1, paused_count=2).to_record(), "done_count": 4}
COUNTS = st.fixed_dictionaries({name: st.integers(0, 3) for name in (*SNAPSHOT_WIDTHS.bits, "done_count")})


def busy(**changes: int) -> dict[str, int]:
    return {**BUSY, **{name: BUSY[name] + change for name, change in changes.items()}}


def test_changes_and_rates() -> None:
    found = compare(BUSY, busy(ready_count=-3, done_count=3), 2.0)
    assert (found.changes["ready_count"], found.changes["done_count"], found.changes["paused_count"]) == (
        -3,
        3,
        0,
    )
    assert found.rates is not None
    assert (found.rates["ready_count"], found.rates["done_count"]) == (-1.5, 1.5)
    assert list(found.changes) == [name for name in COMPARED if name in BUSY]


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_no_time_no_rates(seconds: float | None) -> None:
    assert compare(BUSY, BUSY, seconds).to_record()["rates"] is None


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"ready_count": -5, "running_count": -1, "paused_count": -2, "done_count": 8}, "idle"),
        ({"ready_count": -5, "running_count": -1, "done_count": 6}, "paused"),
        ({}, "stalled"),
        ({"ready_count": -1, "requeued_count": 1, "total_requeues": 7}, "circling"),
        ({"ready_count": -1, "running_count": 1}, "steady"),
        ({"ready_count": -1, "running_count": 1, "done_count": 1, "total_requeues": 2}, "steady"),
        ({"max_priority_age": 1, "total_requeues": 1, "faulted_count": 1}, "steady"),
        ({"ready_count": -1, "done_count": 1}, "draining"),
        ({"ready_count": 2, "done_count": 9}, "growing"),
    ],
)
def test_the_first_rule_that_holds_is_the_verdict(changes: dict[str, int], verdict: str) -> None:
    record = compare(BUSY, busy(**changes)).to_record()
    assert record["verdict"] == verdict
    assert record["rule"] == RULES[verdict][0]
    assert record["is_stalled"] is (verdict in ("stalled", "circling"))


def test_without_done_counts_nothing_circles() -> None:
    before = {name: value for name, value in BUSY.items() if name != "done_count"}
    after = {**before, "total_requeues": 9}
    assert compare(before, after).verdict == "steady"
    assert "done_count" not in compare(before, BUSY).changes


@settings(max_examples=200, derandomize=True, deadline=None)
@given(before=COUNTS, after=COUNTS)
def test_a_stall_is_never_said_of_a_queue_that_got_shorter(
    before: dict[str, int], after: dict[str, int]
) -> None:
    found = compare(before, after)
    opened = [sum(one[name] for name in OPEN_FIELDS) for one in (before, after)]
    if opened[1] < opened[0] or opened[1] == 0 or after["done_count"] > before["done_count"]:
        assert not found.to_record()["is_stalled"]
    if before == after and after["ready_count"]:
        assert found.verdict == "stalled"
