"""Whether a partial output belongs to the tasks of a ring: what its seal remembers of each slot, and what became of it.

A launch seals each output that it begins with four bytes a slot: was there a task, had it ended, what work was it, how
far was it. A later launch goes on with the output when tasks that were open then have ended or moved on since, and each
that has ended is the work that it was. Nothing else counts: not what tasks that have not ended are by now, nor ids,
tenants, ages and counters of those that have. Slots that were Empty then are children and later publications. The
invariant: a file that holds results of this ring's ended tasks is gone on with, or kept under another name.
Imports numpy.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.task.arrays import SlotArray

_SEAL = struct.Struct("<8sQ")
_MAGIC = b"VYREPAR2"
_EMPTY, _OPEN, _ENDED = range(3)
_WORK = ("op_handle", "input_handle", "output_handle", "param")
"""Words that say what a task does."""

_TURNS = ("continuation_pc", "yield_count", "requeue_count")
"""Words that a turn moves on."""

_PHASE_MASK, _WORK_MASK, _TURN_MASK = 0x3, 0x3FFFC, 0xFFFC0000
_WORK_SHIFT, _TURN_SHIFT = 2, 18
_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)


class Origin:
    """A ring before a launch, as the seals of its outputs see it.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).

    Attributes:
        seal_bytes: Length of a seal.
        has_results: See the function of that name.
    """

    def __init__(self, slots: SlotArray) -> None:
        state = slots["state"]
        ended = np.isin(state, (int(TaskState.DONE), int(TaskState.FAULTED)))
        phase = np.where(ended, _ENDED, np.where(state == int(TaskState.EMPTY), _EMPTY, _OPEN))
        turns = [slots[name] for name in _TURNS] + [state == int(TaskState.PAUSED)]
        self._marks: NDArray[np.uint32] = (
            phase.astype(np.uint32)
            | (_hash([slots[name] for name in _WORK]) << np.uint32(_WORK_SHIFT)) & np.uint32(_WORK_MASK)
            | (_hash(turns) << np.uint32(_TURN_SHIFT)) & np.uint32(_TURN_MASK)
        )
        self.has_results = has_results(slots)
        self.seal_bytes = _SEAL.size + self._marks.nbytes

    def seal(self) -> bytes:
        """What to write behind an array that such a launch begins."""
        return _SEAL.pack(_MAGIC, len(self._marks)) + self._marks.astype("<u4").tobytes()

    def goes_on_from(self, seal: bytes) -> bool:
        """True when an output that was sealed so holds what this ring's tasks have written since."""
        if len(seal) != self.seal_bytes or _SEAL.unpack_from(seal) != (_MAGIC, len(self._marks)):
            return False
        then, now = np.frombuffer(seal, "<u4", offset=_SEAL.size), self._marks
        was_open = then & _PHASE_MASK == _OPEN
        has_ended = now & _PHASE_MASK == _ENDED
        same = then & _WORK_MASK == now & _WORK_MASK
        if (was_open & has_ended & ~same).any():
            return False
        moved = has_ended | (same & (then & _TURN_MASK != now & _TURN_MASK))
        return bool((was_open & moved).any())


def has_results(slots: SlotArray) -> bool:
    """True when some task has ended, or has begun: it is neither Empty nor Ready, or a turn has moved it on."""
    state = slots["state"]
    begun = (state != int(TaskState.EMPTY)) & (state != int(TaskState.READY))
    return bool(begun.any()) or any(
        bool((slots[name] * (state != int(TaskState.EMPTY))).any()) for name in _TURNS
    )


def begins_seal(data: bytes) -> bool:
    """True when bytes begin as a seal does."""
    return data[: len(_MAGIC)] == _MAGIC


def _hash(words: list[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    """A few well mixed bits of some words of each slot, u32, shape (n,)."""
    mixed = np.zeros(len(words[0]), np.uint64)
    for word in words:
        mixed = (mixed ^ word.astype(np.uint64)) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return (mixed & np.uint64(0xFFFF_FFFF)).astype(np.uint32)
