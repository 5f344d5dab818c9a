"""A launch in shards, made ready: the ring read, everything checked that can be before a device is asked for anything.

Devices of this host and workers on others start from the same. The invariant: what is refused here is refused before
anything ran or was written. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.arena import continue_outputs
from vyrectl.engine.backend import new_debug_log
from vyrectl.engine.buffer_options import parse_buffer_options
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.family import first_child_id, spawning_in_use
from vyrectl.engine.ops import load_sources
from vyrectl.errors import UsageError
from vyrectl.files.place import check_place, check_room
from vyrectl.files.replace import FileIdentity
from vyrectl.files.ring_lock import is_held
from vyrectl.files.uninterrupted import uninterrupted
from vyrectl.hosting.ahead import begin_ahead
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.backends import REFERENCE
from vyrectl.launching.control_file import load_control
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.plan import AUTO, OFF, REFERENCE_LIMITS, plan_for
from vyrectl.launching.prepare import Prepared, Wiring, prepare
from vyrectl.ring.file import Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.spread.cut import ONE_DEVICE, Shard, refuse_uncut, shard_length
from vyrectl.spread.families import deal
from vyrectl.spread.memory import SpreadMemory
from vyrectl.spread.merge import Merge
from vyrectl.spread.work import Setup
from vyrectl.task.arrays import SlotArray, copy_of
from vyrectl.telemetry.census import Census, census
from vyrectl.telemetry.snapshot import StateTally

if TYPE_CHECKING:
    from vyrectl.engine.saving import Saving
    from vyrectl.files.successor import Successor


@dataclass(frozen=True, slots=True)
class Begun:
    """What a launch on devices of this host has begun before its ring is cut.

    Attributes:
        leaving: Lets go of whatever is begun.
        ring: The ring, where its lock is held; None where it is not.
        counted: That ring, counted; None where nobody has.
    """

    leaving: ExitStack
    ring: Ring | None = None
    counted: Census | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that a launch in shards goes by.

    Attributes:
        prepared: The launch over the whole ring; its workplace is `memory`.
        memory: The ring, in memory that forked children see.
        successor: The file that will take the place of the ring, or of an older result, which `memory` is then; None
            where none was begun.
        identity: Which version of the file it was.
        before: The ring as it was.
        shards: How it is cut.
        setup: What all shards have in common.
        selected: Which slots may be claimed, None for all.
        order: The slot at each place of the shards, where the ring lies in another order; `before` and `selected` lie
            in it too.
        shard_slots: Length that shards were to have.
        merge: Takes what comes back.
    """

    prepared: Prepared
    memory: SpreadMemory
    successor: Successor | None
    identity: FileIdentity | None
    before: SlotArray
    shards: list[Shard]
    setup: Setup
    selected: NDArray[np.bool_] | None
    order: NDArray[np.int64] | None
    shard_slots: int
    merge: Merge

    def selected_of(self, shard: Shard) -> NDArray[np.bool_] | None:
        """Which slots of a shard may be claimed."""
        return None if self.selected is None else self.selected[shard.first : shard.end]

    def numbers_of(self, shard: Shard) -> NDArray[np.int64] | None:
        """What the slots of a shard are called, where they are gathered."""
        return None if self.order is None else self.order[shard.first : shard.end]


def make_ready(
    request: FileLaunch,
    devices: int,
    saving: Saving,
    limits: Mapping[str, int],
    shard_slots: int | None = None,
    *,
    holds: bool = False,
    begun: Begun | None = None,
) -> Ready:
    """Read, check, cut.

    Args:
        request: What to do.
        devices: How many will work.
        limits: What a plan knows of them (`Device.limits`); those of the reference backend when empty.
        shard_slots: Slots of a shard, where the request does not say.
        saving: Collects what cannot be saved at the end.
        holds: The launch holds the ring's lock: its file stays as it is.
        begun: What was begun; without, no file is begun that will take the ring's place.

    Raises:
        UsageError: The ring cannot be cut, or an option is out of bounds.
        VyrectlError: What `vyrectl.launch` refuses.
    """
    held = None if begun is None else begun.ring
    ring, identity = _read(request) if held is None else (held, held.identity)
    buffers = parse_buffer_options(request.buffers)
    successor = _begin(request, ring, buffers, begun)
    if successor is None:
        check_place(request.output or request.ring)
        check_room([(request.output or request.ring, len(ring.data)), *buffers.outputs()])
        if not holds:
            ring = Ring.from_slots(copy_of(ring.slots))
    counted = (None if begun is None else begun.counted) or census(ring.slots)
    memory = SpreadMemory(ring.data, counted.tally.counts[TaskState.RUNNING], successor)
    control = None if request.control is None else load_control(request.control)
    _refuse_quotas(control, str(request.ring))
    options = replace(
        _planned(request.options, counted.tally, limits),
        device=REFERENCE,
        ops=load_sources(request.options.ops),
        buffers=buffers,
        control=None if control is None else control.copy(),
        debug_log=None if request.debug_log is None else new_debug_log(request.debug_records),
        timeout=None,
        verify=False,
        trace=None,
    )
    wiring = Wiring(place=lambda shares: (memory.result(), False), saving=saving, counted=counted)
    prepared = prepare(ring, options, wiring)
    refuse_uncut(prepared.job, str(request.ring))
    prepared.workplace(False)
    job = prepared.job
    continue_outputs(buffers, memory.given())
    asked = request.options.shard_slots or shard_slots
    dealt = deal(job, devices, asked, str(request.ring))
    memory.cut(dealt.shards, dealt.order)
    before = memory.given()  # in the shards' order
    selected = job.selected if job.selected is None or dealt.order is None else job.selected[dealt.order]
    return Ready(
        prepared=prepared,
        memory=memory,
        successor=successor,
        identity=identity,
        before=before,
        shards=dealt.shards,
        setup=_setup(request, prepared, buffers, control),
        selected=selected,
        order=dealt.order,
        shard_slots=shard_length(len(before), devices, asked),
        merge=Merge(buffers, prepared.job.control, prepared.job.debug_log),
    )


def _begin(request: FileLaunch, ring: Ring, buffers: BufferTable, begun: Begun | None) -> Successor | None:
    """Begin the file that will take a ring's place; None where that is not to be, or cannot."""
    if begun is None:
        return None
    with uninterrupted():
        successor = begin_ahead(request, ring, buffers.outputs(), forks=True)
        if successor is not None:
            begun.leaving.callback(successor.discard)
    return successor


def _setup(
    request: FileLaunch, prepared: Prepared, buffers: BufferTable, control: NDArray[np.uint32] | None
) -> Setup:
    """What every shard is run with, of a launch over the whole ring."""
    job, asked, steps = prepared.job, request.options, request.options.max_steps is not None
    spawning = spawning_in_use(job.slots, job.ops, job.op_handles)
    return Setup(
        options=replace(
            prepared.options,
            ops=job.ops,
            buffers=None,
            trace=asked.trace,
            mode=prepared.settings.mode,
            age_threshold=prepared.settings.age_threshold,
            plan=OFF,
        ),
        buffers=_as_given(buffers),
        control=control,
        returned=tuple(
            h for h, one in buffers.by_handle.items() if one.output is not None or (steps and one.writable)
        ),
        verify=asked.verify,
        debug_records=request.debug_records,
        spawning=spawning,
        first_child_id=first_child_id(job.slots) if spawning else 0,
        counted=prepared.wiring.counted,
        ring_slots=len(job.slots),
    )


def _planned(options: LaunchOptions, tally: StateTally, limits: Mapping[str, int]) -> LaunchOptions:
    """The options with the plan that is to be made, made: for the whole ring, and one of the devices."""
    if options.plan != AUTO:
        return options
    plan = plan_for(tally, limits or REFERENCE_LIMITS, options.workers, options.policy)
    return replace(options, plan=plan, policy=None)


def _read(request: FileLaunch) -> tuple[Ring, FileIdentity | None]:
    """The ring as it is read: slot by slot where somebody else is writing it."""
    if request.output is not None and is_held(request.ring):
        copied = copy_ring(request.ring)
        return copied.ring, copied.identity
    ring = Ring.open(request.ring)
    return ring, ring.identity


def _as_given(buffers: BufferTable) -> BufferTable:
    """The buffers as they are now, to be kept while results are merged into those that are saved."""
    rows: dict[int | str, Buffer] = {
        handle: replace(one, array=one.array.copy() if one.output is not None else one.array, output=None)
        for handle, one in buffers.by_handle.items()
    }
    if buffers.arguments is not None:
        rows["args"] = buffers.arguments
    return BufferTable(rows)


def _refuse_quotas(control: NDArray[np.uint32] | None, ring: str) -> None:
    """Refuse a control buffer that bounds a tenant.

    Raises:
        UsageError: It does; the error names the tenant.
    """
    if control is None:
        return
    region = control_abi.TENANT_QUOTA
    words = control[region.first : region.end]
    bounded = np.flatnonzero((words != 0) & (words != control_abi.DEFAULT_TENANT_QUOTA))
    if len(bounded):
        tenant = int(bounded[0])
        raise UsageError(
            f"--control gives tenant {tenant} a quota of {int(words[tenant])} claims, which is counted by the device "
            "that makes them, and several are named",
            where=ring,
            fix=ONE_DEVICE,
        )
