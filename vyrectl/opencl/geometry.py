"""How a job is spread over a device: which driver, how many workers, how much each takes at once, which operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vyrectl.abi.engine import (
    CLASSES,
    COUNT_ROWS,
    GROUP_BLOCK,
    LANE_BLOCK,
    MOST_GROUP_TICKET,
    MOST_LANE_TICKET,
)
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.opcodes import PACKED_SLOT
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import JIT_SLOTS, Job
from vyrectl.engine.family import spawning_in_use
from vyrectl.engine.ops import OpInfo
from vyrectl.errors import UsageError
from vyrectl.opencl.devices import Device
from vyrectl.opencl.source import Variant, op_order
from vyrectl.protocol.packed import MOST_OPCODE

BLOCK_SLOTS = {"lane": LANE_BLOCK, "group": GROUP_BLOCK, "exact": 1}
"""Slots of a spilled block of each driver; `exact` keeps one word a slot."""

COMPACT_INDEX_BYTES, FAST_INDEX_BYTES = 8, 32
"""Most memory of the engine beside the ring, in bytes a slot."""

LIST_WORDS = COUNT_ROWS + 2 * CLASSES
"""Words of a chunk: counts, and where its lists begin and lie."""

LEAST_BLOCKS = 16

MOST_WORKERS = 1 << 16
"""Most workers, whatever a job asks for; each may hold two unfinished blocks."""

CPU_TICKET, GROUP_TICKET = 256, 512
"""Most tasks that a worker takes at once unless it is told: a narrow front through the ring keeps memory near."""

LEAST_GROUP_TICKET = 32

LEAST_MIRROR_SLOTS = 1 << 17
"""Shorter rings lie in a device's cache themselves."""

TAG_BYTES = 5
"""What a mirror takes of a slot: its tag and its own byte."""
LANES_PER_UNIT = 2
GROUPS_PER_UNIT = 4
TICKETS_PER_WORKER = 4
"""A worker should find at least this many tickets, so that all end at about the same time."""

LANE_CHUNK_SLOTS, GROUP_CHUNK_SLOTS = 2048, 4096
"""Most slots of an index chunk."""

LEAST_CHUNK_SLOTS = 256
ALONE_SLOTS = 2048
"""Most slots of a ring that one work-group indexes."""

INDEX_LANES, MOST_INDEX_LANES = 256, 1024

SCAN_CHUNK = 1 << 16

PREFETCHING = ("portable computing language", "intel")
"""Platforms whose compiler takes `__builtin_prefetch`; it breaks others in ways that a try-build does not show."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a job is spread over the device.

    Attributes:
        driver: As of `vyrectl.opencl.source.Variant`.
        workers: Work-groups of the run kernel.
        work_group_size: Work-items of each.
        ticket: Tasks a worker takes at once.
        chunk_slots: Slots of an index chunk.
        most_chunk_slots: Most that the program is built for.
        index_lanes: One work-item indexes a chunk instead of a work-group.
        index_group_size: Work-items of a group of the index.
        hints: Nobody but the device touches the ring during a round, so that the queue may say what the index saw.
        mirror: Tasks that only end are ended in a mirror of the ring.
    """

    driver: str
    workers: int
    work_group_size: int
    ticket: int
    chunk_slots: int
    most_chunk_slots: int
    index_lanes: bool
    index_group_size: int = 1
    hints: bool = False
    mirror: bool = False


def choose_geometry(device: Device, job: Job, ops: Sequence[OpInfo]) -> Geometry:
    """The device's own shape, where the job does not say otherwise.

    One worker that takes one task at a time gets the exact order of the reference backend. CPUs get a worker for each
    compute unit, each a work-group of one work-item; everything else gets work-groups whose work-items share a ticket.

    Raises:
        UsageError: The work-group size asked for is more than the device allows.
    """
    size = job.work_group_size or (1 if device.is_cpu else min(256, device.max_work_group_size))
    if size > device.max_work_group_size:
        raise UsageError(
            f"a work-group of {size} is more than the device's {device.max_work_group_size}",
            where=device.name,
            fix=f"Use --work-group-size up to {device.max_work_group_size}",
        )
    count = max(1, len(job.slots))
    if (job.workers, job.ticket) == (1, 1) and job.work_group_size in (None, 1):
        chunk = LANE_CHUNK_SLOTS if device.is_cpu else LEAST_CHUNK_SLOTS
        return Geometry("exact", 1, 1, 1, chunk, chunk, True)
    if size == 1 and device.is_cpu:
        most = _most_groups(device, job, LANES_PER_UNIT)
        ticket = _ticket(job, most, 1, CPU_TICKET, MOST_LANE_TICKET)
        workers = _workers(job, most, ticket)
        return Geometry("lane", workers, 1, ticket, LANE_CHUNK_SLOTS, LANE_CHUNK_SLOTS, True)
    most = _most_groups(device, job, GROUPS_PER_UNIT)
    together = bool(ops_in_use(job, [op.id for op in ops if op.group]))
    least = 1 if together else min(size, LEAST_GROUP_TICKET)
    sharers = most if together else device.compute_units // 2
    hints = not device.is_cpu or job.shared.place is None
    mirror = hints and _mirrors(device, job, ops)
    # Tasks that compute for long want a ticket for every work-group before any gets a second one.
    usual = GROUP_TICKET if together else min(GROUP_TICKET, max(size, -(-count // most)))
    if mirror and all(op.at_once for op in ops):
        usual = MOST_GROUP_TICKET
    ticket = _ticket(job, sharers, least, usual, MOST_GROUP_TICKET)
    workers = _workers(job, most, ticket)
    if device.is_cpu:
        chunk = LANE_CHUNK_SLOTS
        return Geometry("group", workers, size, ticket, chunk, chunk, True, hints=hints, mirror=mirror)
    chunk = _group_chunk(count, most)
    lanes = min(device.max_work_group_size, MOST_INDEX_LANES if chunk == count else INDEX_LANES)
    return Geometry("group", workers, size, ticket, chunk, GROUP_CHUNK_SLOTS, False, lanes, hints, mirror)


def _mirrors(device: Device, job: Job, ops: Sequence[OpInfo]) -> bool:
    """Whether to work in a mirror: nobody else sees the ring, an end is only counted, memory may be spent."""
    is_met = job.shared.follow or (job.shared.live is not None and device.is_cpu)
    asks_more = is_met or job.trace or job.quotas or spawning_in_use(job.slots, job.ops, job.op_handles)
    if job.mirror is False or asks_more or not spends_memory(device, job):
        return False
    if job.mirror is None and (device.is_cpu or job.ring_slots < LEAST_MIRROR_SLOTS):
        return False
    return bool(ops_in_use(job, [op.id for op in ops if op.at_once]))


def spends_memory(device: Device, job: Job) -> bool:
    """Whether to spend FAST_INDEX_BYTES a slot: as the job says, or where it is a quarter of the memory at most."""
    if job.fast_index is not None:
        return job.fast_index
    return 4 * FAST_INDEX_BYTES * len(job.slots) <= device.memory_bytes


def spill_blocks(geometry: Geometry, count: int, fast: bool) -> tuple[int, int]:
    """How many blocks tasks may be spilled into, and how many times one of a class may be published in a round.

    With the order of the round (4 bytes a slot, some words a chunk) they take COMPACT_INDEX_BYTES a slot at most, or
    FAST_INDEX_BYTES; short rings get LEAST_BLOCKS all the same. More blocks let more tasks go from hand to hand in a
    round: what finds none waits for the next.

    Args:
        geometry: Of the launch.
        count: Slots of the ring.
        fast: Whether memory may be spent.
    """
    block = BLOCK_SLOTS[geometry.driver]
    if geometry.driver == "exact":
        return count, 0
    publications = 2 if fast else 1
    block_bytes = WORD_BYTES * (block + 1 + CLASSES * publications)
    chunks = -(-count // geometry.chunk_slots)
    order_bytes = WORD_BYTES * (count + chunks * LIST_WORDS) + TAG_BYTES * count * geometry.mirror
    spare = (FAST_INDEX_BYTES if fast else COMPACT_INDEX_BYTES) * count - order_bytes
    useful = 4 * count // block + CLASSES * geometry.workers
    blocks = max(LEAST_BLOCKS, min(useful, spare // block_bytes))
    return blocks, publications * blocks


def choose_variant(device: Device, job: Job, geometry: Geometry, only: frozenset[int] | None) -> Variant:
    """The program that a geometry needs."""
    prefetch = device.is_cpu and any(name in device.platform.lower() for name in PREFETCHING)
    return Variant(
        driver=geometry.driver,
        index_lanes=geometry.index_lanes,
        chunk_slots=geometry.most_chunk_slots,
        prefetch=prefetch,
        hints=geometry.hints,
        live=job.shared.follow or (job.shared.live is not None and device.is_cpu),
        verify=job.verify,
        quotas=bool(job.quotas),
        family=bool(spawning_in_use(job.slots, job.ops, job.op_handles)),
        only=only,
        watch=job.watch,
        mirror=geometry.mirror,
    )


def wanted_ops(device: Device, job: Job) -> tuple[tuple[OpInfo, ...], frozenset[int] | None]:
    """The operations to compile for a job, and their ids when they are not all (jit).

    All where some may spawn: nobody can say which ones their children will name. Left to itself a CPU compiles all of
    them once for short rings; the compilers of GPUs take seconds longer for that than for the few that a ring uses.
    """
    ops = op_order(job.ops)
    if spawning_in_use(job.slots, job.ops, job.op_handles):
        return ops, None
    is_short = device.is_cpu and job.ring_slots < JIT_SLOTS
    if job.mode == "interpreter" or (job.mode == "auto" and is_short):
        return ops, None
    only = ops_in_use(job, [op.id for op in ops])
    if PACKED_SLOT in only:
        only |= {op.id for op in ops if op.id <= MOST_OPCODE}
    return op_order(job.ops, only), only


def ops_in_use(job: Job, known: Sequence[int]) -> frozenset[int]:
    """Which of the known op handles some slot names."""
    if job.op_handles is not None:
        return job.op_handles & frozenset(known)
    missing, slots = set(known), job.slots
    for start in range(0, len(slots), SCAN_CHUNK):
        if not missing:
            break
        handles = np.ascontiguousarray(slots["op_handle"][start : start + SCAN_CHUNK])
        missing -= {op for op in missing if (handles == op).any()}
    return frozenset(known) - missing


def _most_groups(device: Device, job: Job, per_unit: int) -> int:
    """Work-groups at most. Where workers poll they leave a compute unit of a CPU to those that feed them."""
    if job.shared.follow and device.is_cpu:
        return max(1, device.compute_units - 1)
    return device.compute_units * per_unit


def _workers(job: Job, most: int, ticket: int) -> int:
    """As many as asked for, or as many as find a ticket; never more than tasks, so that no counter of theirs wraps."""
    count = max(1, len(job.slots))
    return min(job.workers or min(most, -(-count // ticket)), count, MOST_WORKERS)


def _group_chunk(count: int, groups: int) -> int:
    """Slots of a chunk: all of a short ring, else a power of two that gives about every group one."""
    if count <= ALONE_SLOTS:
        return count
    return min(GROUP_CHUNK_SLOTS, max(LEAST_CHUNK_SLOTS, 1 << (count // groups).bit_length()))


def _ticket(job: Job, workers: int, least: int, usual: int, most: int) -> int:
    """Tasks of a ticket: as asked for, or a few tickets a worker within [least, usual]."""
    count = max(1, len(job.slots))
    share = count // (max(1, job.workers or workers) * TICKETS_PER_WORKER)
    return min(job.ticket or min(usual, max(least, share)), count, most)
