"""Edits of slots that hold arguments where a task keeps its continuation, ids and counters (spec 3.3).

Imports numpy. What puts such slots back (`recover`, `repair`) changes their state and priority alone, as the defining
runtime's own kernels do. The invariant: words 7-15 of a slot that evidence says hold arguments are changed only by an
edit that was told to; it says so before, and the old ring is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import FIRST_ENGINE_FAULT
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.edit.edit import Edit
from vyrectl.errors import ArgumentWordsError
from vyrectl.files.telling import tell
from vyrectl.ring.reading_arrays import decide, protocol_mask
from vyrectl.task.arrays import SlotArray, whole

ARGUMENT_WORDS = FIELD_NAMES[FIELD_INDEX["continuation_pc"] :]
"""Words of a task that are further arguments in a protocol slot; words 4-6 are arguments either way."""

_CODE = "continuation_data"

Act = Callable[[SlotArray, NDArray[np.int64]], SlotArray]
Mask = NDArray[np.bool_]


def holding_arguments(slots: SlotArray, numbers: NDArray[np.int64]) -> Mask:
    """Which of some slots hold arguments, by the evidence of the whole ring; booleans, shape (n,)."""
    return protocol_mask(decide(slots), slots["op_handle"][numbers])


def sparing(
    slots: SlotArray, act: Act, doing: str, *, given: Collection[str] = (), granted: Collection[str] = ()
) -> Act:
    """The same change, which leaves the arguments of slots that hold some as they are.

    Args:
        slots: The whole ring, `SLOT_DTYPE`.
        act: Makes slots of slots; what it is given, and what it gives, are not the ring's.
        doing: The action in a word, for messages.
        given: Fields whose new words the user has given.
        granted: Those that are written over arguments too.

    Returns:
        What makes the same slots, and raises `ArgumentWordsError` where a word that was given is an argument.
    """
    readings = decide(slots)

    def spare(before: SlotArray, which: NDArray[np.int64]) -> SlotArray:
        mask = protocol_mask(readings, before["op_handle"])
        if not mask.any():
            return act(before, which)
        bare = whole(before).copy().view(SLOT_DTYPE)
        for name in ARGUMENT_WORDS:
            bare[name][mask] = 0
        after = act(bare, which)
        for name in ARGUMENT_WORDS:
            if name in given:
                _refuse(name, which[mask & (after[name] != before[name])], doing)
            if name not in granted:
                after[name] = np.where(mask, before[name], after[name])
        return after

    return spare


def tell_spared(slots: SlotArray, numbers: NDArray[np.int64], doing: str) -> None:
    """Say which of the slots that are to change hold arguments, and that these stay."""
    held = numbers[holding_arguments(slots, numbers)]
    if len(held):
        tell(
            f"{doing}: of {_slots(len(held))} (slot {held[0]} first) the state and the priority alone change: "
            "words 7-15 hold arguments there"
        )


def guarded(edit: Edit, slots: SlotArray, given: Collection[str], doing: str) -> Edit:
    """An edit of words that the user has named; one that changes arguments says so and keeps the old ring."""
    words = [name for name in given if name in ARGUMENT_WORDS]
    if not words or not len(edit):
        return edit
    mask = holding_arguments(slots, edit.numbers)
    each = {name: mask & (edit.before[name] != edit.after[name]) for name in words}
    changed = [name for name, differs in each.items() if differs.any()]
    if not changed:
        return edit
    count = int(np.count_nonzero(np.any(list(each.values()), axis=0)))
    named = ", ".join(f"word {FIELD_INDEX[name]} ({name})" for name in changed)
    are = "are arguments" if len(changed) > 1 or count > 1 else "is an argument"
    tell(f"{doing}: {named} of {_slots(count)} {are} there; the old ring is kept")
    return replace(edit, keeps=True)


def refuse_lost_arguments(slots: SlotArray, numbers: NDArray[np.int64]) -> None:
    """Make no slot Ready whose fault wrote its code over an argument.

    Raises:
        ArgumentWordsError: Some are so.
    """
    lost = holding_arguments(slots, numbers) & (slots[_CODE][numbers] >= FIRST_ENGINE_FAULT)
    if lost.any():
        raise ArgumentWordsError(
            f"the fault wrote its code over an argument, word {FIELD_INDEX[_CODE]} ({_CODE}), of "
            f"{_slots(int(lost.sum()))}",
            slot=int(numbers[lost][0]),
            fix="Give the argument anew with --data N, take the ring that was kept before the launch (RING.bak), or "
            "go on with --force",
        )


def _refuse(name: str, which: NDArray[np.int64], doing: str) -> None:
    if len(which):
        raise ArgumentWordsError(
            f"{doing} would change word {FIELD_INDEX[name]} ({name}) of {_slots(len(which))}, where it is an argument",
            slot=int(which[0]),
            fix="Leave it out where that is possible: the state alone changes then; or go on with --force",
        )


def _slots(count: int) -> str:
    return f"{count} slot{'s' * (count != 1)}"
