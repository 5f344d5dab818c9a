"""Parents and children of a launch: who waits for whom, and how many children are still to end.

While a ring runs, links between slots stand beside it (kernels/engine/family.h keeps the same ones on a device). A
ring alone says them by words: a child names its parent's task_id, and an operation that may spawn (`OpInfo.spawns`)
waits for its children when it is Paused until epoch 0xFFFFFFFF. `count_families` reads them from there at the start of
every launch, so that one that was killed goes on. The invariant: a child counts from before it can be seen until it is
Done or Faulted. Imports numpy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import LOST_CHILDREN
from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Job
from vyrectl.engine.ops import OpSource, spawning_ids
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.task.arrays import SlotArray, apply_transition, copy_of

NOBODY = 0
"""The parent_task_id of a task without a parent."""

_ENDED = (int(TaskState.DONE), int(TaskState.FAULTED))


@dataclass(frozen=True, slots=True)
class Links:
    """The families of a ring at the start of a launch.

    Attributes:
        parents: Slot of each unfinished task's parent, int64, shape (n,); -1 for none.
        waits: Children that a slot still waits for, beyond those that must end before it goes on, u32, shape (n,). A
            parent that is not at its join has as many as it has children; one that waits has one fewer, so that the
            child that finds 0 is the last.
        first_id: task_id of a child in slot 0; the others follow, modulo 2^32.
        freed: Parents at a join that became Ready at once.
        lost: Parents at a join that were Faulted.
    """

    parents: NDArray[np.int64]
    waits: NDArray[np.uint32]
    first_id: int
    freed: int
    lost: int


def spawning_in_use(
    slots: SlotArray, sources: Iterable[OpSource] = (), named: frozenset[int] | None = None
) -> frozenset[int]:
    """Ids of the operations that may spawn, or none when no slot of a ring names one.

    Args:
        slots: The ring, shape (n,).
        sources: The user's sources beside the shipped ones.
        named: Every op_handle of the ring, where that is known.
    """
    spawning = spawning_ids(sources)
    if named is not None:
        return frozenset() if spawning.isdisjoint(named) else spawning
    used = bool(spawning) and bool(np.isin(slots["op_handle"], sorted(spawning)).any())
    return spawning if used else frozenset()


def with_empty_slots(
    selected: NDArray[np.bool_] | None, slots: SlotArray, spawning: frozenset[int]
) -> NDArray[np.bool_] | None:
    """A launch's selection with the Empty slots, since children that come to be there are of the launch."""
    if selected is None or not spawning:
        return selected
    wider: NDArray[np.bool_] = selected | (slots["state"] == int(TaskState.EMPTY))
    return wider


def count_families(
    slots: SlotArray,
    spawning: Iterable[int],
    eligible: NDArray[np.bool_] | None = None,
    first_id: int | None = None,
) -> Links:
    """Find the families of a ring, and bring parents that wait at a join up to date.

    One whose children have all ended becomes Ready. One whose task_id is 0, or another task's too while children that
    are not finished name it, cannot know which are its own: it is Faulted as `lost_children`. Empty slots that still
    bear the words of a task are cleared: a launch that dies when it has just taken one for a child leaves it Running,
    and nothing but a nop may be found there.

    Args:
        slots: The ring, shape (n,); changed.
        spawning: Ids of operations that may spawn.
        eligible: Slots that this launch may claim or resume, bool, shape (n,); None for all.
        first_id: See `Links`; None to find one that is free in these slots.
    """
    slots[_stale(slots)] = np.zeros((), SLOT_DTYPE)
    may_wait = np.isin(slots["op_handle"], sorted(spawning))
    if eligible is not None:
        may_wait &= eligible
    at_join = may_wait & _waits_for_ever(slots)
    lost = _lost(slots, at_join)
    slots[lost] = _faulted(slots[lost])
    parents = _parents(slots, may_wait)
    children = np.bincount(parents[parents >= 0], minlength=len(slots)).astype(np.uint32)
    at_join[lost] = False
    free = np.flatnonzero(at_join & (children == 0))
    slots[free] = apply_transition(slots[free], "resume")
    at_join[free] = False
    waits = children - at_join.astype(np.uint32)
    first = first_child_id(slots) if first_id is None else first_id
    return Links(parents, waits, first, len(free), len(lost))


def as_counted(before: SlotArray, after: SlotArray, spawning: frozenset[int]) -> SlotArray:
    """A ring before a launch as if its families had come to be before it too, for comparing it with the ring after.

    Children stand in their slots as they were born; parents that waited at a join wait no more where the launch has
    seen to that; Empty slots are clear. The ring itself where nothing may spawn.
    """
    if not spawning:
        return before
    counted = copy_of(before)
    counted[_stale(before)] = np.zeros((), SLOT_DTYPE)
    born = (before["state"] == int(TaskState.EMPTY)) & (after["state"] != int(TaskState.EMPTY))
    counted[born] = after[born]
    counted["state"][born] = int(TaskState.READY)
    for counter in ("yield_count", "requeue_count", "age_ticks"):
        counted[counter][born] = 0
    waited = np.isin(before["op_handle"], sorted(spawning)) & _waits_for_ever(before)
    goes_on = np.flatnonzero(waited & (after["state"] != int(TaskState.PAUSED)))
    counted[goes_on] = apply_transition(before[goes_on], "resume")
    lost = waited & (_faulted(before) == after)
    counted[lost] = after[lost]
    return counted


def eligible_slots(job: Job, slots: SlotArray) -> NDArray[np.bool_] | None:
    """The slots that a job may touch: selected, and of tenants that are let in."""
    admitted = tenants_admitted(slots, job.control) if job.gate else None
    if job.selected is None or admitted is None:
        return job.selected if admitted is None else admitted
    both: NDArray[np.bool_] = job.selected & admitted
    return both


def first_child_id(slots: SlotArray) -> int:
    """An id from which on as many are free as the ring has slots.

    It follows the largest id in use, where that leaves room, else the lowest wide enough gap; where there is none, the
    widest, and ids may then repeat.
    """
    tasks = slots["state"] != int(TaskState.EMPTY)
    used = np.concatenate([slots["task_id"][tasks], slots["parent_task_id"][tasks]])
    largest = int(used.max(initial=0))
    if largest + len(slots) <= U32_MAX:
        return largest + 1
    ends = np.unique(used).astype(np.int64)
    gaps = np.diff(ends, prepend=0) - 1
    wide = gaps >= len(slots)
    at = int((wide if wide.any() else gaps).argmax())
    return int(ends[at] - gaps[at])


def _stale(slots: SlotArray) -> NDArray[np.bool_]:
    """Empty slots that still bear the words of a task."""
    named = np.logical_or.reduce([slots[name] != 0 for name in ("op_handle", "task_id", "parent_task_id")])
    stale: NDArray[np.bool_] = named & (slots["state"] == int(TaskState.EMPTY))
    return stale


def _waits_for_ever(slots: SlotArray) -> NDArray[np.bool_]:
    waits: NDArray[np.bool_] = (slots["state"] == int(TaskState.PAUSED)) & (
        slots["resume_epoch"] == NEVER_EPOCH
    )
    return waits


def _unfinished(slots: SlotArray) -> NDArray[np.bool_]:
    return ~np.isin(slots["state"], [int(TaskState.EMPTY), *_ENDED])


def _lost(slots: SlotArray, at_join: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Parents at a join that cannot tell their children from another's."""
    at = np.flatnonzero(at_join)
    if not len(at):
        return at
    ids, counts = np.unique(slots["task_id"][slots["state"] != int(TaskState.EMPTY)], return_counts=True)
    wanted = slots["task_id"][at]
    repeats = counts[np.searchsorted(ids, wanted)] > 1
    named = np.isin(wanted, slots["parent_task_id"][_unfinished(slots)])
    lost: NDArray[np.int64] = at[(wanted == NOBODY) | (repeats & named)]
    return lost


def _faulted(slots: SlotArray) -> SlotArray:
    after = slots.copy()
    after["state"], after["continuation_data"] = int(TaskState.FAULTED), LOST_CHILDREN
    return after


def _parents(slots: SlotArray, may_wait: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The slot of each unfinished task's parent, where exactly one task bears that id and may still wait."""
    found = np.full(len(slots), -1, np.int64)
    tasks = np.flatnonzero(slots["state"] != int(TaskState.EMPTY))
    children = np.flatnonzero(_unfinished(slots) & (slots["parent_task_id"] != NOBODY))
    if not len(children):
        return found
    ids, first, counts = np.unique(slots["task_id"][tasks], return_index=True, return_counts=True)
    wanted = slots["parent_task_id"][children]
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    parents = tasks[first[at]]
    known = (ids[at] == wanted) & (counts[at] == 1) & may_wait[parents] & (parents != children)
    known &= _unfinished(slots)[parents]
    found[children[known]] = parents[known]
    return found


class Nursery:
    """Families on the reference backend: hands out Empty slots, counts children, says who goes on.

    Args:
        slots: The ring, shape (n,); children are written into it.
        links: What `count_families` found.

    Attributes:
        spawned: Children so far.
        joined: Parents that went on because their last child had ended.
    """

    def __init__(self, slots: SlotArray, links: Links) -> None:
        self._slots = slots
        self._parents = links.parents
        self._waits = links.waits.astype(np.int64)
        self._first_id = links.first_id
        self._free: deque[int] = deque()
        self._born: list[int] = []
        self.spawned = 0
        self.joined = links.freed

    def refill(self) -> None:
        """Line up the Empty slots, in slot order."""
        self._free = deque(np.flatnonzero(self._slots["state"] == int(TaskState.EMPTY)).tolist())

    def spawn(self, slot: int, parent: Mapping[str, int], words: Mapping[str, int]) -> int | None:
        """Put a child of the task in `slot` into the next free slot; None when none is left.

        Args:
            slot: The parent's slot.
            parent: The parent's words, by name.
            words: op_handle, priority, input_handle, output_handle and param of the child.
        """
        if not self._free:
            return None
        child = self._free.popleft()
        given = {
            "state": int(TaskState.READY),
            "tenant_id": parent["tenant_id"],
            "task_id": (self._first_id + child) & U32_MAX,
            "parent_task_id": parent["task_id"],
            **words,
        }
        self._slots[child] = np.array(tuple(given.get(name, 0) for name in FIELD_NAMES), SLOT_DTYPE)
        self._parents[child] = slot
        self._waits[slot] += 1
        self._born.append(child)
        self.spawned += 1
        return child

    def after(self, slot: int, kind: OutcomeKind, *, joins: bool) -> list[int]:
        """Who must queue now that a turn of `slot` has ended so and is published: its new children, then a parent.

        Args:
            slot: Number of the slot whose turn ended.
            kind: How it ended.
            joins: The task waits for its children.
        """
        born, self._born = self._born, []
        waiting = slot if joins else -1
        if kind in (OutcomeKind.DONE, OutcomeKind.FAULT):
            waiting, self._parents[slot] = int(self._parents[slot]), -1
        return born + ([waiting] if waiting >= 0 and self._counts_down(waiting) else [])

    def _counts_down(self, parent: int) -> bool:
        """Take one from what a parent waits for; True when it was the last and the parent is Ready again."""
        self._waits[parent] -= 1
        if self._waits[parent] != -1 or self._slots["state"][parent] != int(TaskState.PAUSED):
            return False
        self._waits[parent] = 0
        at = slice(parent, parent + 1)
        self._slots[at] = apply_transition(self._slots[at], "resume")
        self.joined += 1
        return True
