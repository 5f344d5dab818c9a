"""Two readings of a slot: what evidence decides, and that both ways of looking agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.opcodes import LOAD_MISS, PACKED_SLOT
from vyrectl.errors import UnknownNameError
from vyrectl.ring.reading import Abi, Readings, decide_bytes, decide_words, parse_abi
from vyrectl.ring.reading_arrays import decide, protocol_mask
from vyrectl.ring.synthetic import synthesize
from vyrectl.task.item import TaskWorkItem
from vyrectl.task.lifecycle import TRANSITIONS

word = st.one_of(st.integers(0, 9), st.sampled_from([0xF, 0x10, 0x100, U32_MAX]), st.integers(0, U32_MAX))
rows = st.lists(st.tuples(*[st.integers(0, 9), st.integers(0, 3), *[word] * (SLOT_WORDS - 2)]), max_size=30)


@given(rows)
def test_small_rings_and_large_ones_are_judged_alike(slots: list[tuple[int, ...]]) -> None:
    array = np.array(slots, SLOT_DTYPE) if slots else np.zeros(0, SLOT_DTYPE)
    assert decide(array) == decide_words(slots) == decide_bytes(array.tobytes() + b"rest")
    readings = decide(array)
    ops = np.array(array["op_handle"])
    assert protocol_mask(readings, ops).tolist() == [readings.is_protocol(int(op)) for op in ops]


@given(
    st.lists(st.sampled_from(["claim", "store done", *TRANSITIONS]), max_size=10),
    st.booleans(),
    st.integers(1, U32_MAX),
    st.integers(1, U32_MAX),
)
def test_what_spec_1_6_makes_of_a_task_is_a_task(
    history: list[str], automata: bool, pc: int, state: int
) -> None:
    task = TaskWorkItem(state=1, task_id=1, param=state)
    if automata:
        task = TaskWorkItem(
            state=1, param=state, continuation_pc=pc, continuation_data=state, flags=4, task_id=1
        )
    for step in history:
        if step == "claim":
            task = TaskWorkItem(2, *task.words()[1:]) if task.is_schedulable else task
        elif step == "store done":
            task = TaskWorkItem(3, *task.words()[1:]) if task.state == 2 else task
        elif task.task_state in TRANSITIONS[step].sources:
            task = task.apply(step, **dict.fromkeys(TRANSITIONS[step].arguments, pc))
    assert decide_words([task.words()]) == Readings()


def test_a_synthetic_ring_is_read_as_tasks() -> None:
    assert decide(synthesize(40_000, 5)) == Readings()


def test_the_majority_of_an_operation_s_slots_decides() -> None:
    task = TaskWorkItem(state=1, op_handle=9, task_id=7)
    published = TaskWorkItem(1, 9, 0, 2, 1, 2, 3, 4)
    (mixed,) = decide_words([task.words(), published.words()]).operations
    assert (mixed.reading, mixed.slots, mixed.unlike_tasks, mixed.like_tasks, mixed.first) == (
        Abi.TASK,
        2,
        1,
        1,
        1,
    )
    (most,) = decide_words([task.words(), *[published.words()] * 2]).operations
    assert most.reading is Abi.PROTOCOL
    assert most.why == "words 7-15 of 2 of 3 slots are no task's (slot 1 first), and 1 look like a task's"


def test_the_wire_decides_for_packed_slots_and_load_misses() -> None:
    for op in (PACKED_SLOT, LOAD_MISS):
        assert Readings().is_protocol(op)
        assert not Readings(Abi.TASK).is_protocol(op)
        assert Readings(Abi.PROTOCOL).is_protocol(0)
        assert decide_words([TaskWorkItem(1, op, 0, 2, 1, 2, 3, 4, 5, 6).words()]) == Readings()


def test_the_value_of_the_option() -> None:
    assert [parse_abi(" Auto "), parse_abi("task"), parse_abi("PROTOCOL")] == [*Abi]
    with pytest.raises(UnknownNameError, match=r"unknown --abi 'protocl'\. Did you mean 'protocol'"):
        parse_abi("protocl")
