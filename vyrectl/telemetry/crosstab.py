"""Cross tables: how the tasks of a ring spread over states, priorities, tenants or operations.

Every task is counted in exactly one group of each table, so that the groups add up to the total. Empty slots
hold no task: they are counted by state alone. A small ring is counted without numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.records import Comparable
from vyrectl.telemetry.snapshot import STDLIB_SLOTS, column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

COLUMNS = len(TaskState) + 1
"""Counters of a group: one for each state word, then one for unknown states."""

SMALL_VALUES = 1 << 13
"""Values below this are counted by index; others are sorted first, which takes ten times as long."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossTable(Comparable):
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


def count_by(data: memoryview, field: str) -> CrossTable:
    """The cross table of a ring's bytes, by whichever way is quicker.

    Args:
        data: The ring's bytes, whole slots.
        field: A field's name; `state` also counts Empty slots.
    """
    if len(data) <= STDLIB_SLOTS * SLOT_BYTES:
        return _count_columns(column(data, "state"), column(data, field), field)
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return cross_table(np.frombuffer(data, dtype=SLOT_DTYPE), field)


def cross_table(slots: SlotArray, field: str) -> CrossTable:
    """Count the tasks of each value of a field, state by state.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        field: A field's name; `state` also counts Empty slots.
    """
    import numpy as np

    from vyrectl.telemetry.sweep import CHUNK_SLOTS

    groups: Counter[int] = Counter()
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        states = np.minimum(chunk["state"], np.uint32(len(TaskState)))
        values = chunk[field]
        if field != "state":
            tasks = states != TaskState.EMPTY
            states, values = states[tasks], values[tasks]
        groups.update(_count_chunk(values, states))
    return _table(field, groups)


def sum_tables(tables: Iterable[CrossTable]) -> CrossTable:
    """Tables of one field taken together."""
    cells: Counter[int] = Counter()
    field = ""
    for table in tables:
        field = table.field
        for value, counts in table.groups.items():
            cells.update({value * COLUMNS + state: count for state, count in enumerate(counts)})
    return _table(field, cells)


def _count_columns(states: list[int], values: list[int], field: str) -> CrossTable:
    unknown = len(TaskState)
    cells = Counter(
        value * COLUMNS + min(state, unknown)
        for value, state in zip(values, states, strict=True)
        if state != TaskState.EMPTY or field == "state"
    )
    return _table(field, cells)


def _count_chunk(values: NDArray[np.uint32], states: NDArray[np.uint32]) -> dict[int, int]:
    """Slots in each cell, a cell's number being value * COLUMNS + state; cells without a slot are left out."""
    import numpy as np

    cells = values.astype(np.int64) * COLUMNS + states
    if len(values) and values.max() < SMALL_VALUES:
        counts = np.bincount(cells)
        used = np.flatnonzero(counts)
        return dict(zip(used.tolist(), counts[used].tolist(), strict=True))
    unique, counts = np.unique(cells, return_counts=True)
    return dict(zip(unique.tolist(), counts.tolist(), strict=True))


def _table(field: str, cells: Mapping[int, int]) -> CrossTable:
    groups: dict[int, list[int]] = {}
    for cell in sorted(cells):
        value, state = divmod(cell, COLUMNS)
        groups.setdefault(value, [0] * COLUMNS)[state] = cells[cell]
    return CrossTable(field, {value: tuple(counts) for value, counts in groups.items()})
