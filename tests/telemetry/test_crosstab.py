"""Cross tables: every task in one group, the same by either way, and they add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telemetry.rings import ring_bytes, slot_array
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import FAULT
from vyrectl.telemetry import census
from vyrectl.telemetry import crosstab as module
from vyrectl.telemetry.crosstab import (
    COLUMNS,
    MANY_GROUPS,
    CrossTable,
    ManyGroups,
    count_by,
    cross_table,
    sum_tables,
)

NAMES = ("state", "tenant_id")
VALUES = st.integers(0, 3) | st.sampled_from([module.SMALL_VALUES - 1, module.SMALL_VALUES, 2**32 - 1])
ROWS = st.lists(st.tuples(st.integers(0, 9), VALUES), max_size=60)


def by_hand(rows: list[tuple[int, int]]) -> CrossTable:
    groups: dict[int, list[int]] = {}
    for state, value in sorted(rows, key=lambda row: row[1]):
        if state:
            groups.setdefault(value, [0] * COLUMNS)[min(state, 8)] += 1
    return CrossTable("tenant_id", {value: tuple(counts) for value, counts in groups.items()})


@settings(max_examples=100, derandomize=True, deadline=None)
@given(rows=ROWS, chunk=st.integers(1, 20))
def test_both_ways_agree(rows: list[tuple[int, int]], chunk: int) -> None:
    array = slot_array(NAMES, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(census, "CHUNK_SLOTS", chunk)
        assert cross_table(array, "tenant_id") == count_by(ring_bytes(array), "tenant_id") == by_hand(rows)


def test_empty_slots_are_counted_by_state_alone() -> None:
    data = ring_bytes(slot_array(NAMES, [(0, 1), (1, 1), (1, 2), (77, 2)]))
    states = count_by(data, "state")
    assert {value: sum(counts) for value, counts in states.groups.items()} == {0: 1, 1: 2, 77: 1}
    assert (states.slots, count_by(data, "tenant_id").slots) == (4, 3)


def test_large_rings_take_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ring_bytes(slot_array(NAMES, [(i % 9, i % 4) for i in range(100)]))
    small = [count_by(data, field) for field in NAMES]
    monkeypatch.setattr(module, "STDLIB_SLOTS", 3)
    assert [count_by(data, field) for field in NAMES] == small


@settings(max_examples=50, derandomize=True, deadline=None)
@given(first=ROWS, second=ROWS)
def test_tables_of_several_rings_add_up(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    one, two = (cross_table(slot_array(NAMES, rows), "tenant_id") for rows in (first, second))
    assert sum_tables([one, two]).groups == by_hand(first + second).groups


def test_an_empty_table_has_a_total() -> None:
    assert count_by(memoryview(b""), "op_handle").total == (0,) * COLUMNS


def test_very_many_groups_are_the_same_groups() -> None:
    """They stay in arrays; what is asked of them is what a table of few answers."""
    slots = np.zeros(3 * MANY_GROUPS, SLOT_DTYPE)
    slots["state"] = np.arange(len(slots)) % 10
    slots["tenant_id"] = np.arange(len(slots)) // 2 + 7
    table = cross_table(slots, "tenant_id")
    assert isinstance(table.groups, ManyGroups)
    expected: dict[int, list[int]] = {}
    for state, tenant in zip(slots["state"].tolist(), slots["tenant_id"].tolist(), strict=True):
        if state:
            expected.setdefault(tenant, [0] * COLUMNS)[min(state, COLUMNS - 1)] += 1
    assert table.groups == {value: tuple(counts) for value, counts in expected.items()}
    assert list(table.groups) == sorted(expected)
    assert table.total == tuple(map(sum, zip(*expected.values(), strict=True)))
    assert table.groups[7] == tuple(expected[7])
    with pytest.raises(KeyError):
        table.groups[1]
    assert table.groups.largest(2)[0][0] == min(v for v in expected if sum(expected[v]) == 2)
    few = cross_table(slots[:10], "tenant_id")
    both = sum_tables([few, table])
    assert both.total == tuple(map(sum, zip(few.total, table.total, strict=True)))


def test_fault_codes_are_counted_alike_with_and_without_numpy() -> None:
    array = np.zeros(6, SLOT_DTYPE)
    array["state"] = [1, 7, 7, 7, 3, 0]
    array["continuation_data"] = [5, 5, 6, 5, 5, 5]
    found = cross_table(array, FAULT)
    assert count_by(memoryview(array.tobytes()), FAULT) == found
    assert sum(column[7] for code, column in found.groups.items() if code == 5) == 2
