"""Cross tables: how the tasks of a ring spread over states, priorities, tenants or operations.

Every task is counted in exactly one group of each table, so that the groups add up to the total. Empty slots
hold no task: they are counted by state alone. A small ring is counted without numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vyrectl.abi.faults import FAULT, NO_FAULT
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable
from vyrectl.telemetry.snapshot import STDLIB_SLOTS, column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

COLUMNS = len(TaskState) + 1
"""Counters of a group: one for each state word, then one for unknown states."""

MANY_GROUPS = 4096
"""More than these stay in arrays (`ManyGroups`)."""

BLOCK_GROUPS = 4096
MERGED_CELLS = 1 << 21
"""Counts of chunks are put together when there are more of them."""

SMALL_VALUES = 1 << 13
"""Values below this are counted by index; others are sorted first, which takes ten times as long."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossTable(Comparable):
    """Groups of one field against the states.

    Attributes:
        field: Name of the field, or `FAULT` for why Faulted slots are so.
        groups: Value of the field -> slots in each state, in the order of the state words, then in unknown
            states.
    """

    field: str
    groups: Mapping[int, tuple[int, ...]]

    @property
    def total(self) -> tuple[int, ...]:
        """All groups together, state by state."""
        if isinstance(self.groups, ManyGroups):
            return self.groups.total
        return tuple(sum(column) for column in zip(*self.groups.values(), strict=True)) or (0,) * COLUMNS

    @property
    def slots(self) -> int:
        """Slots in all groups."""
        return sum(self.total)


class ManyGroups(Mapping[int, tuple[int, ...]]):
    """Groups as two arrays, for a field with very many values: an entry is made when it is looked at.

    Args:
        values: The values of the field, ascending, int64, shape (g,).
        counts: Slots in each state, int64, shape (g, `COLUMNS`).
    """

    def __init__(self, values: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self.values_array = values
        self.counts = counts

    def __len__(self) -> int:
        return len(self.values_array)

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self), BLOCK_GROUPS):
            yield from self.values_array[start : start + BLOCK_GROUPS].tolist()

    def __getitem__(self, value: int) -> tuple[int, ...]:
        place = int(self.values_array.searchsorted(value))
        if place == len(self) or int(self.values_array[place]) != value:
            raise KeyError(value)
        return tuple(self.counts[place].tolist())

    @property
    def total(self) -> tuple[int, ...]:
        """All groups together, state by state."""
        return tuple(self.counts.sum(axis=0).tolist())

    def blocks(self) -> Iterator[list[tuple[int, tuple[int, ...]]]]:
        """Values and counts in order, some at a time."""
        for start in range(0, len(self), BLOCK_GROUPS):
            part = slice(start, start + BLOCK_GROUPS)
            rows = zip(self.values_array[part].tolist(), self.counts[part].tolist(), strict=True)
            yield [(value, tuple(counts)) for value, counts in rows]

    def largest(self, most: int) -> list[tuple[int, tuple[int, ...]]]:
        """The groups with the most slots, largest first, equal ones by their values; at most so many."""
        import numpy as np

        slots = self.counts.sum(axis=1)
        order = np.argsort(-slots, kind="stable")[:most]
        rows = zip(self.values_array[order].tolist(), self.counts[order].tolist(), strict=True)
        return [(value, tuple(counts)) for value, counts in rows]


def count_by(data: memoryview, field: str) -> CrossTable:
    """The cross table of a ring's bytes, by whichever way is quicker.

    Args:
        data: The ring's bytes, whole slots.
        field: A field's name, or `FAULT`; `state` also counts Empty slots.
    """
    if len(data) <= STDLIB_SLOTS * SLOT_BYTES:
        states = column(data, "state")
        return _count_columns(states, _values(data, field, states), field)
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

    from vyrectl.task.arrays import column_values
    from vyrectl.telemetry.census import CHUNK_SLOTS

    parts = []
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        states = np.minimum(chunk["state"], np.uint32(len(TaskState)))
        values = column_values(chunk, field)
        if field != "state":
            tasks = states != TaskState.EMPTY
            states, values = states[tasks], values[tasks]
        parts.append(_count_chunk(values, states))
        if sum(len(cells) for cells, _ in parts) > MERGED_CELLS and len(parts) > 1:
            parts = [_merge(parts)]
    return _table_of_cells(field, *_merge(parts))


def sum_tables(tables: Iterable[CrossTable]) -> CrossTable:
    """Tables of one field taken together."""
    known = list(tables)
    field = known[-1].field if known else ""
    if any(isinstance(table.groups, ManyGroups) for table in known):
        return _table_of_cells(field, *_merge([_cells_of(table) for table in known]))
    cells: Counter[int] = Counter()
    for table in known:
        for value, counts in table.groups.items():
            cells.update({value * COLUMNS + state: count for state, count in enumerate(counts)})
    return _table(field, cells)


def _values(data: memoryview, field: str, states: list[int]) -> list[int]:
    """A column without numpy, as `column_values` makes it."""
    if field != FAULT:
        return column(data, field)
    codes = column(data, "continuation_data")
    return [
        code if state == TaskState.FAULTED else NO_FAULT for state, code in zip(states, codes, strict=True)
    ]


def _count_columns(states: list[int], values: list[int], field: str) -> CrossTable:
    unknown = len(TaskState)
    cells = Counter(
        value * COLUMNS + min(state, unknown)
        for value, state in zip(values, states, strict=True)
        if state != TaskState.EMPTY or field == "state"
    )
    return _table(field, cells)


Cells = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Numbers of cells, ascending, and the slots in each; cells without a slot are left out."""


def _count_chunk(values: NDArray[np.integer], states: NDArray[np.uint32]) -> Cells:
    """Slots in each cell, a cell's number being value * COLUMNS + state; cells without a slot are left out."""
    import numpy as np

    cells = values.astype(np.int64) * COLUMNS + states
    if len(values) and values.max() < SMALL_VALUES:
        counts = np.bincount(cells)
        used = np.flatnonzero(counts)
        return used, counts[used]
    return np.unique(cells, return_counts=True)


def _merge(parts: list[Cells]) -> Cells:
    """Cells of several parts of a ring taken together."""
    import numpy as np

    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cells, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(cells, kind="stable")
    cells, counts = cells[order], counts[order]
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    return cells[first], np.add.reduceat(counts, first) if len(first) else counts


def _cells_of(table: CrossTable) -> Cells:
    import numpy as np

    values = np.fromiter(table.groups, np.int64, len(table.groups))
    many = table.groups if isinstance(table.groups, ManyGroups) else None
    counts = many.counts if many is not None else np.array(list(table.groups.values()), np.int64)
    numbers = (values[:, None] * COLUMNS + np.arange(COLUMNS)).reshape(-1)
    flat = counts.reshape(-1)
    used = np.flatnonzero(flat)
    return numbers[used], flat[used]


def _table_of_cells(field: str, cells: NDArray[np.int64], counts: NDArray[np.int64]) -> CrossTable:
    """The table of some cells; many groups stay in arrays."""
    import numpy as np

    values, states = cells // COLUMNS, cells % COLUMNS
    begins = np.diff(values, prepend=-1) != 0
    distinct = values[begins]
    if len(distinct) <= MANY_GROUPS:
        return _table(field, dict(zip(cells.tolist(), counts.tolist(), strict=True)))
    rows = np.zeros((len(distinct), COLUMNS), np.int64)
    rows[np.cumsum(begins) - 1, states] = counts
    return CrossTable(field, ManyGroups(distinct, rows))


def _table(field: str, cells: Mapping[int, int]) -> CrossTable:
    groups: dict[int, list[int]] = {}
    for cell in sorted(cells):
        value, state = divmod(cell, COLUMNS)
        groups.setdefault(value, [0] * COLUMNS)[state] = cells[cell]
    return CrossTable(field, {value: tuple(counts) for value, counts in groups.items()})
