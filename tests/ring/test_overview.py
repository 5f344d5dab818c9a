"""One look at a ring, held to a plain twin; only listed slots are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import edge_words, numbered, slots_of
from vyrectl.ring.listing import ORDERS, Listing, Wanted
from vyrectl.ring.overview import CHUNK_SLOTS, overview
from vyrectl.ring.where import compile_where

OPEN = (1, 2, 4, 5, 6)
CONDITIONS: dict[str | None, Callable[[int, list[int]], bool]] = {
    None: lambda i, w: True,
    "state < 4": lambda i, w: w[0] < 4,
    "priority in (0, unknown(99))": lambda i, w: w[3] in (0, 99),
    "slot % 2 == 1": lambda i, w: i % 2 == 1,
}
rows = st.lists(st.lists(edge_words, min_size=16, max_size=16), max_size=20)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(rows, st.integers(0, 5), st.sampled_from(list(CONDITIONS)))
def test_a_look_is_that_of_a_plain_twin(words: list[list[int]], most: int, where: str | None) -> None:
    chosen = [(i, tuple(w)) for i, w in enumerate(words) if CONDITIONS[where](i, w)]
    found = overview(slots_of(words), None if where is None else compile_where(where, {}), most)
    assert (found.total, found.matched) == (len(words), len(chosen))
    assert found.counts == tuple(sum(min(w[0], 8) == state for _, w in chosen) for state in range(9))
    waiting = [(i, w) for i, w in chosen if w[0] in OPEN]
    assert found.priorities == tuple(sum(min(w[3], 5) == one for _, w in waiting) for one in range(6))
    assert found.open_tasks == len(waiting)
    assert (found.requeues, found.yields) == (sum(w[13] for _, w in chosen), sum(w[14] for _, w in chosen))
    assert found.oldest == tuple(sorted(waiting, key=lambda row: (-row[1][12], row[0]))[:most])
    assert found.faulted == tuple([(i, w) for i, w in chosen if w[0] == 7][:most])


@pytest.mark.parametrize("most", [1, 3])
def test_the_oldest_and_the_faulted_of_all_chunks(most: int) -> None:
    slots = numbered(3 * CHUNK_SLOTS, state=1)
    places = [CHUNK_SLOTS + 5, 7, 3 * CHUNK_SLOTS - 1]
    slots["age_ticks"][places] = [9, 8, 8]
    slots["state"][np.array(places) - 3] = 7
    found = overview(slots, None, most)
    assert [number for number, _ in found.oldest] == places[:most]
    assert [number for number, _ in found.faulted] == sorted(place - 3 for place in places)[:most]


KEYS: dict[str, Callable[[tuple[int, ...]], int]] = {
    "age": lambda w: -w[12],
    "requeues": lambda w: -w[13],
    "yields": lambda w: -w[14],
    "priority": lambda w: w[3],
    "slot": lambda w: 0,
}


@settings(max_examples=150, derandomize=True, deadline=None)
@given(rows, st.integers(0, 5), st.integers(0, 20), st.sampled_from(list(KEYS)))
def test_any_part_in_any_order_is_that_of_a_plain_twin(
    words: list[list[int]], most: int, first: int, order: str
) -> None:
    wanted = Wanted(Listing(order, first), Listing(order, first))
    found = overview(slots_of(words), None, most, wanted)
    for states, listed in ((OPEN, found.oldest), ((7,), found.faulted)):
        chosen = [(i, tuple(w)) for i, w in enumerate(words) if w[0] in states]
        chosen.sort(key=lambda row: (KEYS[order](row[1]), row[0]))
        assert listed == tuple(chosen[first : first + most])


def test_orders_are_all_named() -> None:
    assert set(KEYS) == set(ORDERS)


@pytest.mark.parametrize("first", [0, 3, CHUNK_SLOTS + 11, 5 * CHUNK_SLOTS - 4])
def test_a_part_deep_in_a_long_ring(first: int) -> None:
    slots = numbered(5 * CHUNK_SLOTS, state=1)
    slots["age_ticks"] = np.random.default_rng(1).integers(0, 1000, len(slots))
    expected = np.argsort(~slots["age_ticks"], kind="stable")[first : first + 9]
    found = overview(slots, None, 9, Wanted(Listing("age", first)))
    assert [number for number, _ in found.oldest] == expected.tolist()


def test_a_look_outlives_the_memory_it_looked_at() -> None:
    slots = numbered(4, state=1)
    found = overview(slots, None, 2)
    slots["task_id"] = 77
    assert [words[10] for _, words in found.oldest] == [0, 1]
