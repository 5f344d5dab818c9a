"""Slots counted by the values of one or several words; needs numpy, inside the function.

Every slot is counted in exactly one group. The oldest age of a group tells which one waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable
from vyrectl.ring.reading import Readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

FEW_VALUES = 1 << 20
"""Values below this are told apart by a table instead of by sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups(Comparable):
    """Groups of slots, sorted by their values.

    Attributes:
        fields: What was counted by.
        values: The values of each group, shape (g, number of fields): u32, int64 with a column of faults among them.
        counts: Slots of each group, int64, shape (g,).
        oldest: Largest age_ticks of the tasks of each group, u32, shape (g,); 0 where all hold arguments.
    """

    fields: tuple[str, ...]
    values: NDArray[np.generic]
    counts: NDArray[np.int64]
    oldest: NDArray[np.uint32]


def group_slots(
    slots: SlotArray, numbers: NDArray[np.int64], fields: Sequence[str], readings: Readings = Readings()
) -> Groups:
    """Count slots by the values of some fields.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        numbers: Slots to count, shape (m,).
        fields: Names of fields, at least one; `vyrectl.abi.faults.FAULT` is one too.
        readings: Which slots hold arguments and so no age.
    """
    import numpy as np

    from vyrectl.ring.reading_arrays import protocol_mask
    from vyrectl.task.arrays import column_values

    chosen = slots if len(numbers) == len(slots) else slots[numbers]
    codes = np.zeros(len(chosen), np.int64)
    for field in fields:
        ranks = _ranks(column_values(chosen, field))
        codes = _ranks(codes * (int(ranks.max(initial=0)) + 1) + ranks)
    counts = np.bincount(codes)
    member = np.zeros(len(counts), np.int64)
    member[codes] = np.arange(len(codes))
    oldest = np.zeros(len(counts), np.uint32)
    ages = np.where(protocol_mask(readings, chosen["op_handle"]), np.uint32(0), chosen["age_ticks"])
    np.maximum.at(oldest, codes, ages)
    values: NDArray[np.generic] = np.stack([column_values(chosen[member], field) for field in fields], axis=1)
    return Groups(tuple(fields), values, counts, oldest)


def _ranks(column: NDArray[np.integer]) -> NDArray[np.int64]:
    """Each value's place among the distinct values, from 0; no value is negative."""
    import numpy as np

    ranks: NDArray[np.int64]
    if int(column.max(initial=0)) < FEW_VALUES:
        ranks = (np.cumsum(np.bincount(column) > 0) - 1)[column]
    else:
        ranks = np.unique(column, return_inverse=True)[1].reshape(-1)
    return ranks
