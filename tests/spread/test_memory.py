"""The ring between the processes of a launch on several devices: whole shards, whatever dies."""

from __future__ import annotations

import numpy as np
import pytest

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.spread.cut import Shard, cut
from vyrectl.spread.memory import SpreadMemory
from vyrectl.task.arrays import SlotArray

SLOTS = 200


@pytest.fixture
def given() -> SlotArray:
    slots = np.zeros(SLOTS, SLOT_DTYPE)
    slots["task_id"] = np.arange(SLOTS)
    slots["state"] = 1
    return slots


@pytest.fixture
def shards() -> list[Shard]:
    return cut(SLOTS, 2, 64)


@pytest.fixture
def memory(given: SlotArray, shards: list[Shard]) -> SpreadMemory:
    memory = SpreadMemory(memoryview(given.tobytes()))
    memory.cut(shards)
    return memory


def visit(memory: SpreadMemory, shard: Shard, data: int) -> SlotArray:
    """What a device's process does with a shard; what it found."""
    memory.send(shard)
    found = memory.begin(shard).copy()
    memory.worked(shard)["continuation_data"] = data
    return found


def seen(memory: SpreadMemory) -> SlotArray:
    data = memory.whole()
    assert data is not None
    return np.frombuffer(data, SLOT_DTYPE)


def test_nothing_is_worked_on_before_it_is_taken_up(memory: SpreadMemory, given: SlotArray) -> None:
    assert (seen(memory) == given).all()
    assert (memory.given() == given).all()
    memory.finish()
    assert (memory.result() == given).all()


def test_whoever_looks_sees_each_shard_where_it_is(memory: SpreadMemory, shards: list[Shard]) -> None:
    visit(memory, shards[1], 7)
    expected = np.zeros(SLOTS, np.uint32)
    expected[64:128] = 7
    assert (seen(memory)["continuation_data"] == expected).all()
    look = memory.glance()
    assert look is not None
    assert sum(look.counts) == SLOTS


def test_a_visit_that_did_not_end_leaves_nothing(
    memory: SpreadMemory, shards: list[Shard], given: SlotArray
) -> None:
    visit(memory, shards[0], 7)
    assert (visit(memory, shards[0], 8) == given[:64]).all()
    visit(memory, shards[2], 9)
    memory.take(shards[0])
    memory.finish()
    data = memory.result()["continuation_data"]
    assert (data[:64] == 8).all()
    assert not data[64:].any()


def test_what_an_earlier_visit_left_outlives_one_that_did_not_end(
    memory: SpreadMemory, shards: list[Shard]
) -> None:
    visit(memory, shards[0], 7)
    memory.take(shards[0], has_more=True)
    assert (visit(memory, shards[0], 8)["continuation_data"] == 7).all()
    assert (visit(memory, shards[0], 9)["continuation_data"] == 7).all()
    memory.finish()
    assert (memory.result()["continuation_data"][:64] == 7).all()


def test_given_is_not_written(memory: SpreadMemory) -> None:
    with pytest.raises(ValueError, match="read-only"):
        memory.given()["state"] = 0
