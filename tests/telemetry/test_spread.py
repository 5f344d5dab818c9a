"""Percentiles and histograms: exact, over open tasks, the same by either way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.strategies import field
from tests.telemetry.rings import ring_bytes, slot_array
from vyrectl.abi.states import TaskState
from vyrectl.telemetry import census
from vyrectl.telemetry import spread as module
from vyrectl.telemetry.spread import Spread, rank_of, spread, spread_of_slots, spread_of_values

VALUES = field(32) | st.integers(0, 3) | st.sampled_from([65535, 65536, 65537, 131071])
ROWS = st.lists(st.tuples(st.integers(0, 8) | st.just(2**32 - 1), VALUES), max_size=60)
NAMES = ("state", "age_ticks")


def test_percentiles_are_values_of_the_nearest_rank() -> None:
    assert [rank_of(50, n) for n in (1, 2, 3, 4, 100, 101)] == [1, 1, 2, 2, 50, 51]
    assert [rank_of(99, n) for n in (1, 2, 99, 100, 101, 200)] == [1, 2, 99, 99, 100, 198]
    found = spread_of_values(range(200, 0, -1))
    assert (found.percentiles, found.maximum, found.tasks) == ({50: 100, 99: 198}, 200, 200)


def test_buckets_are_powers_of_two() -> None:
    record = spread_of_values([0, 0, 1, 2, 3, 4, 9]).to_record()
    assert record["histogram"] == [
        {"least": 0, "most": 0, "tasks": 2},
        {"least": 1, "most": 1, "tasks": 1},
        {"least": 2, "most": 3, "tasks": 2},
        {"least": 4, "most": 7, "tasks": 1},
        {"least": 8, "most": 15, "tasks": 1},
    ]
    assert spread_of_values([2**32 - 1]).buckets[32] == 1


def test_only_open_tasks_count() -> None:
    rows = [(int(state), 1 << state) for state in TaskState] + [(99, 1 << 20)]
    found = spread([ring_bytes(slot_array(NAMES, rows))], "age_ticks")
    assert (found.tasks, found.maximum) == (5, 1 << TaskState.REQUEUED)


def test_no_open_task_has_no_percentile() -> None:
    empty: dict[str, object] = {"tasks": 0, "p50": None, "p99": None, "max": None, "histogram": []}
    assert spread([], "age_ticks").to_record() == empty
    assert spread_of_slots([slot_array(NAMES, [(3, 9)])], "age_ticks").to_record() == empty


@settings(max_examples=150, derandomize=True, deadline=None)
@given(rings=st.lists(ROWS, max_size=3))
def test_both_ways_agree_with_the_definition(rings: list[list[tuple[int, int]]]) -> None:
    values = sorted(value for rows in rings for state, value in rows if state in (1, 2, 4, 5, 6))
    arrays = [slot_array(NAMES, rows) for rows in rings]
    found = spread_of_slots(arrays, "age_ticks")
    assert found == spread([ring_bytes(array) for array in arrays], "age_ticks")
    assert found == expected(values)


def expected(values: list[int]) -> Spread:
    """By the sentence: the smallest value that at least p of 100 do not exceed."""
    percentiles = {
        p: next((v for v in values if sum(w <= v for w in values) * 100 >= p * len(values)), None)
        for p in (50, 99)
    }
    buckets = [0] * 33
    for value in values:
        buckets[len(f"{value:b}") if value else 0] += 1
    return Spread(len(values), percentiles, max(values, default=None), tuple(buckets))


def test_large_rings_are_counted_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(1 + i % 8, i * 70001 % 2**32) for i in range(200)]
    array = slot_array(NAMES, rows)
    small = spread([ring_bytes(array)], "age_ticks")
    monkeypatch.setattr(module, "STDLIB_SLOTS", 3)
    monkeypatch.setattr(census, "CHUNK_SLOTS", 7)
    assert spread([ring_bytes(array)], "age_ticks") == small
