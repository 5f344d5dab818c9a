"""One task: bytes, work items, and the runtime's own answers about slots."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import load
from vyrectl import TaskWorkItem, WorkItem
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.errors import InvalidInputError

slot_bytes = st.binary(min_size=64, max_size=64)


@given(slot_bytes)
def test_bytes_survive_a_round_trip(data: bytes) -> None:
    assert TaskWorkItem.from_bytes(data).to_bytes() == data


@given(slot_bytes)
def test_a_memoryview_reads_like_bytes(data: bytes) -> None:
    assert TaskWorkItem.from_bytes(memoryview(data)) == TaskWorkItem.from_bytes(bytearray(data))


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_another_length_is_no_slot(length: int) -> None:
    with pytest.raises(InvalidInputError, match=f"not {length}"):
        TaskWorkItem.from_bytes(bytes(length))


@pytest.mark.parametrize("value", [-1, 2**32, 1.0, "1", None])
def test_a_word_that_is_no_u32_is_named(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="age_ticks"):
        TaskWorkItem(age_ticks=value).to_bytes()


def test_items_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        TaskWorkItem().state = 1  # type: ignore[misc]


def test_words_stand_in_wire_order() -> None:
    assert TaskWorkItem(*range(16)).words() == tuple(range(16))
    assert [getattr(TaskWorkItem(*range(16)), name) for name in FIELD_NAMES] == list(range(16))


def test_slots_decode_as_the_runtime_decodes_them() -> None:
    cases = list(load("misc", "slot_decode"))
    assert cases
    for vector in cases:
        item = TaskWorkItem.from_bytes(bytes.fromhex(vector["slot"]))
        state, priority = item.task_state, item.task_priority
        work = item.work_item()
        assert (state.label if state is not None else None) == vector["task_state"], vector["i"]
        assert (priority.label if priority is not None else None) == vector["task_priority"], vector["i"]
        assert item.is_schedulable == vector["is_schedulable"], vector["i"]
        assert [work.op_handle, work.input_handle, work.output_handle, work.param] == vector["work_item"], (
            vector["i"]
        )


def test_work_items_become_tasks_as_the_runtime_makes_them() -> None:
    cases = list(load("misc", "from_work_item"))
    assert cases
    for vector in cases:
        item = TaskWorkItem.from_work_item(
            vector["task_id"], vector["tenant_id"], vector["priority"], WorkItem(*vector["item"])
        )
        assert item.to_bytes().hex() == vector["ok"], vector["i"]
        assert item.work_item() == WorkItem(*vector["item"])
