"""Parents and children: found alike with and without numpy; a walk visits every slot once, parents first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import numbered, slots_of
from vyrectl.ring import family
from vyrectl.ring.family import parent_slots, relatives, walk, with_ancestors
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray

small = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 5)), max_size=10)


def family_of(*rows: tuple[int, int, int]) -> SlotArray:
    """Slots from (state, task_id, parent_task_id)."""
    return slots_of([[state, *[0] * 9, task, parent, *[0] * 4] for state, task, parent in rows])


def visit(slots: SlotArray, *numbers: int) -> list[tuple[int, int]]:
    chosen = np.array(numbers or range(len(slots)), np.int64)
    return list(walk(parent_slots(slots), chosen))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(small)
def test_relatives_are_found_alike_with_and_without_numpy(rows: list[tuple[int, int, int]]) -> None:
    slots = family_of(*rows)
    ring = Ring.from_slots(slots)
    for number, (_, task, parent) in enumerate(rows):
        live = [(i, t, p) for i, (state, t, p) in enumerate(rows) if state]
        found = relatives(ring, number)
        assert found.parents == tuple(i for i, t, _ in live if t == parent != 0)
        assert found.children == tuple(i for i, _, p in live if p == task != 0)
        assert found == family._find_in_slots(ring, task, parent)
    assert [at >= 0 for at in parent_slots(slots).tolist()] == [
        bool(state and relatives(ring, number).parents) for number, (state, _, _) in enumerate(rows)
    ]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(small, st.data())
def test_a_walk_visits_every_slot_once_and_parents_first(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    slots = family_of(*rows)
    parents = parent_slots(slots)
    numbers = np.array(data.draw(st.permutations(range(len(rows)))), np.int64)[: len(rows) // 2 + 1]
    visited = list(walk(parents, numbers))
    assert sorted(number for number, _ in visited) == sorted(numbers.tolist())
    path: list[int] = []
    for number, depth in visited:
        assert depth <= len(path)
        assert depth == 0 or parents[number] == path[depth - 1]
        path[depth:] = [number]


def test_siblings_come_in_the_order_given() -> None:
    slots = family_of((1, 1, 0), (1, 2, 1), (1, 3, 1), (1, 4, 2), (1, 5, 9), (0, 6, 1))
    assert visit(slots) == [(0, 0), (1, 1), (3, 2), (2, 1), (4, 0), (5, 0)]
    assert visit(slots, 4, 3, 2, 1, 0) == [(4, 0), (0, 0), (2, 1), (1, 1), (3, 2)]


def test_a_slot_without_its_parent_is_a_root() -> None:
    slots = family_of((1, 1, 0), (1, 2, 1), (1, 3, 2))
    assert visit(slots, 1, 2) == [(1, 0), (2, 1)]
    assert visit(slots, 0, 2) == [(0, 0), (2, 0)]


def test_a_cycle_starts_at_its_lowest_slot() -> None:
    slots = family_of((1, 9, 3), (1, 2, 3), (1, 3, 2), (1, 4, 4))
    assert visit(slots) == [(1, 0), (2, 1), (0, 2), (3, 0)]


def test_the_first_bearer_of_an_id_is_the_parent() -> None:
    slots = family_of((0, 7, 0), (1, 7, 0), (1, 7, 0), (1, 8, 7))
    assert parent_slots(slots).tolist() == [-1, -1, -1, 1]
    assert relatives(Ring.from_slots(slots), 3).parents == (1, 2)


@pytest.mark.parametrize(("chosen", "expected"), [([3], [0, 1, 3]), ([], []), ([0], [0]), ([4], [4, 5])])
def test_ancestors_come_along(chosen: list[int], expected: list[int]) -> None:
    slots = family_of((1, 1, 0), (1, 2, 1), (1, 3, 1), (1, 4, 2), (1, 5, 6), (1, 6, 5))
    found = with_ancestors(parent_slots(slots), np.array(chosen, np.int64))
    assert found.tolist() == expected


def test_a_long_line_of_descent() -> None:
    slots = numbered(50_000, state=1)
    slots["task_id"] += 1
    slots["parent_task_id"] = np.arange(50_000)
    assert list(walk(parent_slots(slots), np.arange(50_000)))[-1] == (49_999, 49_999)


def test_a_large_ring_is_searched_in_chunks() -> None:
    slots = numbered(family.CHUNK_SLOTS + 20_000, state=1)
    slots["parent_task_id"][[5, -1]] = 40_000
    found = relatives(Ring.from_slots(slots), 40_000)
    assert found.children == (5, len(slots) - 1)
    assert relatives(Ring.from_slots(slots), 5).parents == (40_000,)
