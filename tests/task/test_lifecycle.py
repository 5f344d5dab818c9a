"""The lifecycle: the runtime's answers, over one task and over arrays, and properties of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import load
from vyrectl import SLOT_DTYPE, TaskFlag, TaskState, TaskWorkItem
from vyrectl.abi.states import state_name
from vyrectl.errors import CounterOverflowError, IllegalTransitionError, LifecycleError
from vyrectl.task.arrays import SlotArray, allowed, apply_transition, check_transition
from vyrectl.task.lifecycle import ACTIONS, TRANSITIONS, apply_words

ARGUMENTS = {
    "continuation_pc": "pc",
    "continuation_data": "data",
    "resume_epoch": "epoch",
    "priority": "priority",
    "fault_code": "code",
}
edge = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 99, 2**31, 2**32 - 2, 2**32 - 1])
tasks = st.builds(lambda words: TaskWorkItem(*words), st.lists(edge, min_size=16, max_size=16))


def arguments_of(vector: dict[str, Any]) -> dict[str, int]:
    return {ARGUMENTS[name]: value for name, value in vector["args"].items()}


def as_array(items: list[TaskWorkItem]) -> SlotArray:
    return np.frombuffer(b"".join(item.to_bytes() for item in items), dtype=SLOT_DTYPE)


def check_error(error: LifecycleError, wanted: dict[str, Any], where: int) -> None:
    if isinstance(error, IllegalTransitionError):
        shown = {"kind": "illegal_transition", "action": error.action, "state": error.state_name}
        assert {**wanted, "state": wanted["state"].replace(" ", "")} == shown, where
    else:
        assert isinstance(error, CounterOverflowError)
        assert wanted == {"kind": "counter_overflow", "counter": error.counter}, where
    assert error.exit_code == 4


def check_array_error(
    slots: SlotArray, action: str, arguments: dict[str, int], wanted: LifecycleError, slot: int
) -> None:
    with pytest.raises(type(wanted)) as caught:
        apply_transition(slots, action, None, **arguments)
    assert (caught.value.slot, caught.value.what) == (slot, wanted.what)


def test_one_task_moves_as_in_the_runtime() -> None:
    cases = list(load("transitions"))
    assert cases
    for vector in cases:
        item = TaskWorkItem.from_bytes(bytes.fromhex(vector["slot"]))
        try:
            after = item.apply(vector["action"], **arguments_of(vector))
        except LifecycleError as error:
            check_error(error, vector["err"], vector["i"])
        else:
            assert after.to_bytes().hex() == vector["ok"], vector["i"]


def test_arrays_move_as_in_the_runtime() -> None:
    cases = list(load("transitions"))
    assert cases
    for vector in cases:
        slots = np.frombuffer(bytes.fromhex(vector["slot"]), dtype=SLOT_DTYPE)
        try:
            after = apply_transition(slots, vector["action"], None, **arguments_of(vector))
        except LifecycleError as error:
            check_error(error, vector["err"], vector["i"])
        else:
            assert after.tobytes().hex() == vector["ok"], vector["i"]
        assert slots.tobytes().hex() == vector["slot"]


@given(st.lists(tasks, max_size=6), st.sampled_from(ACTIONS), st.lists(edge, min_size=5, max_size=5))
def test_arrays_and_single_tasks_agree(items: list[TaskWorkItem], action: str, numbers: list[int]) -> None:
    arguments = dict(zip(TRANSITIONS[action].arguments, numbers, strict=False))
    slots = as_array(items)
    singles: list[TaskWorkItem] = []
    for at, item in enumerate(items):
        try:
            singles.append(item.apply(action, **arguments))
        except LifecycleError as error:
            check_array_error(slots, action, arguments, error, at)
            return
    assert apply_transition(slots, action, None, **arguments).tobytes() == as_array(singles).tobytes()


@given(tasks, st.sampled_from(ACTIONS), st.lists(edge, min_size=5, max_size=5))
def test_a_step_touches_only_what_its_row_names(item: TaskWorkItem, action: str, numbers: list[int]) -> None:
    row = TRANSITIONS[action]
    arguments = dict(zip(row.arguments, numbers, strict=False))
    try:
        after = item.apply(action, **arguments)
    except LifecycleError:
        return
    named = {"state", "flags", *row.arguments.values(), *row.counters}
    for name in TaskWorkItem.__dataclass_fields__:
        if name not in named:
            assert getattr(after, name) == getattr(item, name)
    for argument, field in row.arguments.items():
        assert getattr(after, field) == arguments[argument]
    for counter in row.counters:
        assert getattr(after, counter) == getattr(item, counter) + 1
    assert after.state == row.target


@given(tasks, st.sampled_from(ACTIONS))
def test_on_an_error_the_words_stay(item: TaskWorkItem, action: str) -> None:
    words = list(item.words())
    arguments = dict.fromkeys(TRANSITIONS[action].arguments, 7)
    try:
        apply_words(words, action, **arguments)
    except LifecycleError:
        assert tuple(words) == item.words()


def test_methods_are_the_table() -> None:
    ready = TaskWorkItem(state=TaskState.READY)
    assert ready.pause(1, 2, 3) == ready.apply("pause", pc=1, data=2, epoch=3)
    assert ready.pause(1, 2, 3).resume().flags == TaskFlag.RESUME_READY
    assert ready.yield_(1, 2) == ready.apply("yield", pc=1, data=2)
    assert ready.requeue(1, 2, 3) == ready.apply("requeue", pc=1, data=2, priority=3)
    assert ready.complete() == ready.apply("complete")
    assert ready.fault(9) == ready.apply("fault", code=9)


def test_errors_say_action_state_and_slot() -> None:
    slots = as_array([TaskWorkItem(state=1), TaskWorkItem(state=99)])
    with pytest.raises(IllegalTransitionError) as caught:
        check_transition(slots, "complete", np.array([40, 41]))
    assert (caught.value.action, caught.value.state, caught.value.slot) == ("complete", 99, 41)
    assert "unknown(99)" in str(caught.value)
    assert state_name(99) in str(caught.value)
    assert list(allowed(slots, "complete")) == [True, False]


def test_requeue_checks_its_own_counter_before_the_age() -> None:
    full = TaskWorkItem(state=1, requeue_count=2**32 - 1, age_ticks=2**32 - 1)
    with pytest.raises(CounterOverflowError, match="requeue_count"):
        full.requeue(0, 0, 0)
    with pytest.raises(CounterOverflowError) as caught:
        apply_transition(as_array([full]), "requeue", pc=0, data=0, priority=0)
    assert caught.value.counter == "requeue_count"


def test_the_state_is_checked_before_the_counters() -> None:
    with pytest.raises(IllegalTransitionError):
        TaskWorkItem(state=3, yield_count=2**32 - 1).yield_(0, 0)
