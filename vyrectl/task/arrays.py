"""The lifecycle over whole arrays: the table of `lifecycle`, in a handful of numpy operations.

May import numpy, `abi` and `lifecycle`. An action changes every slot it is given or none.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import FAULT, NO_FAULT
from vyrectl.abi.limits import SLOT_BYTES, U32_MAX
from vyrectl.abi.states import SCHEDULABLE, TaskState, state_name
from vyrectl.errors import CounterOverflowError, IllegalTransitionError, InvalidInputError
from vyrectl.numbers import integer
from vyrectl.task.lifecycle import TRANSITIONS
from vyrectl.task.parts import in_parts

SlotArray = NDArray[np.void]
_SCHEDULABLE = [int(state) for state in SCHEDULABLE]
_WHOLE = np.dtype((np.void, SLOT_BYTES))


def whole(slots: SlotArray) -> NDArray[np.void]:
    """The same slots with each as one opaque 64-byte item: numpy copies those many times faster than 16 fields."""
    return slots.view(_WHOLE)


def copy_of(slots: SlotArray) -> SlotArray:
    """A copy of some slots, shape (n,)."""
    copy = np.empty(slots.shape, SLOT_DTYPE)
    copy_slots(copy, slots)
    return copy


def copy_slots(into: SlotArray, slots: SlotArray) -> None:
    """Put some slots in the place of as many others."""
    target, source = whole(into), whole(slots)

    def copy(first: int, end: int) -> None:
        target[first:end] = source[first:end]

    in_parts(len(source), copy)


def is_schedulable(states: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which of some states are schedulable (spec 1.3), bool, the same shape."""
    found: NDArray[np.bool_] = states == _SCHEDULABLE[0]
    for state in _SCHEDULABLE[1:]:
        found |= states == state
    return found


def column_values(slots: SlotArray, name: str) -> NDArray[np.int64] | NDArray[np.uint32]:
    """A column of some slots, shape (n,): a field, or `FAULT`, which is `NO_FAULT` where a slot is not Faulted."""
    if name != FAULT:
        field: NDArray[np.uint32] = slots[name]
        return field
    return np.where(
        slots["state"] == int(TaskState.FAULTED), slots["continuation_data"].astype(np.int64), NO_FAULT
    )


def check_slots(what: str, slots: object) -> SlotArray:
    """An array that somebody hands in as slots, once it is one.

    Raises:
        InvalidInputError: Another dtype (another byte order is another one) or shape, or no array at all.
    """
    if not isinstance(slots, np.ndarray) or slots.dtype != SLOT_DTYPE or slots.ndim != 1:
        raise InvalidInputError(
            f"{what} is a one-dimensional array of SLOT_DTYPE, not {_described(slots)}",
            fix="Make it with numpy.zeros(n, dtype=vyrectl.SLOT_DTYPE)",
        )
    checked: SlotArray = slots
    return checked


def _words_fix(what: str, given: object) -> str:
    if isinstance(given, str | os.PathLike):
        return f"Give the words of the file: numpy.fromfile({os.fspath(given)!r}, '<u4')"
    return f"Give {what}.astype('<u4'), and keep it: it is changed in place"


def check_words(what: str, words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """An array of words that somebody hands in to be changed in place, once it can be.

    Raises:
        InvalidInputError: Another dtype or byte order, another shape, no array at all, or a read-only one.
    """
    if not isinstance(words, np.ndarray) or words.dtype != np.dtype("<u4") or words.ndim != 1:
        raise InvalidInputError(
            f"{what} is a one-dimensional array of uint32, not {_described(words)}",
            fix=_words_fix(what, words),
        )
    if not words.flags.writeable:
        raise InvalidInputError(
            f"{what} is read-only and would be changed in place", fix=f"Give a copy: {what}.copy()"
        )
    return words


def _described(value: object) -> str:
    dtype, shape = getattr(value, "dtype", type(value).__name__), getattr(value, "shape", None)
    return f"{getattr(dtype, 'str', dtype)}, shape {shape}" if shape is not None else f"{dtype}"


def allowed(slots: SlotArray, action: str) -> NDArray[np.bool_]:
    """Which slots may take the action by their state; counters are not looked at.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        action: A key of `TRANSITIONS`.

    Returns:
        Booleans, shape (n,).
    """
    return np.isin(slots["state"], [int(state) for state in TRANSITIONS[action].sources])


def check_transition(slots: SlotArray, action: str, numbers: NDArray[np.integer] | None = None) -> None:
    """Raise the error that the first slot (in array order) would meet, or return when every slot may go.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        action: A key of `TRANSITIONS`.
        numbers: Slot indices to name in the error, shape (n,); positions in `slots` by default.

    Raises:
        IllegalTransitionError: Spec 1.6, with the slot.
        CounterOverflowError: A counter of it stands at its end (spec 1.5), with the slot.
    """
    row = TRANSITIONS[action]
    ok = allowed(check_slots("slots", slots), action)
    first_bad = _first(~ok)
    overflows = [(_first(ok & (slots[counter] == U32_MAX)), counter) for counter in row.counters]
    overflow = min(
        ((at, order, name) for order, (at, name) in enumerate(overflows) if at is not None), default=None
    )
    if first_bad is not None and (overflow is None or first_bad < overflow[0]):
        state = int(slots["state"][first_bad])
        raise IllegalTransitionError(action, state, state_name(state), slot=_number(numbers, first_bad))
    if overflow is not None:
        raise CounterOverflowError(overflow[2], slot=_number(numbers, overflow[0]))


def apply_transition(
    slots: SlotArray, action: str, numbers: NDArray[np.integer] | None = None, **arguments: int
) -> SlotArray:
    """Apply one action to every slot; all or nothing.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,); not changed.
        action: A key of `TRANSITIONS`.
        numbers: Slot indices for error messages, shape (n,).
        **arguments: Exactly the row's arguments, each a u32.

    Returns:
        A new array of the same shape.

    Raises:
        IllegalTransitionError: The first slot whose state does not allow the action.
        CounterOverflowError: The first slot whose counter cannot rise.
    """
    check_transition(slots, action, numbers)
    row = TRANSITIONS[action]
    words = {argument: integer(argument, arguments[argument]) for argument in row.arguments}
    after = whole(slots).copy().view(SLOT_DTYPE)
    for argument, field in row.arguments.items():
        after[field] = np.uint32(words[argument])
    for counter in row.counters:
        after[counter] += np.uint32(1)
    after["flags"] = (after["flags"] | np.uint32(row.set_flags)) & np.uint32(~row.clear_flags & U32_MAX)
    after["state"] = np.uint32(row.target)
    return after


def _first(mask: NDArray[np.bool_]) -> int | None:
    at = int(mask.argmax()) if mask.size else 0
    return at if mask.size and mask[at] else None


def _number(numbers: NDArray[np.integer] | None, position: int) -> int:
    return position if numbers is None else int(numbers[position])
