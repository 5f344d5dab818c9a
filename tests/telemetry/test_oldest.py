"""The oldest open tasks, the same by either way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telemetry.rings import ring_bytes, slot_array
from vyrectl.telemetry import census
from vyrectl.telemetry import oldest as module
from vyrectl.telemetry.oldest import oldest, oldest_ages, oldest_of_slots

NAMES = ("state", "age_ticks")
ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6) | st.just(2**32 - 1)), max_size=60)


def test_oldest_first_and_equals_by_slot() -> None:
    rows = [(1, 5), (3, 99), (4, 7), (0, 50), (7, 80), (6, 5), (2, 7), (9, 70)]
    data = ring_bytes(slot_array(NAMES, rows))
    assert oldest(data, 9) == [2, 6, 0, 5]
    assert oldest(data, 3) == [2, 6, 0]
    assert oldest(data, 0) == []


@settings(max_examples=100, derandomize=True, deadline=None)
@given(rows=ROWS, most=st.integers(0, 12), chunk=st.integers(1, 20))
def test_both_ways_agree(rows: list[tuple[int, int]], most: int, chunk: int) -> None:
    array = slot_array(NAMES, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(census, "CHUNK_SLOTS", chunk)
        assert oldest_of_slots(array, most) == oldest(ring_bytes(array), most)


def test_large_rings_take_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ring_bytes(slot_array(NAMES, [(1, i % 11) for i in range(50)]))
    small = oldest(data, 7)
    monkeypatch.setattr(module, "STDLIB_SLOTS", 3)
    assert oldest(data, 7) == small == [10, 21, 32, 43, 9, 20, 31]


def test_later_chunks_only_bring_older_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "CHUNK_SLOTS", 2)
    array = slot_array(NAMES, [(1, 5), (1, 4), (1, 5), (1, 9), (1, 4), (1, 3)])
    assert oldest_of_slots(array, 2) == [3, 0]


def test_the_oldest_of_each_word_of_a_field_by_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(1, 5, 3), (3, 99, 3), (4, 7, 0), (6, 9, 3), (0, 50, 1), (2, 0, 9)]
    data = ring_bytes(slot_array((*NAMES, "tenant_id"), rows))
    small = oldest_ages(data, "tenant_id")
    monkeypatch.setattr(module, "STDLIB_SLOTS", 1)
    monkeypatch.setattr(census, "CHUNK_SLOTS", 2)
    assert oldest_ages(data, "tenant_id") == small == {0: 7, 3: 9, 9: 0}
