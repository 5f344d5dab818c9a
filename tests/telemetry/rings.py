"""Slot arrays for the tests of telemetry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.task.arrays import SlotArray


def slot_array(names: Sequence[str], rows: Sequence[Sequence[int]]) -> SlotArray:
    """Slots whose words `names` are given, the others 0; shape (len(rows),)."""
    array = np.zeros(len(rows), dtype=SLOT_DTYPE)
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        array[name] = column
    return array


def ring_bytes(slots: SlotArray) -> memoryview:
    """The bytes of a slot array."""
    return memoryview(slots.tobytes())
