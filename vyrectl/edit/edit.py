"""Changes to slots, planned and checked as a whole before anything is written (`vyrectl.edit.write`).

May import numpy. The invariant: planning changes nothing; an edit says what the slots hold and what they are to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES, U32_MAX
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.dataclass import dataclass
from vyrectl.errors import LifecycleError, UnknownNameError, UsageError
from vyrectl.records import Comparable
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray, apply_transition, whole
from vyrectl.task.lifecycle import ACTIONS, TRANSITIONS


@dataclass(frozen=True, slots=True, eq=False)
class Edit(Comparable):
    """What some slots hold now and are to hold.

    Attributes:
        numbers: Slot numbers, shape (n,), int64, sorted, without repeats.
        before: Those slots as they are, `SLOT_DTYPE`, shape (n,); may be a view of the ring.
        after: As they are to be, likewise.
        backup: What the old ring is called now, None where it was not kept.
        again: Makes `after` of other words of some slots, given those and the slots' numbers; for slots of a running
            ring that have moved on. None where an edit is about exactly these words.
        keeps: The old ring is kept, whatever else is said: what is changed is to be had nowhere else.
    """

    numbers: NDArray[np.int64]
    before: SlotArray
    after: SlotArray
    again: Callable[[SlotArray, NDArray[np.int64]], SlotArray] | None = None
    backup: str | None = None
    keeps: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Which of the slots change at all; booleans, shape (n,)."""
        unequal = _words(self.before) != _words(self.after)
        changed: NDArray[np.bool_] = unequal.any(axis=1)
        return changed

    def changes(self) -> Edit:
        """The same edit without the slots that stay as they are."""
        keep = self.differs
        if keep.all():
            return self
        before, after = (whole(slots)[keep].view(SLOT_DTYPE) for slots in (self.before, self.after))
        return Edit(self.numbers[keep], before, after, self.again, keeps=self.keeps)


def plan_transition(slots: SlotArray, numbers: NDArray[np.int64], action: str, **arguments: int) -> Edit:
    """Apply a lifecycle action (spec 1.6) to some slots, without writing anything.

    Args:
        slots: The whole ring, `SLOT_DTYPE`; not changed. numbers: Slots to change. action: One of
        `vyrectl.task.lifecycle.ACTIONS`. **arguments: Exactly those that the action takes (``pc``,
        ``data``, ``epoch``, ``priority``, ``code``).

    Raises:
        UnknownNameError: No such action.
        UsageError: An argument is missing, foreign or no u32, or a slot is past the end.
        IllegalTransitionError: The first slot whose state does not allow the action.
        CounterOverflowError: The first slot whose counter cannot rise.
    """
    if action not in TRANSITIONS:
        raise UnknownNameError("action", action, ACTIONS)
    _check_arguments(action, arguments)
    numbers = check_numbers(numbers, len(slots))

    def act(before: SlotArray, which: NDArray[np.int64]) -> SlotArray:
        return apply_transition(before, action, which, **arguments)

    return _edit_of(slots, numbers, act)


def plan_set(slots: SlotArray, numbers: NDArray[np.int64], values: Mapping[str, int]) -> Edit:
    """Write words into some slots, whatever their state, without writing the file.

    Args:
        slots: The whole ring, `SLOT_DTYPE`; not changed.
        numbers: Slots to change.
        values: Field name -> word.

    Raises:
        UnknownNameError: No such field.
        UsageError: A value is no u32, or a slot is past the end.
    """
    for name, value in values.items():
        if name not in FIELD_NAMES:
            raise UnknownNameError("field", name, FIELD_NAMES)
        _check_word(name, value)
    numbers = check_numbers(numbers, len(slots))

    def write(before: SlotArray, which: NDArray[np.int64]) -> SlotArray:
        after = whole(before).copy().view(SLOT_DTYPE)
        for name, value in values.items():
            after[name] = np.uint32(value)
        return after

    return _edit_of(slots, numbers, write)


def _edit_of(
    slots: SlotArray, numbers: NDArray[np.int64], act: Callable[[SlotArray, NDArray[np.int64]], SlotArray]
) -> Edit:
    before = _take(slots, numbers)
    return Edit(numbers, before, act(before, numbers), act)


def check_numbers(numbers: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Slot numbers made sorted and unique, all inside a ring of `total` slots.

    Raises:
        UsageError: One is negative or past the end.
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    if not (numbers[1:] > numbers[:-1]).all():
        numbers = np.unique(numbers)
    for number in numbers[:1], numbers[-1:]:
        if number.size and not 0 <= int(number[0]) < total:
            raise UsageError(
                f"there is no slot {int(number[0])}", fix=f"The ring has {total} slots, from 0 on"
            )
    return numbers


def _check_arguments(action: str, arguments: Mapping[str, int]) -> None:
    wanted = TRANSITIONS[action].arguments
    for name in wanted:
        if name not in arguments:
            raise UsageError(f"{action} needs {name}", fix=f"Give --{name}")
    for name, value in arguments.items():
        if name not in wanted:
            takes = f"It takes {', '.join(wanted)}" if wanted else "It takes no argument"
            raise UsageError(f"{action} takes no {name}", fix=takes)
        _check_word(name, value)


def _check_word(name: str, value: int) -> None:
    if not 0 <= value <= U32_MAX:
        raise UsageError(
            f"{name} is {value}, which no word can hold", fix=f"Give a number from 0 to {U32_MAX}"
        )


def _take(slots: SlotArray, numbers: NDArray[np.int64]) -> SlotArray:
    """The numbered slots: a view when they are consecutive, else a copy."""
    first, count = (int(numbers[0]), len(numbers)) if len(numbers) else (0, 0)
    if count and int(numbers[-1]) - first == count - 1:
        return slots[first : first + count]
    return whole(slots)[numbers].view(SLOT_DTYPE)


def _words(slots: SlotArray) -> NDArray[np.uint64]:
    """Slots as pairs of words, shape (n, 8)."""
    return np.ascontiguousarray(slots).view(np.uint64).reshape(len(slots), SLOT_BYTES // 8)


def planned(ring: Ring, plan: Callable[[SlotArray], Edit]) -> Edit:
    """What a plan makes of a ring; a lifecycle error says which ring."""
    try:
        return plan(ring.slots)
    except LifecycleError as error:
        error.in_ring(ring.name)
        raise
