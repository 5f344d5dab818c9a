"""Finds slots: for every kind that is about single slots, one mask over a chunk of them.

May import numpy. The invariant, which a test holds: a mask selects exactly the slots that the kind's `where`
condition selects once it has the facts in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.faults import ENGINE_FAULTS, FIRST_ENGINE_FAULT
from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.opcodes import (
    ATOMIC_ADD,
    BATCH_FENCE,
    COMPARE_SWAP,
    DFA_STEP,
    END_OF_WINDOWS,
    FIRST_TENANT_WINDOW,
    LOAD_U32,
    MEMCPY,
    PACKED_SLOT,
    PRINTF,
    SHUTDOWN,
    STORE_U32,
    TENANT_WINDOW_OPS,
    TENANT_WINDOWS,
)
from vyrectl.abi.states import KNOWN_FLAGS, SCHEDULABLE, TRANSITIONABLE, TaskFlag, TaskPriority, TaskState
from vyrectl.ring.findings.about import TENANTS, About
from vyrectl.ring.findings.slot_kinds import NEAR_END
from vyrectl.ring.reading_arrays import protocol_mask
from vyrectl.task.arrays import SlotArray

Mask = NDArray[np.bool_]
Words = NDArray[np.uint32]

COUNTERS = ("age_ticks", "requeue_count", "yield_count")
DEAD_STATES = (TaskState.EMPTY, TaskState.DONE, TaskState.FAULTED)
"""States of slots that no launch will run again."""

_SYSTEM_FROM, _SYSTEM_TO = 0xFFF0, 0xFFFF
_HIGH_BIT = 0x8000_0000
_FIRST_USER_OP = 8


class Chunk:
    """Some consecutive slots, with the columns that the masks share.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        first: Number of the first of them.
        about: What is known beside the ring.
    """

    def __init__(self, slots: SlotArray, first: int = 0, about: About | None = None) -> None:
        self.slots = slots
        self.first = first
        self.about = about or About()
        self._columns: dict[str, Words] = {}

    def __getitem__(self, field: str) -> Words:
        if field not in self._columns:
            self._columns[field] = np.ascontiguousarray(self.slots[field])
        return self._columns[field]

    def is_in(self, state: TaskState) -> Mask:
        """Slots in that state."""
        return self.lies("state", int(state), int(state))

    def lies(self, field: str, low: int, high: int = U32_MAX) -> Mask:
        """Slots whose word lies in [low, high]."""
        mask: Mask = self[field] - np.uint32(low) <= np.uint32(high - low)
        return mask

    def has(self, flags: int) -> Mask:
        """Slots with at least one of these flags."""
        mask: Mask = (self["flags"] & np.uint32(flags)) != 0
        return mask

    @cached_property
    def plain(self) -> Mask:
        """Slots whose words 7-15 are a task's own: see `vyrectl.ring.reading`."""
        return ~protocol_mask(self.about.readings, self["op_handle"])

    @cached_property
    def holds_arguments(self) -> Mask:
        """Slots that are not Empty, of operations that evidence says hold arguments."""
        decided = [one.op_handle for one in self.about.readings.decided]
        return self.lies("state", int(TaskState.EMPTY) + 1) & np.isin(self["op_handle"], decided)

    @cached_property
    def open(self) -> Mask:
        """Slots in a transitionable state."""
        return self._among(TRANSITIONABLE)

    @cached_property
    def claimable(self) -> Mask:
        """Slots in a schedulable state."""
        return self._among(SCHEDULABLE)

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """Priority class of each slot: its partition's where the control buffer has such, else word 3."""
        own = self["priority"].astype(np.int64)
        bounds = self.about.bounds
        if bounds is None:
            return own
        numbers = np.arange(self.first, self.first + len(self.slots))
        placed = np.searchsorted(np.array(bounds, np.int64), numbers, side="right") - 1
        inside = (placed >= 0) & (numbers < bounds[-1])
        return np.where(inside, placed, own)

    @cached_property
    def kept(self) -> Mask:
        """Transitionable and Faulted slots: those in which flags still say something."""
        return self._among({*TRANSITIONABLE, TaskState.FAULTED})

    @cached_property
    def dead(self) -> Mask:
        """Slots that no launch will run again."""
        return self._among(DEAD_STATES)

    @cached_property
    def _state_bits(self) -> Words:
        """A bit for each state; unknown ones share the highest."""
        bits: Words = np.uint32(1) << np.minimum(self["state"], np.uint32(31))
        return bits

    def _among(self, states: Collection[TaskState]) -> Mask:
        mask: Mask = (self._state_bits & np.uint32(sum(1 << state for state in states))) != 0
        return mask


_PAUSED, _YIELDED = int(TaskFlag.PAUSED), int(TaskFlag.YIELDED)
_REQUEUE_REQUESTED, _RESUME_READY = int(TaskFlag.REQUEUE_REQUESTED), int(TaskFlag.RESUME_READY)


def _stale_ready(chunk: Chunk) -> Mask:
    return chunk.is_in(TaskState.READY) & chunk.has(_PAUSED | _YIELDED) & chunk.plain


def _survives(chunk: Chunk) -> Mask:
    claimable = chunk.is_in(TaskState.YIELDED) | chunk.is_in(TaskState.REQUEUED)
    return claimable & chunk.has(_PAUSED) & chunk.plain


def _at_end(chunk: Chunk) -> Mask:
    ended = [chunk.lies(name, U32_MAX) for name in COUNTERS]
    return chunk.open & (ended[0] | ended[1] | ended[2]) & chunk.plain


def _near_end(chunk: Chunk) -> Mask:
    near = [chunk.lies(name, U32_MAX - NEAR_END, U32_MAX - 1) for name in COUNTERS]
    return chunk.open & (near[0] | near[1] | near[2]) & chunk.plain


def _uncounted(chunk: Chunk) -> Mask:
    no_yield = chunk.kept & chunk.has(_YIELDED) & chunk.lies("yield_count", 0, 0)
    no_requeue = chunk.lies("requeue_count", 0, 0) | chunk.lies("age_ticks", 0, 0)
    return (no_yield | chunk.is_in(TaskState.REQUEUED) & no_requeue) & chunk.plain


def _own_parent(chunk: Chunk) -> Mask:
    same: Mask = chunk["task_id"] == chunk["parent_task_id"]
    task = chunk.kept | chunk.is_in(TaskState.DONE)
    return task & same & chunk.lies("task_id", 1) & chunk.plain


def _unrunnable(chunk: Chunk) -> Mask:
    kept_by_wire = _upper_system(chunk) | chunk.lies("op_handle", DFA_STEP, DFA_STEP)
    return chunk.open & kept_by_wire & ~np.isin(chunk["op_handle"], (PACKED_SLOT, PRINTF, SHUTDOWN))


def _upper_system(chunk: Chunk) -> Mask:
    return chunk.lies("op_handle", _HIGH_BIT) | chunk.lies("op_handle", _SYSTEM_FROM, _SYSTEM_TO)


def _due(chunk: Chunk) -> Mask:
    return chunk.is_in(TaskState.PAUSED) & chunk.lies("resume_epoch", 0, chunk.about.epoch) & chunk.plain


def _starving(chunk: Chunk) -> Mask:
    return chunk.claimable & chunk.lies("age_ticks", chunk.about.age_threshold) & chunk.plain


def _undefined(chunk: Chunk) -> Mask:
    known = np.array(sorted(chunk.about.ops or ()), np.uint32)
    mask = chunk.open & chunk.lies("op_handle", _FIRST_USER_OP) & ~_upper_system(chunk)
    return mask & ~np.isin(chunk["op_handle"], known) if mask.any() else mask


def _shut_out(chunk: Chunk) -> Mask:
    admitted = np.array(sorted(chunk.about.admitted or ()), np.uint32)
    return chunk.open & chunk.lies("tenant_id", 0, len(TENANTS) - 1) & ~np.isin(chunk["tenant_id"], admitted)


def _foreign_window(chunk: Chunk) -> Mask:
    windowed = chunk.open & chunk.lies("op_handle", FIRST_TENANT_WINDOW, END_OF_WINDOWS - 1)
    owners = (chunk["op_handle"] - np.uint32(TENANT_WINDOWS)) // np.uint32(TENANT_WINDOW_OPS)
    mask: Mask = windowed & (owners != chunk["tenant_id"])
    return mask


def _past_control(chunk: Chunk) -> Mask:
    words = chunk.about.control_words or 0
    observables = max(0, words - OBSERVABLE_FIRST)
    source, target, count = (
        chunk[name].astype(np.int64) for name in ("input_handle", "output_handle", "param")
    )
    ops = chunk["op_handle"]
    stores = np.isin(ops, (STORE_U32, ATOMIC_ADD)) & (target >= words)
    loads = (ops == LOAD_U32) & ((source >= words) | (target >= observables))
    swaps = (ops == COMPARE_SWAP) & (source >= observables)
    copies = (ops == MEMCPY) & ((source + count > words) | (target + count > words))
    mask: Mask = chunk.open & (stores | loads | swaps | copies)
    return mask


def _wrong_partition(chunk: Chunk) -> Mask:
    bounds = chunk.about.bounds or (0, 0)
    numbers = np.arange(chunk.first, chunk.first + len(chunk.slots))
    classes = np.searchsorted(np.array(bounds, np.int64), numbers, side="right") - 1
    inside = (classes >= 0) & (numbers < bounds[-1])
    mask: Mask = chunk.open & inside & (chunk["priority"] != classes)
    return mask


def _unknown_fault(chunk: Chunk) -> Mask:
    named = np.isin(chunk["continuation_data"], [fault.code for fault in ENGINE_FAULTS])
    return chunk.is_in(TaskState.FAULTED) & chunk.lies("continuation_data", FIRST_ENGINE_FAULT) & ~named


def _lacks(state: TaskState, flag: int) -> Callable[[Chunk], Mask]:
    return lambda chunk: chunk.is_in(state) & ~chunk.has(flag) & chunk.plain


MASKS: Mapping[str, Callable[[Chunk], Mask]] = {
    "unknown-state": lambda chunk: chunk.lies("state", len(TaskState)),
    "faulted": lambda chunk: chunk.is_in(TaskState.FAULTED),
    "waits-for-ever": lambda chunk: (
        chunk.is_in(TaskState.PAUSED) & chunk.lies("resume_epoch", NEVER_EPOCH) & chunk.plain
    ),
    "paused-without-flag": _lacks(TaskState.PAUSED, _PAUSED),
    "paused-and-resume-ready": lambda chunk: (
        chunk.is_in(TaskState.PAUSED) & chunk.has(_PAUSED) & chunk.has(_RESUME_READY) & chunk.plain
    ),
    "ready-with-stale-flag": _stale_ready,
    "yielded-without-flag": _lacks(TaskState.YIELDED, _YIELDED),
    "requeued-without-flag": _lacks(TaskState.REQUEUED, _REQUEUE_REQUESTED),
    "done-with-flags": lambda chunk: chunk.is_in(TaskState.DONE) & chunk.lies("flags", 1) & chunk.plain,
    "paused-flag-survives": _survives,
    "unnamed-flag-bits": lambda chunk: chunk.kept & chunk.lies("flags", KNOWN_FLAGS + 1) & chunk.plain,
    "counter-at-end": _at_end,
    "counter-near-end": _near_end,
    "uncounted-turn": _uncounted,
    "starving": _starving,
    "due-epoch": _due,
    "own-parent": _own_parent,
    "unknown-priority": lambda chunk: chunk.open & chunk.lies("priority", len(TaskPriority)),
    "unrunnable-op": _unrunnable,
    "undefined-op": _undefined,
    "shut-out-tenant": _shut_out,
    "tenant-without-mask": lambda chunk: chunk.open & chunk.lies("tenant_id", len(TENANTS)),
    "foreign-window": _foreign_window,
    "control-index": _past_control,
    "fence-without-observables": lambda chunk: chunk.open & chunk.lies("op_handle", BATCH_FENCE, BATCH_FENCE),
    "wrong-partition": _wrong_partition,
    "unknown-fault-code": _unknown_fault,
}
"""Kind -> mask over a chunk, for every kind that one slot alone decides."""
