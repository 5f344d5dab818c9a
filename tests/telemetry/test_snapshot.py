from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.strategies import REQUESTS, field
from tests.vectors import load, numbers
from vyrectl import SLOT_DTYPE, LaunchRequest, TaskQueueSnapshot
from vyrectl.errors import (
    InvalidInputError,
    LaunchRequestError,
    RingFormatError,
    SnapshotOverflowError,
    UnknownStateError,
)
from vyrectl.telemetry import census as module
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS, StateTally, sum_snapshots, tally_bytes, tally_slots

KINDS = {
    "schedulable_count": "schedulable_overflow",
    "continuation_pressure": "continuation_pressure_overflow",
    "requeue_count": "requeue_count_overflow",
}
SNAPSHOTS = st.builds(TaskQueueSnapshot, **{name: field(bits) for name, bits in SNAPSHOT_WIDTHS.bits.items()})
STATES = st.integers(0, 7) | st.sampled_from([8, 99, 2**32 - 1])
SLOTS = st.lists(st.tuples(STATES, field(32), field(32)), max_size=40)


def through_bytes(slots: list[str]) -> StateTally:
    return tally_bytes(bytes.fromhex("".join(slots)))


def through_slots(slots: list[str]) -> StateTally:
    return tally_slots(np.frombuffer(bytes.fromhex("".join(slots)), dtype=SLOT_DTYPE))


def slot_array(rows: list[tuple[int, int, int]]) -> Any:
    array = np.zeros(len(rows), dtype=SLOT_DTYPE)
    for name, column in zip(("state", "age_ticks", "requeue_count"), zip(*rows, strict=True), strict=False):
        array[name] = column
    return array


@pytest.mark.parametrize("tally", [through_bytes, through_slots])
def test_snapshots_equal_the_runtime(tally: Any) -> None:
    for vector in load("snapshots"):
        try:
            record = tally(vector["slots"]).snapshot().to_record()
        except UnknownStateError as error:
            found = {"kind": "unknown_state", "state_word": error.word, "first_bad_slot": error.slot}
            assert found == vector["err"], vector["i"]
        else:
            record["continuation_pressure_count"] = record.pop("continuation_pressure")
            assert record == numbers(vector["ok"]), vector["i"]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(rows=SLOTS)
def test_both_ways_of_counting_agree(rows: list[tuple[int, int, int]]) -> None:
    array = slot_array(rows)
    assert tally_bytes(array.tobytes()) == tally_slots(array)


def test_counting_goes_on_from_chunk_to_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(state % 9, state, 2**32 - 1 - state) for state in range(50)]
    whole = tally_bytes(slot_array(rows).tobytes())
    monkeypatch.setattr(module, "CHUNK_SLOTS", 7)
    assert tally_slots(slot_array(rows)) == whole
    assert whole.first_unknown == (8, 8)
    assert whole.unknown == 5


def test_lenient_snapshots_leave_unknown_states_out() -> None:
    array = slot_array([(1, 3, 4), (99, 7, 5)])
    with pytest.raises(UnknownStateError, match=r"unknown\(99\).*slot 1"):
        TaskQueueSnapshot.from_slots(array)
    expected = TaskQueueSnapshot(ready_count=1, total_requeues=9, max_priority_age=7)
    assert tally_slots(array).snapshot(lenient=True) == expected


def test_applied_requests_equal_the_runtime() -> None:
    for vector in load("apply"):
        snapshot, request = TaskQueueSnapshot(**numbers(vector["snapshot"])), numbers(vector["request"])
        found: dict[str, Any]
        try:
            found = {"ok": snapshot.apply_to(LaunchRequest(**request)).to_record()}
        except SnapshotOverflowError as error:
            found = {"err": {"kind": KINDS[error.quantity]}}
        assert found == {key: numbers(vector[key]) for key in found}, vector["i"]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(snapshot=SNAPSHOTS, request=REQUESTS)
def test_apply_changes_three_fields_or_nothing(snapshot: TaskQueueSnapshot, request: LaunchRequest) -> None:
    before = request.to_record()
    schedulable = snapshot.ready_count + snapshot.yielded_count + snapshot.requeued_count
    pressure = snapshot.yielded_count + snapshot.requeued_count + snapshot.total_requeues
    sums = {
        "schedulable_count": (schedulable, 2**32),
        "continuation_pressure": (pressure, 2**64),
        "requeue_count": (request.requeue_count + pressure, 2**64),
    }
    overflows = [name for name, (value, end) in sums.items() if value >= end]
    if overflows:
        with pytest.raises(SnapshotOverflowError, match=f"would be {sums[overflows[0]][0]}, past") as caught:
            snapshot.apply_to(request)
        assert caught.value.quantity == overflows[0]
    else:
        age = max(request.max_priority_age, snapshot.max_priority_age)
        changed = {
            "queue_len": schedulable,
            "requeue_count": sums["requeue_count"][0],
            "max_priority_age": age,
        }
        assert snapshot.apply_to(request).to_record() == {**before, **changed}
    assert request.to_record() == before


@pytest.mark.parametrize("name", SNAPSHOT_WIDTHS.bits)
@pytest.mark.parametrize("value", [-1, True, 1.5, 2**64])
def test_a_snapshot_field_out_of_its_width_is_named_when_it_is_applied(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} is .*a whole number from 0 to"):
        replace(TaskQueueSnapshot(), **{name: value}).apply_to(LaunchRequest())


def test_a_bad_request_is_named_when_telemetry_is_applied() -> None:
    with pytest.raises(LaunchRequestError, match="requeue_count is -1"):
        TaskQueueSnapshot().apply_to(LaunchRequest(requeue_count=-1))


def test_sums_add_counts_and_take_the_oldest_age() -> None:
    one = TaskQueueSnapshot(1, 2, 3, 4, 5, 6, 7, 8)
    assert sum_snapshots([one, replace(one, max_priority_age=9)]) == TaskQueueSnapshot(
        2, 4, 6, 8, 10, 12, 14, 9
    )
    assert asdict(sum_snapshots([])) == asdict(TaskQueueSnapshot())


def test_bytes_that_are_no_whole_number_of_slots() -> None:
    with pytest.raises(RingFormatError) as caught:
        tally_bytes(bytes(65))
    assert caught.value.left_over == 1
