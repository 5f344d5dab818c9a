"""The lifecycle of spec 1.6 as one table.

`TRANSITIONS` is the only place that says which states an action starts from, which words it writes, which
counters rise and which flags change. `apply_words` runs it on one slot, `vyrectl.task.arrays` on many,
and the generated C header carries its flag masks to the device. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TRANSITIONABLE, TaskFlag, TaskState, known_state, state_name
from vyrectl.dataclass import dataclass
from vyrectl.errors import CounterOverflowError, IllegalTransitionError
from vyrectl.numbers import integer


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of spec 1.6.

    Attributes:
        action: The spec's name of the action.
        sources: States it may start from.
        target: State it ends in.
        arguments: Argument name -> field it is stored in, in calling order.
        counters: Fields that rise by one, in the order their overflow is checked.
        set_flags: Bits added to flags.
        clear_flags: Bits removed from flags.
        meaning: One line for help texts.
    """

    action: str
    sources: frozenset[TaskState]
    target: TaskState
    arguments: Mapping[str, str]
    counters: tuple[str, ...]
    set_flags: int
    clear_flags: int
    meaning: str


_PAUSED = int(TaskFlag.PAUSED)
_YIELDED = int(TaskFlag.YIELDED)
_REQUEUE_REQUESTED = int(TaskFlag.REQUEUE_REQUESTED)
_RESUME_READY = int(TaskFlag.RESUME_READY)
_CONTINUATION = {"pc": "continuation_pc", "data": "continuation_data"}

TRANSITIONS: Mapping[str, Transition] = {
    row.action: row
    for row in (
        Transition(
            "pause",
            TRANSITIONABLE,
            TaskState.PAUSED,
            {**_CONTINUATION, "epoch": "resume_epoch"},
            (),
            _PAUSED,
            _RESUME_READY,
            "wait for an epoch",
        ),
        Transition(
            "resume",
            frozenset({TaskState.PAUSED}),
            TaskState.READY,
            {},
            (),
            _RESUME_READY,
            _PAUSED | _YIELDED,
            "make a paused task claimable again",
        ),
        Transition(
            "yield",
            TRANSITIONABLE,
            TaskState.YIELDED,
            _CONTINUATION,
            ("yield_count",),
            _YIELDED,
            0,
            "give up the worker and keep the progress",
        ),
        Transition(
            "requeue",
            TRANSITIONABLE,
            TaskState.REQUEUED,
            {**_CONTINUATION, "priority": "priority"},
            ("requeue_count", "age_ticks"),
            _REQUEUE_REQUESTED,
            0,
            "go back to a priority class, one tick older",
        ),
        Transition("complete", TRANSITIONABLE, TaskState.DONE, {}, (), 0, U32_MAX, "finish"),
        Transition(
            "fault",
            TRANSITIONABLE,
            TaskState.FAULTED,
            {"code": "continuation_data"},
            (),
            0,
            0,
            "stop with a fault code",
        ),
    )
}

ACTIONS: tuple[str, ...] = tuple(TRANSITIONS)


def apply_words(words: MutableSequence[int], action: str, **arguments: int) -> None:
    """Apply one action to the 16 words of a slot, in place; on an error nothing changes.

    Args:
        words: The slot's 16 words, as ints or as a u32 view.
        action: A key of `TRANSITIONS`.
        **arguments: Exactly the row's arguments, each a u32.

    Raises:
        IllegalTransitionError: The state is not one of the row's sources (checked first).
        CounterOverflowError: A counter that would rise is at 4294967295.
        UsageError: An argument is no u32.
    """
    row = TRANSITIONS[action]
    state = known_state(words[0])
    if state is None or state not in row.sources:
        raise IllegalTransitionError(action, words[0], state_name(words[0]))
    for counter in row.counters:
        if words[FIELD_INDEX[counter]] == U32_MAX:
            raise CounterOverflowError(counter)
    given = {field: integer(argument, arguments[argument]) for argument, field in row.arguments.items()}
    for field, word in given.items():
        words[FIELD_INDEX[field]] = word
    for counter in row.counters:
        words[FIELD_INDEX[counter]] += 1
    flags = FIELD_INDEX["flags"]
    words[flags] = (words[flags] | row.set_flags) & ~row.clear_flags & U32_MAX
    words[0] = int(row.target)
