"""Cross tables: how the tasks of a ring spread over states, priorities, tenants or operations.

Needs numpy (inside the function). Every task is counted in exactly one group of each table, so that the
groups add up to the total. Empty slots hold no task: they are counted by state alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

CHUNK_SLOTS = 1 << 17
"""Slots grouped together; a chunk's columns fit in a cache."""

COLUMNS = len(TaskState) + 1
"""Counters of a group: one for each state word, then one for unknown states."""


@dataclass(frozen=True, slots=True)
class CrossTable:
    """Groups of one field against the states.

    Attributes:
        field: Name of the field.
        groups: Value of the field -> slots in each state, in the order of the state words, then in unknown
            states.
    """

    field: str
    groups: Mapping[int, tuple[int, ...]]

    @property
    def total(self) -> tuple[int, ...]:
        """All groups together, state by state."""
        return tuple(sum(column) for column in zip(*self.groups.values(), strict=True)) or (0,) * COLUMNS

    @property
    def slots(self) -> int:
        """Slots in all groups."""
        return sum(self.total)


def cross_table(slots: SlotArray, field: str) -> CrossTable:
    """Count the tasks of each value of a field, state by state.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        field: A field's name; `state` also counts Empty slots.
    """
    import numpy as np

    groups: dict[int, list[int]] = {}
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        states = np.minimum(chunk["state"], np.uint32(len(TaskState)))
        values = chunk[field]
        if field != "state":
            tasks = states != TaskState.EMPTY
            states, values = states[tasks], values[tasks]
        unique, inverse = np.unique(values, return_inverse=True)
        cells = inverse.reshape(-1).astype(np.int64) * COLUMNS + states
        counts = np.bincount(cells, minlength=len(unique) * COLUMNS).reshape(-1, COLUMNS)
        for value, row in zip(unique.tolist(), counts.tolist(), strict=True):
            known = groups.get(value)
            groups[value] = row if known is None else [a + b for a, b in zip(known, row, strict=True)]
    return CrossTable(field, {value: tuple(groups[value]) for value in sorted(groups)})
