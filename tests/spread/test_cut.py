"""How rings are cut, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rings import ready_tasks
from vyrectl.abi.opcodes import (
    ATOMIC_ADD,
    BATCH_FENCE,
    COMPARE_SWAP,
    LOAD_U32,
    MEMCPY,
    PACKED_SLOT,
    STORE_U32,
)
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import UsageError
from vyrectl.launching.prepare import start_control
from vyrectl.spread.cut import SHARD_STEP, cut, refuse_uncut
from vyrectl.task.arrays import SlotArray


def job(slots: SlotArray, selected: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None) -> Job:
    return Job(slots, start_control(None, None), BufferTable(), selected=selected)


@given(st.integers(1, 10_000), st.integers(1, 9), st.none() | st.integers(1, 3000))
def test_shards_are_pages_and_make_up_the_ring(slots: int, devices: int, wanted: int | None) -> None:
    shards = cut(slots, devices, wanted)
    assert [one.number for one in shards] == list(range(len(shards)))
    assert [one.first for one in shards] == [0, *(one.end for one in shards[:-1])]
    assert shards[-1].end == slots
    assert all(len(one) % SHARD_STEP == 0 for one in shards[:-1])
    if wanted is None:
        assert len(shards) <= 4 * devices
    else:
        assert all(len(one) <= max(wanted, SHARD_STEP) for one in shards)


@pytest.mark.parametrize("op", [STORE_U32, LOAD_U32, COMPARE_SWAP, MEMCPY, BATCH_FENCE])
def test_writers_of_the_control_buffer_are_refused(op: int) -> None:
    slots = ready_tasks(200)
    slots["op_handle"][130] = op
    with pytest.raises(UsageError, match="slot 130"):
        refuse_uncut(job(slots), "ring.bin")
    slots["state"][130] = 3
    refuse_uncut(job(slots), "ring.bin")


def test_one_that_is_not_selected_is_no_matter() -> None:
    slots = ready_tasks(200)
    slots["op_handle"][130] = STORE_U32
    refuse_uncut(job(slots, np.arange(200) != 130), "ring.bin")


def test_one_that_sleeps_may_wake() -> None:
    slots = ready_tasks(200)
    slots["op_handle"][130], slots["state"][130], slots["resume_epoch"][130] = STORE_U32, 5, 9
    slots["state"][130] = 4
    with pytest.raises(UsageError, match="slot 130"):
        refuse_uncut(job(slots), "ring.bin")


def test_packed_slots_are_looked_into() -> None:
    slots = ready_tasks(200)
    slots["op_handle"][70] = PACKED_SLOT
    words = slots[70:71].view(np.uint32)
    payload = words[4:].view(np.uint8)
    payload[:6] = [2, 0, ATOMIC_ADD, 0, COMPARE_SWAP, 3]
    with pytest.raises(UsageError, match="compare_swap in slot 70"):
        refuse_uncut(job(slots), "ring.bin")


def test_adding_to_the_control_buffer_adds_up() -> None:
    slots = ready_tasks(200, op_handle=ATOMIC_ADD)
    refuse_uncut(job(slots), "ring.bin")
