"""How a ring is cut into shards, and what of a ring cannot be cut.

A shard is a run of neighbouring slots, a page or several long, so that a device may work on a mapped one where it is.
The invariant: what one device would do with the ring, shards can do by themselves in any order, or the launch is
refused before anything runs. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from vyrectl.abi.opcodes import BATCH_FENCE, COMPARE_SWAP, LOAD_U32, MEMCPY, PACKED_SLOT, STORE_U32
from vyrectl.abi.states import TaskState
from vyrectl.engine.backend import Job
from vyrectl.engine.family import spawning_in_use
from vyrectl.engine.ops import op_name
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

_PAYLOAD_FIRST_WORD = 4


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a ring.

    Attributes:
        number: From 0, in slot order.
        first: Its first slot.
        end: One past its last.
    """

    number: int
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def __str__(self) -> str:
        return f"shard {self.number} (slots {self.first} to {self.end - 1})"


def cut(slots: int, devices: int, shard_slots: int | None) -> list[Shard]:
    """Cut so many slots into shards.

    Args:
        slots: Of the ring.
        devices: That will work on them.
        shard_slots: Slots of a shard, rounded down to whole pages; `SHARDS_PER_DEVICE` shards a device by default.
    """
    wanted = shard_slots or -(-slots // (SHARDS_PER_DEVICE * devices)) + SHARD_STEP - 1
    length = max(SHARD_STEP, wanted - wanted % SHARD_STEP)
    return [
        Shard(number, first, min(first + length, slots))
        for number, first in enumerate(range(0, slots, length))
    ]


def refuse_uncut(job: Job, ring: str) -> None:
    """Refuse a ring whose tasks reach beyond their shard.

    Args:
        job: The whole launch.
        ring: What the ring is called.

    Raises:
        UsageError: Some do; it names the first of them.
    """
    slots = job.slots
    if spawning := spawning_in_use(slots, job.ops, job.op_handles):
        first = int(np.flatnonzero(np.isin(slots["op_handle"], sorted(spawning)))[0])
        name = _named(int(slots["op_handle"][first]), job)
        raise UsageError(
            f"tasks of this ring make children ({name}, first in slot {first}): a family takes Empty slots and "
            "waits for its own all over the ring, which shards do not see",
            where=ring,
            fix=ONE_DEVICE,
        )
    may_run = claimable_mask(replace(job, quotas={}), slots) | (slots["state"] == int(TaskState.PAUSED))
    for op, number in _writes_control(slots, may_run):
        raise UsageError(
            f"{_named(op, job)} in slot {number} goes by words of the control buffer that other shards change too",
            where=ring,
            fix=ONE_DEVICE,
        )


def _writes_control(
    slots: SlotArray, may_run: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> Iterator[tuple[int, int]]:
    """The operation and slot of each kind of task that does, packed ones looked into."""
    ops = slots["op_handle"]
    for op in OF_CONTROL:
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


def _named(op: int, job: Job) -> str:
    own: Iterable[tuple[int, str]] = ((one.id, one.name) for source in job.ops for one in source.ops)
    return dict(own).get(op) or op_name(op) or f"operation 0x{op:x}"
