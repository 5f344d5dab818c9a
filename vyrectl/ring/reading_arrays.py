"""Readings of large rings: the evidence of `vyrectl.ring.reading`, gathered over columns of slots.

May import numpy. The invariant, which a test holds: the answer is that of `decide_words` over the same slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskState
from vyrectl.ring.reading import Abi, Evidence, Readings, unlike_task
from vyrectl.task.arrays import SlotArray

CHUNK_SLOTS = 1 << 14


def decide(slots: SlotArray, asked: Abi = Abi.AUTO) -> Readings:
    """Decide how the slots of a ring are read.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        asked: Anything but `Abi.AUTO` is the decision.
    """
    if asked is not Abi.AUTO:
        return Readings(asked)
    evidence = _evidence(slots)
    if not evidence.suspects:
        return Readings()
    present, like = Counter[int](), Counter[int]()
    for _, chunk in _chunks(slots):
        held = (chunk["state"] != int(TaskState.EMPTY)) & np.isin(chunk["op_handle"], evidence.suspects)
        _count(present, chunk["op_handle"][held])
        _count(like, chunk["op_handle"][held & (chunk["task_id"] != 0) & ~_unlike(chunk)])
    return evidence.readings(present, like)


def protocol_mask(readings: Readings, ops: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which slots hold arguments; ops: their words 1, shape (n,)."""
    if readings.asked is not Abi.AUTO:
        return np.full(len(ops), readings.asked is Abi.PROTOCOL)
    found: NDArray[np.bool_] = np.isin(ops, np.array(sorted(readings.protocol_ops), np.uint32))
    return found


def _evidence(slots: SlotArray) -> Evidence:
    evidence = Evidence(Counter(), {})
    for start, chunk in _chunks(slots):
        places = np.flatnonzero(_unlike(chunk))
        ops, at = np.unique(chunk["op_handle"][places], return_index=True)
        for op, place in zip(ops.tolist(), places[at].tolist(), strict=True):
            evidence.first.setdefault(op, start + place)
        _count(evidence.unlike, chunk["op_handle"][places])
    return evidence


def _unlike(slots: SlotArray) -> NDArray[np.bool_]:
    found = unlike_task({name: slots[name] for name in FIELD_NAMES})
    return np.asarray(found, np.bool_)


def _count(counts: Counter[int], ops: NDArray[np.uint32]) -> None:
    for op, count in zip(*(part.tolist() for part in np.unique(ops, return_counts=True)), strict=True):
        counts[op] += count


def _chunks(slots: SlotArray) -> Iterator[tuple[int, SlotArray]]:
    for start in range(0, len(slots), CHUNK_SLOTS):
        yield start, slots[start : start + CHUNK_SLOTS]
