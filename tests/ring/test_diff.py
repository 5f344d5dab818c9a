"""Two looks at a ring: what differs is found, and its explanation, replayed, gives the second look again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import edge_words, numbered, slots_of
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.abi.states import TRANSITIONABLE, TaskState
from vyrectl.errors import LifecycleError
from vyrectl.ring.diff import CHUNK_SLOTS, RingDiff, diff_rings
from vyrectl.ring.explain import Explanation, _ways
from vyrectl.task.item import TaskWorkItem
from vyrectl.task.lifecycle import ACTIONS, TRANSITIONS

NEVER = 0xFFFF_FFFF

words = st.lists(edge_words, min_size=16, max_size=16)
states = st.sampled_from([int(state) for state in TaskState])
actions = st.lists(
    st.tuples(st.sampled_from([*ACTIONS, "claim"]), st.integers(0, 9), st.integers(0, 4)),
    min_size=1,
    max_size=6,
)


def look(before: TaskWorkItem, after: TaskWorkItem) -> Explanation:
    """The explanation of one slot's change."""
    diff = diff_rings(slots_of([list(before.words())]), slots_of([list(after.words())]))
    assert len(diff) == 1
    return diff.explanations[int(diff.which[0])]


def item(**fields: int) -> TaskWorkItem:
    return TaskWorkItem(**fields)


def changed(before: TaskWorkItem, **fields: int) -> TaskWorkItem:
    return TaskWorkItem(**(dict(zip(FIELD_NAMES, before.words(), strict=True)) | fields))


def act(task: TaskWorkItem, action: str, target: TaskWorkItem) -> TaskWorkItem:
    """One step, with the words of `target` as arguments."""
    if action == "claim":
        assert task.is_schedulable
        return changed(task, state=TaskState.RUNNING)
    if action == "cancel":
        return changed(task, state=TaskState.EMPTY)
    arguments = {
        name: target.words()[FIELD_INDEX[field]] for name, field in TRANSITIONS[action].arguments.items()
    }
    return task.apply(action, **arguments)


def replay(before: TaskWorkItem, after: TaskWorkItem, steps: tuple[str, ...]) -> TaskWorkItem:
    """Take the steps of an explanation; the last yield and the last requeue as often as the counters say."""
    task = before
    left = {
        "yield": after.yield_count - before.yield_count,
        "requeue": after.requeue_count - before.requeue_count,
    }
    for index, action in enumerate(steps):
        if action == "put-back":
            task = changed(task, state=after.state if index + 1 == len(steps) else TaskState.READY)
            continue
        later = steps[index + 1 :].count(action)
        for _ in range(left[action] - later if action in left else 1):
            task = act(task, action, after)
            if action in left:
                left[action] -= 1
    return task


@settings(max_examples=300, derandomize=True, deadline=None)
@given(words, states, actions)
def test_what_legal_steps_do_is_legal(raw: list[int], state: int, steps: list[tuple[str, int, int]]) -> None:
    before = TaskWorkItem(state, *raw[1:])
    task = before
    for action, number, priority in steps:
        target = changed(
            task,
            continuation_pc=number,
            continuation_data=number,
            resume_epoch=number,
            priority=priority,
        )
        try:
            if action != "claim" or task.is_schedulable:
                task = act(task, action, target)
        except LifecycleError:
            continue
    if task == before:
        return
    found = look(before, task)
    assert found.legal, found
    assert len(found.actions) <= len(steps)
    assert replay(before, task, found.actions) == task


@settings(max_examples=300, derandomize=True, deadline=None)
@given(words, words, states, states, st.sets(st.sampled_from(FIELD_NAMES)))
def test_a_legal_explanation_can_be_replayed(
    raw: list[int], other: list[int], state: int, later: int, fields: set[str]
) -> None:
    before = TaskWorkItem(state, *raw[1:])
    values = dict(zip(FIELD_NAMES, TaskWorkItem(later, *other[1:]).words(), strict=True))
    after = changed(before, **{name: values[name] for name in fields})
    if after == before or max(_rises(before, after)) > 20:
        return
    found = look(before, after)
    if found.legal and found.actions[0] != "publish":
        assert replay(before, after, found.actions) == after
    assert found.legal == bool(found.actions)
    assert found.legal or found.reason


def _rises(before: TaskWorkItem, after: TaskWorkItem) -> tuple[int, int]:
    return after.yield_count - before.yield_count, after.requeue_count - before.requeue_count


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (item(state=1), item(state=2), ("claim",)),
        (item(state=1, flags=16), item(state=3), ("complete",)),
        (item(state=2), item(state=6), ("put-back",)),
        (item(state=2), item(state=5, yield_count=1, flags=2, continuation_pc=7), ("yield",)),
        (item(state=1), item(state=3, yield_count=3, continuation_pc=9), ("yield", "complete")),
        (
            item(state=1),
            item(state=2, yield_count=2, requeue_count=1, age_ticks=1, flags=6, priority=3),
            ("yield", "requeue", "claim"),
        ),
        (item(state=4, flags=1), item(state=1, flags=8), ("resume",)),
        (item(state=2, flags=2), item(state=1, flags=8), ("pause", "resume")),
        (item(state=1), item(state=7, continuation_data=5), ("fault",)),
        (item(state=3, task_id=1), item(state=1, task_id=2, param=4), ("publish",)),
        (item(), item(state=3, task_id=9), ("publish", "complete")),
        (item(), item(state=4, task_id=9, flags=1), ("publish", "pause")),
        (item(state=5), item(state=0), ("cancel",)),
        (item(state=2), item(state=0), ("put-back", "cancel")),
    ],
)
def test_the_shortest_way_is_named(
    before: TaskWorkItem, after: TaskWorkItem, expected: tuple[str, ...]
) -> None:
    assert look(before, after) == Explanation(expected)


@pytest.mark.parametrize(
    ("before", "after", "words_of_reason"),
    [
        (item(state=1), item(state=1, op_handle=5), "op_handle changed, and no action writes it"),
        (item(state=1), item(state=3, param=5, task_id=1), "param, task_id changed, and no action writes"),
        (item(state=1, yield_count=4), item(state=1, yield_count=3), "yield_count fell"),
        (item(state=1, requeue_count=4, age_ticks=4), item(state=1), "requeue_count fell"),
        (item(state=1), item(state=1, age_ticks=3), "age_ticks did not rise with requeue_count"),
        (
            item(state=1, age_ticks=NEVER),
            item(state=6, requeue_count=1, flags=4),
            "age_ticks did not rise with requeue_count",
        ),
        (item(state=7), item(state=1), "no action starts from Faulted"),
        (item(state=3), item(state=0), "no action starts from Done"),
        (item(state=0), item(state=0, param=1), "param changed, and no action writes it"),
        (item(state=1), item(state=99), "an unknown state"),
        (item(state=99), item(state=98), "an unknown state"),
        (item(state=1), item(state=4), "flags are not what these states leave"),
        (item(state=1), item(state=3, flags=2), "flags are not what these states leave"),
        (item(state=1), item(state=5, flags=2), "yield_count does not fit"),
        (item(state=1), item(state=6, flags=4), "requeue_count does not fit"),
        (item(state=2), item(state=2, continuation_pc=4), "continuation_pc changed without a pause"),
        (item(state=2), item(state=2, continuation_data=4), "continuation_data changed without a pause"),
        (item(state=1), item(state=1, priority=4), "priority changed without a requeue"),
        (item(state=1), item(state=2, resume_epoch=4), "resume_epoch changed without a pause"),
        (item(state=1, flags=16), item(state=2, flags=32), "flag bits without a name changed"),
    ],
)
def test_what_stands_against_it_is_named(
    before: TaskWorkItem, after: TaskWorkItem, words_of_reason: str
) -> None:
    found = look(before, after)
    assert not found.legal
    assert found.actions == ()
    assert words_of_reason in str(found.reason)


def test_equal_rings() -> None:
    slots = numbered(100, state=1)
    diff = diff_rings(slots, slots.copy())
    assert diff.is_equal
    assert (len(diff), diff.added, diff.removed, diff.movements(), diff.changed_words()) == (0, 0, 0, [], {})
    assert diff_rings(slots[:0], slots[:0]).is_equal


def test_slots_across_chunks_are_numbered_from_the_ring() -> None:
    before = numbered(2 * CHUNK_SLOTS + 5, state=1)
    after = before.copy()
    wanted = [0, CHUNK_SLOTS - 1, CHUNK_SLOTS, 2 * CHUNK_SLOTS + 4]
    after["state"][wanted] = int(TaskState.DONE)
    diff = diff_rings(before, after)
    assert diff.numbers.tolist() == wanted
    assert (diff.after["task_id"] == wanted).all()
    assert diff.changed_words() == {"state": 4}


@pytest.mark.parametrize("word", range(16))
def test_one_bit_of_any_word_is_seen(word: int) -> None:
    before = numbered(3, state=1)
    after = before.copy()
    after[FIELD_NAMES[word]][1] ^= np.uint32(1 << 31)
    diff = diff_rings(before, after)
    assert diff.numbers.tolist() == [1]
    assert diff.changed_words() == {FIELD_NAMES[word]: 1}


def test_longer_and_shorter_rings() -> None:
    before = numbered(3, state=1)
    after = numbered(5, state=1)
    after["state"][4] = 0
    grown = diff_rings(before, after)
    assert (grown.added, grown.removed, grown.numbers.tolist()) == (2, 0, [3, 4])
    assert [grown.explanations[i].actions for i in grown.which] == [("publish",), ()]
    shrunk = diff_rings(after, before)
    assert (shrunk.added, shrunk.removed, shrunk.numbers.tolist()) == (0, 2, [3, 4])
    assert shrunk.legal.tolist() == [True, True]
    assert shrunk.movements() == []


def test_movements_add_up() -> None:
    before = numbered(40, state=1)
    after = before.copy()
    after["state"][:30] = int(TaskState.DONE)
    after["yield_count"][:20] = 3
    after["op_handle"][35] = 9
    after["state"][36] = 99
    diff = diff_rings(before, after)
    found = [(m.before, m.after, m.explanation.actions, m.slots, m.yields) for m in diff.movements()]
    assert found == [
        (TaskState.READY, TaskState.DONE, ("yield", "complete"), 20, 60),
        (TaskState.READY, TaskState.DONE, ("complete",), 10, 0),
        (TaskState.READY, TaskState.READY, (), 1, 0),
        (TaskState.READY, None, (), 1, 0),
    ]
    assert int(diff.legal.sum()) == 30
    assert _numbers(diff.take(~diff.legal)) == [35, 36]


def _numbers(diff: RingDiff) -> list[int]:
    assert len(diff.before) == len(diff.after) == len(diff.which) == len(diff)
    numbers: list[int] = diff.numbers.tolist()
    return numbers


def test_a_new_task_that_runs_already() -> None:
    found = look(item(state=TaskState.DONE, task_id=1), item(state=TaskState.RUNNING, task_id=2))
    assert found.actions == ("publish", "claim")


@pytest.mark.parametrize("flags", range(16))
@pytest.mark.parametrize("before", sorted(TRANSITIONABLE))
def test_some_way_leads_from_every_start_to_every_state(before: TaskState, flags: int) -> None:
    assert {node.state for node in _ways(before, flags)} == set(TaskState)
