"""How a ring with families is dealt out: parents, their children and spare Empty slots into one shard.

A family is every task that a join could count: tasks that bear an id which an unfinished task names as its parent's,
where one of them may still wait, and those that name it. Its slots may lie anywhere, so shards are gathered: the ring
is put into another order, in which each shard is a run, and back at the end. Operations that go by the number of their
slot do not allow that; then families have to lie within the shards as they are. The invariant: no family is cut, and a
shard whose tasks may have children has Empty slots where the ring has enough for each. Imports numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Job
from vyrectl.engine.family import NOBODY, spawning_in_use
from vyrectl.engine.op_calls import Calls
from vyrectl.engine.ops import OpSource
from vyrectl.errors import UsageError
from vyrectl.spread.cut import ONE_DEVICE, SHARD_STEP, Shard, cut
from vyrectl.task.arrays import SlotArray

GOES_BY_SLOT = re.compile(r"(?<=->)slot\b|(?<=-> )slot\b")
"""An operation that asks for the number of its slot."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Deal:
    """A ring dealt out.

    Attributes:
        shards: Runs of places.
        order: The slot at each place, int64; None where they are the same.
    """

    shards: list[Shard]
    order: Numbers | None = None


def deal(job: Job, devices: int, shard_slots: int | None, ring: str) -> Deal:
    """Deal a ring out to devices, families whole.

    Args:
        job: The whole launch.
        devices: How many will work.
        shard_slots: See `cut`.
        ring: What the ring is called.

    Raises:
        UsageError: A family does not fit a shard.
    """
    slots, shards = job.slots, cut(len(job.slots), devices, shard_slots)
    spawning = spawning_in_use(slots, job.ops, job.op_handles)
    if not spawning or len(shards) == 1:
        return Deal(shards)
    families = family_of(slots, spawning)
    bears = np.isin(slots["op_handle"], sorted(spawning)) & _unfinished(slots)
    if (op := goes_by_slot(job.ops)) is not None:
        _refuse_torn(shards, families, slots, bears, f"{op} goes by the number of its slot", ring)
        return Deal(shards)
    if shard_slots is not None:
        _refuse_large(families, len(shards[0]), ring)
    return _gathered([one for one in _bins(slots, families, bears, len(shards)) if len(one)])


def _refuse_torn(
    shards: Sequence[Shard],
    families: Numbers,
    slots: SlotArray,
    bears: NDArray[np.bool_],
    why: str,
    ring: str,
) -> None:
    """Refuse families that the shards cut through, or leave without an Empty slot.

    Raises:
        UsageError: There is one; the error names it, and the shards that would hold it.
    """
    length = len(shards[0])
    torn = np.flatnonzero(np.arange(len(slots)) // length != families // length)
    if len(torn):
        first = int(families[torn[0]])
        members = np.flatnonzero(families == first)
        end = int(members[-1])
        raise UsageError(
            f"the family of the task in slot {first} has {len(members)} tasks in slots {first} to {end}, more than one "
            f"shard of {length}, and slots cannot be gathered: {why}",
            where=ring,
            fix=f"{_holding(first, end, len(slots))}. {ONE_DEVICE}",
        )
    empty = slots["state"] == int(TaskState.EMPTY)
    for shard in shards if empty.any() else ():
        part = slice(shard.first, shard.end)
        if bears[part].any() and not empty[part].any():
            first = shard.first + int(np.flatnonzero(bears[part])[0])
            raise UsageError(
                f"the task in slot {first} may have children, {shard} has no Empty slot for them, and slots cannot be "
                f"gathered: {why}",
                where=ring,
                fix=ONE_DEVICE,
            )


def goes_by_slot(sources: Iterable[OpSource]) -> str | None:
    """The first operation of some sources that asks for the number of its slot; None when none does."""
    found = (one.op for source in sources for one in Calls(source.text).reached(GOES_BY_SLOT, by_groups=True))
    return next(found, None)


def family_of(slots: SlotArray, spawning: frozenset[int]) -> Numbers:
    """The lowest slot of each slot's family, int64, shape (n,): its own where it has none."""
    families = np.arange(len(slots))
    tasks, unfinished = slots["state"] != int(TaskState.EMPTY), _unfinished(slots)
    may_wait = unfinished & np.isin(slots["op_handle"], sorted(spawning)) & (slots["task_id"] != NOBODY)
    names = unfinished & (slots["parent_task_id"] != NOBODY)
    ids = np.intersect1d(slots["task_id"][may_wait], slots["parent_task_id"][names])
    if not len(ids):
        return families
    bearers = np.flatnonzero(tasks & np.isin(slots["task_id"], ids))
    children = np.flatnonzero(names & np.isin(slots["parent_task_id"], ids))
    at = np.searchsorted(ids, slots["task_id"][bearers])
    first = np.full(len(ids), len(slots))
    np.minimum.at(first, at, bearers)
    ends = np.concatenate([bearers, children])
    others = first[np.concatenate([at, np.searchsorted(ids, slots["parent_task_id"][children])])]
    return _joined(families, ends, others)


def _joined(families: Numbers, ends: Numbers, others: Numbers) -> Numbers:
    """Every slot's lowest relative, along edges between `ends` and `others`."""
    met = np.unique(np.concatenate([ends, others]))
    while True:
        left, right = families[ends], families[others]
        if (left == right).all():
            return families
        lower = np.minimum(left, right)
        np.minimum.at(families, left, lower)
        np.minimum.at(families, right, lower)
        while (families[families[met]] != families[met]).any():
            families[met] = families[families[met]]


def _bins(slots: SlotArray, families: Numbers, bears: NDArray[np.bool_], wanted: int) -> list[Numbers]:
    """The slots of each shard, ascending: families and their share of the Empty slots, then of all other tasks."""
    empty = np.flatnonzero(slots["state"] == int(TaskState.EMPTY))
    related = bears | (families != np.arange(len(slots)))
    related |= np.isin(np.arange(len(slots)), families[related])
    related[empty] = False
    members = np.flatnonzero(related)
    members = members[np.argsort(families[members], kind="stable")]
    roots = np.unique(families[members])
    count = max(1, min(wanted, len(roots), len(empty) or wanted))
    starts = np.searchsorted(families[members], roots)
    of_root = starts * count // max(1, len(members))
    of_member = of_root[np.searchsorted(roots, families[members])]
    bearing = np.bincount(of_member, weights=bears[members], minlength=count).cumsum()
    shares = np.round(bearing / max(1.0, bearing[-1]) * len(empty)).astype(np.int64)
    others = np.flatnonzero(~related & (slots["state"] != int(TaskState.EMPTY)))
    of_other = np.arange(len(others)) * wanted // max(1, len(others))
    bins = []
    for number, (begin, end) in enumerate(pairwise([0, *shares.tolist()])):
        parts = (members[of_member == number], empty[begin:end], others[of_other == number])
        bins.append(np.sort(np.concatenate(parts)))
    return bins + [others[of_other == number] for number in range(count, wanted)]


def _gathered(bins: Sequence[Numbers]) -> Deal:
    ends = np.cumsum([len(one) for one in bins]).tolist()
    shards = [
        Shard(number, first, end, (int(bins[number][0]), int(bins[number][-1])))
        for number, (first, end) in enumerate(pairwise([0, *ends]))
    ]
    return Deal(shards, np.concatenate(bins))


def _refuse_large(families: Numbers, length: int, ring: str) -> None:
    """Refuse a family of more tasks than the shards that were asked for.

    Raises:
        UsageError: There is one.
    """
    roots, sizes = np.unique(families, return_counts=True)
    largest = int(sizes.argmax())
    size, root = int(sizes[largest]), int(roots[largest])
    if size > length:
        end = int(np.flatnonzero(families == root)[-1])
        room = -(-size // SHARD_STEP) * SHARD_STEP
        raise UsageError(
            f"the family of the task in slot {root} has {size} tasks in slots {root} to {end}, "
            f"and a shard has {length}",
            where=ring,
            fix=f"Give --shard-slots {room} or more, or leave it out",
        )


def _holding(first: int, end: int, slots: int) -> str:
    """The least --shard-slots, in pages, of which one shard holds the slots from `first` to `end`."""
    length = next(
        (one for one in range(SHARD_STEP, slots + SHARD_STEP, SHARD_STEP) if first // one == end // one),
        slots,
    )
    if length >= slots:
        return "No shard but the whole ring holds them"
    return f"--shard-slots {length} holds them"


def _unfinished(slots: SlotArray) -> NDArray[np.bool_]:
    ended = (int(TaskState.EMPTY), int(TaskState.DONE), int(TaskState.FAULTED))
    return ~np.isin(slots["state"], ended)
