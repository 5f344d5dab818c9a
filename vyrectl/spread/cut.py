"""How a ring is cut into shards, and what of a ring cannot be cut.

A shard is a run of neighbouring slots, a page or several long, so that a device may work on a mapped one where it is;
with families in the ring it is gathered (`vyrectl.spread.families`), a run in another order. The invariant: what one
device would do with the ring, shards can do by themselves in any order, or the launch is refused before anything runs.
Imports numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from vyrectl.abi.opcodes import BATCH_FENCE, COMPARE_SWAP, LOAD_U32, MEMCPY, PACKED_SLOT, STORE_U32
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Job
from vyrectl.engine.family import spawning_in_use
from vyrectl.engine.op_calls import Calls
from vyrectl.engine.ops import op_name, runnable_sources
from vyrectl.errors import UsageError
from vyrectl.launching.unrunnable import claimable_mask
from vyrectl.protocol.packed import MOST_RUN
from vyrectl.task.arrays import SlotArray

SHARD_STEP = 64
"""Shards are this many slots, or a multiple: a page."""

SHARDS_PER_DEVICE = 4
"""By default, so that a device that is done early finds more."""

ONE_DEVICE = "Run it on one device: name one with --device, as `vyrectl devices` lists them"

OF_CONTROL = (STORE_U32, LOAD_U32, COMPARE_SWAP, MEMCPY, BATCH_FENCE)
"""Operations of the wire whose result depends on what other shards have written into the control buffer, or is that."""

CONTROL_WORDS = re.compile(
    r"(?:vyre_control_word|vyre_observable|(?<=->)control|VYRE_OP_(?:STORE_U32|LOAD_U32|COMPARE_SWAP|MEMCPY|BATCH_FENCE))\b"
)
"""What an operation in C names that goes by control words, or bears a child that does."""

_PAYLOAD_FIRST_WORD = 4


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a ring.

    Attributes:
        number: From 0, in slot order.
        first: Its first slot.
        end: One past its last.
        between: Lowest and highest slot, where its slots are gathered from all over the ring; `first` and `end` are
            places in another order then.
    """

    number: int
    first: int
    end: int
    between: tuple[int, int] | None = None

    @property
    def reach(self) -> tuple[int, int]:
        """Lowest and highest slot."""
        return self.between or (self.first, self.end - 1)

    def __len__(self) -> int:
        return self.end - self.first

    def __str__(self) -> str:
        lowest, highest = self.reach
        if self.between is not None:
            return f"shard {self.number} ({len(self)} slots between {lowest} and {highest})"
        return f"shard {self.number} (slots {lowest} to {highest})"


def cut(slots: int, devices: int, shard_slots: int | None) -> list[Shard]:
    """Cut so many slots into shards.

    Args:
        slots: Of the ring.
        devices: That will work on them.
        shard_slots: Slots of a shard, rounded down to whole pages; `SHARDS_PER_DEVICE` shards a device by default.
    """
    length = shard_length(slots, devices, shard_slots)
    return [
        Shard(number, first, min(first + length, slots))
        for number, first in enumerate(range(0, slots, length))
    ]


def shard_length(slots: int, devices: int, shard_slots: int | None) -> int:
    """Slots of each shard but the last; see `cut`."""
    wanted = shard_slots or -(-slots // (SHARDS_PER_DEVICE * devices)) + SHARD_STEP - 1
    return max(SHARD_STEP, wanted - wanted % SHARD_STEP)


def refuse_uncut(job: Job, ring: str) -> None:
    """Refuse a ring whose tasks reach beyond their shard.

    Raises:
        UsageError: Some do; it names the first of them.
    """
    slots = job.slots
    reaching = _reaching(job)
    asked = {*OF_CONTROL, *reaching, PACKED_SLOT}
    if job.op_handles is not None and job.op_handles.isdisjoint(asked):
        return
    may_run = claimable_mask(replace(job, quotas={}), slots) | (slots["state"] == int(TaskState.PAUSED))
    for op, number in writes_control(slots, may_run, reaching):
        raise UsageError(
            f"{named(op, job)} in slot {number} goes by words of the control buffer that other shards change too",
            where=ring,
            fix=ONE_DEVICE,
        )


def _reaching(job: Job) -> tuple[int, ...]:
    """Operations in C whose own text goes by control words, or bears children that do: the user's, and those that
    may have children.
    """
    spawning = spawning_in_use(job.slots, job.ops, job.op_handles)
    found: list[int] = []
    for source in runnable_sources(job.ops):
        asked = {op.name: op.id for op in source.ops if not source.shipped or op.id in spawning}
        if asked:
            reached = {one.op for one in Calls(source.text).reached(CONTROL_WORDS, by_groups=True)}
            found += [number for name, number in asked.items() if name in reached]
    return tuple(found)


def writes_control(
    slots: SlotArray,
    may_run: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    reaching: tuple[int, ...] = (),
) -> Iterator[tuple[int, int]]:
    """The operation and slot of each kind of task that goes by control words, packed ones looked into.

    Args:
        slots: Some of the ring.
        may_run: Which of them to look at.
        reaching: Further operations that do.
    """
    ops = slots["op_handle"]
    for op in (*OF_CONTROL, *reaching):
        if len(at := np.flatnonzero(may_run & (ops == op))):
            yield op, int(at[0])
    at = np.flatnonzero(may_run & (ops == PACKED_SLOT))
    if not len(at):
        return
    words = np.ascontiguousarray(slots[at]).view(np.uint32).reshape(len(at), -1)
    payload = np.ascontiguousarray(words[:, _PAYLOAD_FIRST_WORD:]).view(np.uint8)
    for place in range(MOST_RUN):
        found = (place < payload[:, 0]) & np.isin(payload[:, 2 + 2 * place], OF_CONTROL)
        for row in np.flatnonzero(found)[:1].tolist():
            yield int(payload[row, 2 + 2 * place]), int(at[row])


def named(op: int, job: Job) -> str:
    """What an operation is called, the user's among them."""
    own: Iterable[tuple[int, str]] = ((one.id, one.name) for source in job.ops for one in source.ops)
    return dict(own).get(op) or op_name(op) or f"operation 0x{op:x}"
