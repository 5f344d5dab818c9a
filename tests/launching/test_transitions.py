"""Transition counts of a launch: rows add up, and equal those of a launch that is watched turn by turn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.outcomes import OUTCOME_STATES, OUTCOMES, OutcomeWord
from vyrectl.abi.states import TaskState
from vyrectl.launching.transitions import transition_counts

TURN_ENDS = st.sampled_from(OUTCOMES)
CLAIMABLE = (TaskState.READY, TaskState.YIELDED, TaskState.REQUEUED)


def test_every_outcome_leads_somewhere() -> None:
    assert tuple(OUTCOME_STATES) == OUTCOMES


@given(st.lists(st.sampled_from(TaskState), max_size=30), st.lists(TURN_ENDS, max_size=60), st.integers(0, 9))
def test_a_watched_launch_is_told_exactly(
    start: list[TaskState], ends: list[OutcomeWord], resumed: int
) -> None:
    states, seen = list(start), Counter[tuple[TaskState, TaskState]]()
    paused = [slot for slot, state in enumerate(states) if state is TaskState.PAUSED][:resumed]
    for slot in paused:
        seen[TaskState.PAUSED, TaskState.READY] += 1
        states[slot] = TaskState.READY
    turns = Counter[OutcomeWord]()
    for position, end in enumerate(ends):
        claimable = [slot for slot, state in enumerate(states) if state in CLAIMABLE]
        if not claimable:
            break
        slot = claimable[position % len(claimable)]
        seen[states[slot], TaskState.RUNNING] += 1
        states[slot] = OUTCOME_STATES[end]
        seen[TaskState.RUNNING, states[slot]] += 1
        turns[end] += 1
    for state in states:
        seen[state, state] += 1
    before = [start.count(state) for state in TaskState]
    after = [states.count(state) for state in TaskState]
    counts = {name: turns[name] for name in OUTCOMES}
    found = transition_counts(before, after, counts, len(paused))
    assert {(one.source, one.target): one.count for one in found} == seen
    for state in TaskState:
        arrived = sum(one.count for one in found if one.target is state and one.source is not state)
        assert sum(one.count for one in found if one.source is state) == before[state] + arrived


def test_a_record_names_the_states() -> None:
    (one,) = transition_counts([0] * 8, [0, 0, 0, 0, 3, 0, 0, 0], dict.fromkeys(OUTCOMES, 0), 0)
    assert one.to_record() == {"from": "Paused", "to": "Paused", "count": 3}


def test_foreign_edits_never_make_a_count_negative() -> None:
    turns = dict.fromkeys(OUTCOMES, 0) | {"done": 2}
    found = transition_counts([0, 2, 0, 0, 0, 0, 0, 0], [0, 0, 0, 2, 0, 5, 0, 0], turns, 0)
    assert {(one.source.label, one.target.label, one.count) for one in found} == {
        ("Ready", "Running", 2),
        ("Running", "Done", 2),
        ("Done", "Done", 2),
        ("Yielded", "Yielded", 5),
    }
