"""The slot layout as a numpy dtype; the only module of `abi` that imports numpy."""

from __future__ import annotations

import numpy as np

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELD_NAMES

SLOT_DTYPE: np.dtype[np.void] = np.dtype([(name, "<u4") for name in FIELD_NAMES])
"""Structured dtype of one slot: 16 little-endian u32 fields named as in spec 1.2, itemsize 64."""

assert SLOT_DTYPE.itemsize == SLOT_BYTES
