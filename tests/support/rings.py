"""Slots and small rings, made the same way in every test."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.files.ring_lock import mark_made
from vyrectl.task.arrays import SlotArray


def slot(**words: int) -> bytes:
    """One slot; words that are not named are 0."""
    return struct.pack("<16I", *(words.get(name, 0) for name in FIELD_NAMES))


def write_ring(path: Path, *slots: bytes) -> Path:
    """A file of these slots, of our own making."""
    path.write_bytes(b"".join(slots))
    mark_made(path)
    return path


def ready_tasks(count: int, **fields: object) -> SlotArray:
    """Ready tasks of normal priority with ids from 1; fields as given, a number for all or one for each."""
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"], slots["priority"], slots["task_id"] = 1, 2, np.arange(1, count + 1)
    for name, value in fields.items():
        slots[name] = value
    return slots
