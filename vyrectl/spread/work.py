"""The run of one shard: from its slots, the launch's options and buffers to a `Finished`, and nothing else changes.

The same for a child on a device of this host and for a worker on another. The invariant: what is given is never
written, so that a shard can be run again anywhere and gives the same. Imports numpy.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.limits import DEBUG_RECORD_WORDS, SLOT_WORDS, U32_MAX
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Backend, Job, RingPart, new_debug_log
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.errors import VerifyError
from vyrectl.launching.backends import choose_backend
from vyrectl.launching.driven import Driven
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import Wiring, prepare
from vyrectl.launching.rounds import Limits, Progress
from vyrectl.launching.run import drive
from vyrectl.launching.verify import Check
from vyrectl.ring.file import Ring
from vyrectl.spread.cut import Shard
from vyrectl.spread.finished import Finished, Writes
from vyrectl.task.arrays import SlotArray, copy_slots
from vyrectl.telemetry.census import Census
from vyrectl.telemetry.snapshot import tally_slots

_COMPARED = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}
"""Bytes of an element -> what it is compared as; wider ones byte by byte."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setup:
    """What every shard of a launch is run with.

    Attributes:
        options: The launch's; `device`, `where`, `verify`, the limits and the buffers in it are not looked at.
        buffers: What handles stand for at the start.
        control: Control buffer at the start, None for a fresh one.
        returned: Handles whose writes are wanted.
        verify: Prove each shard's run.
        debug_records: Room of each shard's debug log.
        spawning: Operations that may have children, where the ring names one.
        first_child_id: Of a child at the first place of the first shard, which no task of the ring has.
        counted: The whole ring before, counted; None where nobody has.
        ring_slots: Slots of the whole ring.
    """

    options: LaunchOptions
    buffers: BufferTable
    control: NDArray[np.uint32] | None = None
    returned: tuple[int, ...] = ()
    verify: bool = False
    debug_records: int = 64
    spawning: frozenset[int] = frozenset()
    first_child_id: int = 0
    counted: Census | None = None
    ring_slots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visit:
    """One visit of a shard.

    Attributes:
        shard: The shard that is visited.
        slots: What it holds, shape (len(shard),); not written.
        selected: Which of them may be claimed, bool; None for all.
        steps: Most claims; None for no limit.
        carried: What earlier visits of the same shard have written.
        numbers: What its slots are called, where they are gathered from all over the ring; None where they are not.
    """

    shard: Shard
    slots: SlotArray
    selected: NDArray[np.bool_] | None = None
    steps: int | None = None
    carried: Finished | None = None
    numbers: NDArray[np.int64] | None = None


@dataclass(slots=True)
class Site:
    """Where a visit works and who hears of it.

    Attributes:
        memory: Gets the result, shape (len(shard),); others may look at it meanwhile.
        is_filled: The shard's slots lie there already.
        board: Gets what the workers have in hand; see `Sharing.board`.
        started: Told once the device is ready, and whether it works on `memory` itself.
        stop: See `Limits.stop`.
        watch: See `Limits.watch`.
    """

    memory: SlotArray
    is_filled: bool = False
    board: NDArray[np.uint32] | None = None
    started: Callable[[bool], None] = field(default=lambda direct: None)
    stop: Callable[[], str | None] = field(default=lambda: None)
    watch: Callable[[Progress], None] = field(default=lambda progress: None)


class ShardRunner:
    """Runs shards on one device, which stays open between them.

    Args:
        device: As `--device` takes it.
        setup: What all shards have in common.
    """

    def __init__(self, device: str | None, setup: Setup) -> None:
        self.backend: Backend = choose_backend(device)
        self._setup = setup

    def open(self) -> None:
        """Open the device, so that the first shard finds it open.

        Raises:
            DeviceError: It cannot be opened.
        """
        opens = getattr(self.backend, "open_device", None)
        if opens is not None:
            opens()

    def run(self, visit: Visit, site: Site) -> Finished:
        """Run a shard until it is drained or its limits are met.

        Raises:
            VerifyError: A promise was broken; it names the shard.
            DeviceError: The device failed.
        """
        setup, started = self._setup, time.time()
        if not site.is_filled:
            copy_slots(site.memory, visit.slots)
        is_direct = False

        def place(shares: bool) -> tuple[SlotArray, bool]:
            nonlocal is_direct
            is_direct = shares and self._works_at(site.memory)
            return site.memory, is_direct

        table = _own(setup.buffers, visit.carried)
        control = None if setup.control is None else setup.control.copy()
        options = replace(
            setup.options,
            device=self.backend,
            buffers=table,
            control=control,
            debug_log=new_debug_log(setup.debug_records),
            where=None,
            quotas=None,
            shard_slots=None,
            max_steps=None,
            timeout=None,
            verify=False,
            fault_unknown=True,
            limits=Limits(
                max_steps=visit.steps,
                stop=site.stop,
                watch=site.watch,
                started=lambda: site.started(is_direct),
            ),
        )
        prepared = prepare(
            Ring.from_slots(site.memory),
            options,
            Wiring(place=place, board=site.board, counted=setup.counted),
        )
        job = self._of_shard(prepared.job, visit)
        prepared = replace(prepared, job=job, check=Check(job) if setup.verify else None)
        try:
            driven = drive(prepared)
        except VerifyError as error:
            error.where = f"{visit.shard} on {self.backend.name}"
            raise
        return self._finished(visit, site.memory, driven, job.control, table, started)

    def _works_at(self, memory: SlotArray) -> bool:
        """Whether a device that shares memory with the host may work at this address: a CPU may at any."""
        device = getattr(self.backend, "device", None)
        return (device is not None and device.is_cpu) or memory.ctypes.data % mmap.PAGESIZE == 0

    def _of_shard(self, job: Job, visit: Visit) -> Job:
        """A job with what only the whole ring tells: who is selected, what slots are called, which ids are free."""
        setup, named, first = self._setup, job.op_handles, visit.shard.first
        child_id = (setup.first_child_id + first) & U32_MAX if setup.spawning else None
        return replace(
            job,
            selected=visit.selected,
            verify=setup.verify,
            op_handles=None if named is None else named | setup.spawning,
            part=RingPart(first, visit.numbers, child_id, setup.ring_slots),
        )

    def _finished(
        self,
        visit: Visit,
        memory: SlotArray,
        driven: Driven,
        before: NDArray[np.uint32],
        table: BufferTable,
        started: float,
    ) -> Finished:
        added = driven.control - before
        added[control_abi.PRIORITY_STARVATION.first] = 0  # where the device stands, not a count
        first, turns = visit.shard.first, driven.turns
        if turns is not None:
            slots = turns.records["slot"]
            slots[:] = slots + np.uint32(first) if visit.numbers is None else visit.numbers[slots]
        counted = driven.counted or tally_slots(memory)
        given = self._setup.buffers.by_handle
        return Finished(
            shard=visit.shard.number,
            device=self.backend.name,
            driven=replace(
                driven,
                control=added,
                debug_log=_renamed(driven.debug_log, first, visit.numbers),
                counted=None if counted.unknown else counted,
            ),
            writes={
                handle: written(given[handle].array, table.by_handle[handle].array)
                for handle in self._setup.returned
            },
            began=started,
        )


def _renamed(log: NDArray[np.uint32], first: int, numbers: NDArray[np.int64] | None) -> NDArray[np.uint32]:
    """A debug log whose records name slots as the ring does, where the shard's go by other names."""
    if numbers is None:
        return log
    renamed = log.copy()
    held = min(int(log[0]), len(log) - 1) // DEBUG_RECORD_WORDS
    words = renamed[1 : 1 + held * DEBUG_RECORD_WORDS].reshape(-1, DEBUG_RECORD_WORDS)[:, -1]
    words[:] = numbers[words // SLOT_WORDS - first] * SLOT_WORDS
    return renamed


def written(before: NDArray[np.generic], after: NDArray[np.generic]) -> Writes:
    """The elements whose bytes differ."""
    at = np.flatnonzero(differ(before.reshape(-1), after.reshape(-1))).astype(np.int64)
    return Writes(at, after.reshape(-1)[at])


def differ(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which elements of two flat arrays have other bytes."""
    size = before.dtype.itemsize
    if kind := _COMPARED.get(size):
        differs: NDArray[np.bool_] = before.view(kind) != after.view(kind)
        return differs
    old, new = before.view(np.uint8).reshape(-1, size), after.view(np.uint8).reshape(-1, size)
    wide: NDArray[np.bool_] = np.any(old != new, axis=1)
    return wide


def _own(given: BufferTable, carried: Finished | None) -> BufferTable:
    """The buffers as a shard finds them: its own copies of those that it may write."""
    rows: dict[int | str, Buffer] = {
        handle: Buffer(one.array.copy() if one.writable else one.array, one.writable)
        for handle, one in given.by_handle.items()
    }
    if given.arguments is not None:
        rows["args"] = given.arguments
    for handle, writes in ({} if carried is None else carried.writes).items():
        rows[handle].array.reshape(-1)[writes.at] = writes.values
    return BufferTable(rows)
