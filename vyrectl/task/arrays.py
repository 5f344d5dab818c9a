"""The lifecycle over whole arrays: the table of `lifecycle`, in a handful of numpy operations.

May import numpy, `abi` and `lifecycle`. An action changes every slot it is given or none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES, U32_MAX
from vyrectl.errors import CounterOverflowError, IllegalTransitionError
from vyrectl.task.lifecycle import TRANSITIONS

SlotArray = NDArray[np.void]
_WHOLE = np.dtype((np.void, SLOT_BYTES))


def whole(slots: SlotArray) -> NDArray[np.void]:
    """The same slots with each as one opaque 64-byte item: numpy copies those many times faster than 16 fields."""
    return slots.view(_WHOLE)


def allowed(slots: SlotArray, action: str) -> NDArray[np.bool_]:
    """Which slots may take the action by their state; counters are not looked at.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        action: A key of `TRANSITIONS`.

    Returns:
        Booleans, shape (n,).
    """
    return np.isin(slots["state"], [int(state) for state in TRANSITIONS[action].sources])


def check_transition(slots: SlotArray, action: str, numbers: NDArray[np.integer[Any]] | None = None) -> None:
    """Raise the error that the first slot (in array order) would meet, or return when every slot may go.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        action: A key of `TRANSITIONS`.
        numbers: Slot indices to name in the error, shape (n,); positions in `slots` by default.

    Raises:
        IllegalTransitionError: Spec 1.6, with the slot.
        CounterOverflowError: Likewise.
    """
    row = TRANSITIONS[action]
    ok = allowed(slots, action)
    first_bad = _first(~ok)
    overflows = [(_first(ok & (slots[counter] == U32_MAX)), counter) for counter in row.counters]
    overflow = min(
        ((at, order, name) for order, (at, name) in enumerate(overflows) if at is not None), default=None
    )
    if first_bad is not None and (overflow is None or first_bad < overflow[0]):
        raise IllegalTransitionError(action, int(slots["state"][first_bad]), slot=_number(numbers, first_bad))
    if overflow is not None:
        raise CounterOverflowError(overflow[2], slot=_number(numbers, overflow[0]))


def apply_transition(
    slots: SlotArray, action: str, numbers: NDArray[np.integer[Any]] | None = None, **arguments: int
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
    after = whole(slots).copy().view(SLOT_DTYPE)
    for argument, field in row.arguments.items():
        after[field] = np.uint32(arguments[argument])
    for counter in row.counters:
        after[counter] += np.uint32(1)
    after["flags"] = (after["flags"] | np.uint32(row.set_flags)) & np.uint32(~row.clear_flags & U32_MAX)
    after["state"] = np.uint32(row.target)
    return after


def _first(mask: NDArray[np.bool_]) -> int | None:
    at = int(mask.argmax()) if mask.size else 0
    return at if mask.size and mask[at] else None


def _number(numbers: NDArray[np.integer[Any]] | None, position: int) -> int:
    return position if numbers is None else int(numbers[position])
