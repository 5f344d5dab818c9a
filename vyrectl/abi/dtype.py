"""The slot, and the engine's records, as numpy dtypes; the only module of `abi` that imports numpy."""

from __future__ import annotations

import numpy as np

from vyrectl.abi.layout import RecordLayout
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELD_NAMES

SLOT_DTYPE: np.dtype[np.void] = np.dtype([(name, "<u4") for name in FIELD_NAMES])
"""Structured dtype of one slot: 16 little-endian u32 fields named as in spec 1.2, itemsize 64."""

assert SLOT_DTYPE.itemsize == SLOT_BYTES


def dtype_of(record: RecordLayout) -> np.dtype[np.void]:
    """The dtype of a record of the engine's, its members in order and without gaps."""
    members = [
        (one.name, f"<{one.width}", (one.count,)) if one.count else (one.name, f"<{one.width}")
        for one in record.members
    ]
    return np.dtype(members)
