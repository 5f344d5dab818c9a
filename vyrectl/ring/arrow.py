"""Slots as an Arrow table, and through it as a data frame of pandas or polars; needs pyarrow (the extra `arrow`).

A slot's words are u32 columns under the names of spec 1.2. Arrow's columns are dense while a slot's words lie 64
bytes apart, so each column is one copy; pandas and polars then take them over as they are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import MissingExtraError

Foreign = Any
"""An object of pyarrow, pandas or polars. Any: each is an extra, and a check would depend on who has it."""

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray


def arrow_table(slots: SlotArray) -> Foreign:
    """A `pyarrow.Table` of slots.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).

    Returns:
        Columns `slot` (u32, the index), the 16 words (u32), and `state_name` and `priority_name` (dictionaries of
        text; null for a word that has no name).

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    import numpy as np

    arrow = _need("an Arrow table", "pyarrow")
    columns: dict[str, Foreign] = {"slot": arrow.array(np.arange(len(slots), dtype=np.uint32))}
    columns |= {name: arrow.array(np.ascontiguousarray(slots[name])) for name in FIELD_NAMES}
    columns["state_name"] = _named(arrow, columns["state"], TaskState)
    columns["priority_name"] = _named(arrow, columns["priority"], TaskPriority)
    return arrow.table(columns)


def pandas_frame(slots: SlotArray) -> Foreign:
    """A `pandas.DataFrame` with the columns of `arrow_table`, names as categories.

    Raises:
        MissingExtraError: pyarrow or pandas is not installed.
    """
    _need("a pandas data frame", "pandas")
    return arrow_table(slots).to_pandas()


def polars_frame(slots: SlotArray) -> Foreign:
    """A `polars.DataFrame` with the columns of `arrow_table`.

    Raises:
        MissingExtraError: pyarrow or polars is not installed.
    """
    return _need("a polars data frame", "polars").from_arrow(arrow_table(slots))


def _named(arrow: Foreign, words: Foreign, names: type[TaskState] | type[TaskPriority]) -> Foreign:
    """A column of names for a column of words, as a dictionary: a byte a slot, and each name once."""
    import numpy as np

    numbers = words.to_numpy(zero_copy_only=True)
    known = numbers < len(names)
    places = arrow.array(np.where(known, numbers, 0).astype(np.int8), mask=~known)
    return arrow.DictionaryArray.from_arrays(places, arrow.array([one.label for one in names]))


def _need(doing: str, package: str) -> Foreign:
    try:
        return import_module(package)
    except ImportError:
        raise MissingExtraError(doing, package, "arrow") from None
