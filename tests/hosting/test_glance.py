"""A look at a ring that runs: exact for a small one, near enough for a large one, and never more than it was given."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.hosting.glance import RUN_SLOTS, RUNS, WHOLE_SLOTS, Glance, glance
from vyrectl.task.arrays import SlotArray


def look(slots: SlotArray, given_slots: int | None = None, seed: int = 1) -> Glance | None:
    data = slots.tobytes()
    count = len(slots) if given_slots is None else given_slots
    return glance(lambda offset, size: data[offset : offset + size], count, Random(seed))


def random_slots(count: int, seed: int) -> SlotArray:
    random = np.random.default_rng(seed)
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"] = random.integers(0, 9, count)
    slots["priority"] = random.integers(0, 7, count)
    slots["age_ticks"] = random.integers(0, 50, count)
    return slots


@given(st.integers(1, 300), st.integers(0, 1000))
def test_a_small_ring_is_counted(count: int, seed: int) -> None:
    slots = random_slots(count, seed)
    found = look(slots)
    assert found is not None
    states = slots["state"]
    assert found.counts == tuple(int((states == state).sum()) for state in range(8))
    assert found.unknown == int((states == 8).sum())
    waiting = np.isin(states, (1, 5, 6))
    classes = np.minimum(slots["priority"], 4)
    assert found.depths == tuple(int((waiting & (classes == k)).sum()) for k in range(5))
    assert found.oldest == int(slots["age_ticks"].max())
    assert found.ended == int(np.isin(states, (3, 7)).sum())
    assert found.is_whole


@pytest.mark.parametrize("count", [WHOLE_SLOTS + 1, 20_000, 300_001])
def test_a_large_ring_is_estimated(count: int) -> None:
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"][: count // 4] = 3
    slots["state"][count // 4 :] = 1
    slots["priority"] = 2
    found = look(slots)
    assert found is not None
    assert sum(found.counts) + found.unknown == count
    assert not found.is_whole
    assert abs(found.counts[3] - count / 4) < count / 50
    assert abs(found.depths[2] - count * 3 / 4) < count / 50


def test_it_reads_no_more_than_it_says() -> None:
    read: list[int] = []

    def note(offset: int, size: int) -> bytes:
        read.append(size)
        assert offset >= 0
        assert offset + size <= 1_000_000 * 64
        return bytes(size)

    assert glance(note, 1_000_000, Random(2)) is not None
    assert (len(read), sum(read)) == (RUNS, RUNS * RUN_SLOTS * 64)


def test_a_ring_that_was_cut_short() -> None:
    slots = random_slots(100, 3)
    assert look(slots[:0], given_slots=100) is None
    found = look(slots[:50], given_slots=100)
    assert found is not None
    assert sum(found.counts) + found.unknown == 100
    assert look(slots[:0], given_slots=0) is None
