"""Lifecycle actions on tasks of a running ring, between two of its rounds. Imports numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import UnknownNameError, UsageError
from vyrectl.live.access import Access, Numbers
from vyrectl.numbers import integer
from vyrectl.ring.select import select
from vyrectl.task.arrays import SlotArray, allowed
from vyrectl.task.lifecycle import TRANSITIONS, apply_words

ACTIONS = ("pause", "resume", "requeue")
"""What may be done to tasks that wait; the others are for whoever holds the task."""

_RUNNING = int(TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change.

    Attributes:
        changed: Tasks that were changed.
        running: Tasks that a worker or another editor held; they stay as they are.
        passed: Other chosen tasks whose state or counters do not allow it.
    """

    changed: int
    running: int
    passed: int


def change_tasks(
    access: Access, action: str, which: int | str, op_codes: Mapping[str, int], **arguments: int
) -> Change:
    """Apply an action to the task with an id, or to all for which a condition holds.

    Only to be called while no round runs (`Follow.order`).

    Args:
        access: How the slots of the running ring are read and written.
        action: One of `ACTIONS`.
        which: A task_id, or a condition as `--where` takes it.
        op_codes: Operation names and their ids, for the condition.
        **arguments: Of the action; the slot's own words are the default, and never for an epoch.

    Raises:
        UnknownNameError: No such action.
        UsageError: An argument that the action does not take, or no u32.
        WhereError: The condition is not in the language.
    """
    _check(action, arguments)
    slots = access.everything()
    numbers = _choose(slots, which, op_codes)
    numbers = numbers[slots["state"][numbers] != int(TaskState.EMPTY)]
    running = slots["state"][numbers] == _RUNNING
    may = allowed(slots[numbers], action) & ~running
    for counter in TRANSITIONS[action].counters:
        may &= slots[counter][numbers] < U32_MAX
    chosen = numbers[may]
    changed = access.exchange(chosen, slots[chosen], _after(slots[chosen], action, arguments))
    met = int(np.count_nonzero(running)) + len(chosen) - changed
    return Change(changed, met, len(numbers) - len(chosen) - int(np.count_nonzero(running)))


def _check(action: str, arguments: Mapping[str, int]) -> None:
    if action not in ACTIONS:
        raise UnknownNameError("action", action, ACTIONS)
    takes = TRANSITIONS[action].arguments
    for name, value in arguments.items():
        if name not in takes:
            what = f"It takes {', '.join(takes)}" if takes else "It takes no argument"
            raise UsageError(f"{action} takes no {name}", fix=what)
        integer(name, value)


def _choose(slots: SlotArray, which: int | str, op_codes: Mapping[str, int]) -> Numbers:
    if isinstance(which, str):
        return select(slots, where=which, op_codes=op_codes)
    task_id = integer("the task id", which)
    return np.flatnonzero((slots["task_id"] == task_id) & (slots["state"] != int(TaskState.EMPTY)))


def _after(slots: SlotArray, action: str, arguments: Mapping[str, int]) -> SlotArray:
    after = slots.copy()
    row = TRANSITIONS[action]
    for position in range(len(after)):
        words = list(after[position].tolist())
        own = {name: words[FIELD_INDEX[field]] for name, field in row.arguments.items()}
        if "epoch" in own:
            own["epoch"] = NEVER_EPOCH
        apply_words(words, action, **{**own, **arguments})
        after[position] = tuple(words)
    return after
