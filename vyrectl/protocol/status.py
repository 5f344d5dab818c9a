"""What a host tool may do to a slot's status (spec 3.8): claim, done, fault, cancel; and strict counting of Done slots.

These are the ring protocol's steps, not the lifecycle of tasks (`vyrectl.task.lifecycle`): they write the status
word and nothing else. Standard library only.
"""

from __future__ import annotations

import struct

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS, U64_MAX, WORD_BYTES
from vyrectl.abi.states import PROTOCOL_STATE_NAMES, TaskState, state_name
from vyrectl.errors import (
    BufferTooLongError,
    MissingWordError,
    RingFormatError,
    SlotStatusError,
    UnknownNameError,
    UsageError,
)
from vyrectl.numbers import is_whole
from vyrectl.protocol.words import Data, check_aligned

_STATE = struct.Struct("<I60x")
_WAITING = (TaskState.READY, TaskState.PAUSED, TaskState.YIELDED, TaskState.REQUEUED)

STEPS: dict[str, tuple[tuple[TaskState, ...], TaskState]] = {
    "claim": ((TaskState.READY, TaskState.YIELDED, TaskState.REQUEUED), TaskState.RUNNING),
    "done": ((TaskState.RUNNING,), TaskState.DONE),
    "fault": ((*_WAITING, TaskState.RUNNING), TaskState.FAULTED),
    "cancel": (_WAITING, TaskState.EMPTY),
}
"""Step -> the states it may start from, and the one it ends in."""

PUBLISH = "publish"
"""Only a publisher takes this step, since it writes the whole slot."""


def step_status(ring: bytearray | memoryview, slot: int, step: str) -> int:
    """Take one step on one slot.

    Returns:
        The status word that was replaced.

    Raises:
        UnknownNameError: No such step.
        RingFormatError: The ring is no whole number of slots.
        UsageError: There is no such slot.
        SlotStatusError: The slot's status does not allow it, or the step is `publish`; nothing is written.
    """
    if step not in STEPS and step != PUBLISH:
        raise UnknownNameError("step", step, (*STEPS, PUBLISH))
    start = _slot_start(ring, slot)
    state = int.from_bytes(ring[start : start + WORD_BYTES], "little")
    sources, target = STEPS.get(step, ((), TaskState.READY))
    if state not in sources:
        allowed = " or ".join(PROTOCOL_STATE_NAMES[source] for source in sources)
        allowed = allowed or "left to a publisher"
        raise SlotStatusError(step, state, state_name(state), slot=slot, allowed=allowed)
    ring[start : start + WORD_BYTES] = int(target).to_bytes(WORD_BYTES, "little")
    return state


def _slot_start(ring: Data, slot: int) -> int:
    if len(ring) % SLOT_BYTES:
        raise RingFormatError.left_over_bytes(len(ring), slot_bytes=SLOT_BYTES)
    total = len(ring) // SLOT_BYTES
    if not is_whole(slot) or not 0 <= slot < total:
        raise UsageError(f"there is no slot {slot}", fix=f"The ring has {total} slots, from 0 on")
    return slot * SLOT_BYTES


def count_done(ring: Data, slots: int) -> int:
    """How many of the first slots are Done.

    Raises:
        MisalignedBufferError: The ring is no whole number of words.
        BufferTooLongError: So many slots have more words than a u64 counts.
        MissingWordError: It does not hold that many whole slots.
    """
    if not slots:
        return 0
    check_aligned(ring, "ring")
    if slots * SLOT_WORDS > U64_MAX:
        raise BufferTooLongError("ring", f"{slots} slots are more than a ring can have")
    if slots * SLOT_BYTES > len(ring):
        raise MissingWordError("ring", slots * SLOT_WORDS, len(ring))
    return _done_among(ring, slots)


def found_done(ring: Data, slots: int) -> int | None:
    """`count_done` of a ring that may be cut off behind these slots; None when they are not all there, or none is asked
    for."""
    if not slots or slots * SLOT_BYTES > len(ring):
        return None
    return _done_among(ring, slots)


def _done_among(ring: Data, slots: int) -> int:
    states = _STATE.iter_unpack(memoryview(ring)[: slots * SLOT_BYTES])
    return sum(state == TaskState.DONE for (state,) in states)
