"""Which open tasks (see `spread`) have waited longest, by age_ticks; equals in the order of their slots.

A small ring is looked at without numpy; a large one chunk by chunk, keeping no more than the tasks asked for.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.telemetry.snapshot import STDLIB_SLOTS, column
from vyrectl.telemetry.spread import NO_OPERATIONS, OPEN_STATES, Operations, open_tasks, task_states

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray


def oldest(data: memoryview, most: int, arguments: Operations = NO_OPERATIONS) -> list[int]:
    """Numbers of the oldest open slots of a ring, the oldest first.

    Args:
        data: The ring's bytes, whole slots.
        most: Longest answer.
        arguments: Operations that are left out, since their slots hold arguments and no age.
    """
    if len(data) <= STDLIB_SLOTS * SLOT_BYTES:
        return oldest_of_columns(task_states(data, arguments), column(data, "age_ticks"), most)
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return oldest_of_slots(np.frombuffer(data, dtype=SLOT_DTYPE), most, arguments)


def oldest_of_columns(states: list[int], ages: list[int], most: int) -> list[int]:
    """The same over two columns of equal length, without numpy."""
    found = (
        (-age, slot)
        for slot, (state, age) in enumerate(zip(states, ages, strict=True))
        if state in OPEN_STATES
    )
    return [slot for _, slot in nsmallest(most, found)]


def oldest_of_slots(slots: SlotArray, most: int, arguments: Operations = NO_OPERATIONS) -> list[int]:
    """The same over an array of `SLOT_DTYPE`, shape (n,)."""
    import numpy as np

    from vyrectl.telemetry.census import CHUNK_SLOTS

    numbers, ages = np.zeros(0, np.int64), np.zeros(0, np.uint32)
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        wanted = open_tasks(chunk, arguments)
        if len(numbers) == most and most:
            wanted &= chunk["age_ticks"] > ages[-1]
        at = np.flatnonzero(wanted)
        numbers = np.concatenate([numbers, at + start])
        ages = np.concatenate([ages, chunk["age_ticks"][at]])
        order = np.argsort(~ages, kind="stable")[:most]
        numbers, ages = numbers[order], ages[order]
    return [int(number) for number in numbers]


def oldest_ages(data: memoryview, field: str, arguments: Operations = NO_OPERATIONS) -> dict[int, int]:
    """The greatest age_ticks of the open tasks of each word of a field, the words ascending.

    Args:
        data: The ring's bytes, whole slots.
        field: For example `priority`.
        arguments: Operations that are left out, since their slots hold arguments and no age.
    """
    if len(data) <= STDLIB_SLOTS * SLOT_BYTES:
        return _oldest_of_columns(
            task_states(data, arguments), column(data, field), column(data, "age_ticks")
        )
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE
    from vyrectl.telemetry.census import CHUNK_SLOTS

    found: dict[int, int] = {}
    slots = np.frombuffer(data, dtype=SLOT_DTYPE)
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        chosen = chunk[open_tasks(chunk, arguments)]
        words, at = np.unique(chosen[field], return_inverse=True)
        ages = np.zeros(len(words), np.uint32)
        np.maximum.at(ages, at, chosen["age_ticks"])
        for word, age in zip(words.tolist(), ages.tolist(), strict=True):
            found[word] = max(found.get(word, 0), age)
    return dict(sorted(found.items()))


def _oldest_of_columns(states: list[int], words: list[int], ages: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for state, word, age in zip(states, words, ages, strict=True):
        if state in OPEN_STATES:
            found[word] = max(found.get(word, 0), age)
    return dict(sorted(found.items()))
