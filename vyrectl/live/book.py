"""What was accepted for publication, where it went, and what of it has finished.

The invariant: a task id is published once, however often it is offered; an accepted task is given back by `collect`
exactly once, when it is Done, Faulted, or was taken out of the ring. Ids that the ring holds at the start count as
accepted. Usable from any thread. Imports numpy.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.live.access import Access, Numbers
from vyrectl.live.ids import Ids, IdSet
from vyrectl.live.places import FreeSlots
from vyrectl.records import Comparable
from vyrectl.task.arrays import SlotArray

OPEN_STATES = np.array([*map(int, SCHEDULABLE), int(TaskState.PAUSED)], np.uint32)
"""States in which a task may be published."""

_EMPTY, _DONE = int(TaskState.EMPTY), int(TaskState.DONE)
_ENDED = np.array([_EMPTY, _DONE, int(TaskState.FAULTED)], np.uint32)
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Acceptance(Comparable):
    """What became of the tasks of one call.

    Attributes:
        placed: Positions of the tasks that were published, int64.
        numbers: Their slots.
        duplicates: Positions of the tasks whose id was accepted before.
        left: Positions of the tasks for which there was no slot; offer them again.
    """

    placed: Numbers
    numbers: Numbers
    duplicates: Numbers
    left: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Finished(Comparable):
    """Tasks that have ended.

    Attributes:
        ids: Their ids, u32, shape (n,).
        numbers: Their slots.
        tasks: Those slots' words; a slot that another process has used again shows the later task.
    """

    ids: Ids
    numbers: Numbers
    tasks: SlotArray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def states(self) -> NDArray[np.uint32]:
        """How each ended: Done, Faulted, or Empty where somebody took it out of the ring."""
        return np.where(self.tasks["task_id"] == self.ids, self.tasks["state"], np.uint32(_DONE))


class Book:
    """Accepts tasks for a ring and tells when they end.

    Args:
        access: How the slots of the running ring are read and written.
        reclaim: Publish into Done slots as well as Empty ones.
    """

    def __init__(self, access: Access, *, reclaim: bool) -> None:
        self._access = access
        self._reclaim = reclaim
        self._lock = threading.RLock()
        self._ids = IdSet()
        slots = access.everything()
        self._at = slots["task_id"].copy()
        self._known = slots["state"] != _EMPTY
        self._ids.add(self._at[self._known])
        self._watched = np.zeros(access.slots, bool)
        self._open: list[Numbers] = []
        self._waiting = 0
        self._where: dict[int, int] | None = None
        self._free = FreeSlots(access.slots, self._vacant(slots["state"]))

    @property
    def unfinished(self) -> int:
        """Watched tasks that `collect` has not given back."""
        return self._waiting

    def accept(self, tasks: SlotArray) -> Acceptance:
        """Publish every task that is new, as far as there are slots.

        Args:
            tasks: `SLOT_DTYPE`, shape (n,), Ready, Yielded, Requeued or Paused, each with an id.

        Raises:
            InvalidInputError: A task in another state.
            UsageError: Tasks of the ring spawn children, which take Empty slots too.
        """
        self.check_room_is_free()
        _check_states(tasks)
        ids = np.ascontiguousarray(tasks["task_id"])
        with self._lock:
            fresh = self._ids.fresh(ids)
            wanted = np.flatnonzero(fresh)
            with self._access.publishing():
                numbers = self._room(len(wanted))
                placed = wanted[: len(numbers)]
                self._enter(numbers, ids[placed])
                if len(numbers):
                    self._access.publish(numbers, tasks[placed])
            return Acceptance(placed, numbers, np.flatnonzero(~fresh), wanted[len(numbers) :])

    def check_room_is_free(self) -> None:
        """Refuse to publish beside workers that put children into Empty slots.

        Raises:
            UsageError: They do.
        """
        if self._access.spawns:
            raise UsageError(
                "tasks of this ring spawn children into Empty slots, and what is fed could meet them there",
                fix="Add tasks with `vyrectl publish`, which claims a slot before it writes",
            )

    def fresh(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are new, and come for the first time in `ids`."""
        with self._lock:
            return self._ids.fresh(ids)

    def is_watched(self, slot: int) -> bool:
        """True while `collect` has yet to give back the task of a slot."""
        return bool(self._watched[slot])

    def unused_ids(self, count: int) -> Ids:
        """Ids that nobody has used yet, u32, shape (count,)."""
        with self._lock:
            return self._ids.unused(count)

    def find(self, task_id: int) -> tuple[int | None, bool]:
        """The slot that holds an accepted task, None when it was used again; and whether the id is known at all."""
        with self._lock:
            slot = self._index().get(task_id)
            return slot, bool(self._ids.holds(np.array([task_id], np.uint32))[0])

    def again(self, task_id: int) -> tuple[int, int] | None:
        """Slot and state of a task that is offered again; None when it is there no more. It is watched."""
        with self._lock:
            slot = self._index().get(task_id)
            if slot is None:
                return None
            number = np.array([slot])
            state = int(self._access.states(number)[0])
            self.watch(number)
            return slot, state

    def watch(self, numbers: Numbers) -> None:
        """Have `collect` give back the tasks of some slots too, when they end; those that have ended are left out."""
        with self._lock:
            states = self._access.states(numbers)
            new = numbers[~self._watched[numbers] & ~np.isin(states, _ENDED)]
            self._watch(np.unique(new))

    def collect(self) -> Finished:
        """Tasks that have ended since the last call."""
        with self._lock:
            if not self._waiting:
                return Finished(self._at[:0], _NONE, self._access.take(_NONE))
            candidates = self._open[0] if len(self._open) == 1 else np.concatenate(self._open)
            over = np.isin(self._access.states(candidates), _ENDED)
            numbers = candidates[over]
            self._open = [candidates[~over]]
            self._waiting -= len(numbers)
            self._watched[numbers] = False
            finished = Finished(self._at[numbers], numbers, self._access.take(numbers))
            self._free.put(self._again(finished))
            return finished

    def open_tasks(self) -> tuple[Ids, Numbers]:
        """Ids and slots of the watched tasks that have not ended."""
        with self._lock:
            numbers = np.concatenate([_NONE, *self._open])
            return self._at[numbers], numbers

    def _again(self, finished: Finished) -> Numbers:
        """Slots of ended tasks that may be published into."""
        states = finished.tasks["state"]
        again: Numbers = finished.numbers[self._is_vacant(states)]
        return again

    def _enter(self, numbers: Numbers, ids: Ids) -> None:
        self._ids.add(ids)
        if self._where is not None:
            for old in self._at[numbers][self._known[numbers]].tolist():
                self._where.pop(old, None)
            self._where.update(zip(ids.tolist(), numbers.tolist(), strict=True))
        self._at[numbers] = ids
        self._known[numbers] = True
        self._watch(numbers)

    def _watch(self, numbers: Numbers) -> None:
        self._watched[numbers] = True
        self._waiting += len(numbers)
        self._open.append(numbers)

    def _index(self) -> dict[int, int]:
        """Id -> slot, made when first asked for."""
        if self._where is None:
            numbers = np.flatnonzero(self._known)
            self._where = dict(zip(self._at[numbers].tolist(), numbers.tolist(), strict=True))
        return self._where

    def _room(self, count: int) -> Numbers:
        """Up to `count` slots that are free now; another process may have used some that were."""
        numbers = self._free.take(count)
        numbers = numbers[self._is_vacant(self._access.states(numbers))]
        if len(numbers) == count:
            return numbers
        vacant = self._vacant(self._states_of_all())
        self._free.take(len(self._free))
        self._free.put(np.setdiff1d(vacant, numbers))
        return np.concatenate([numbers, self._free.take(count - len(numbers))])

    def _states_of_all(self) -> NDArray[np.uint32]:
        return self._access.states(np.arange(self._access.slots))

    def _vacant(self, states: NDArray[np.uint32]) -> Numbers:
        """Every slot that may be published into and is not waited for."""
        return np.flatnonzero(self._is_vacant(states) & ~self._watched)

    def _is_vacant(self, states: NDArray[np.uint32]) -> NDArray[np.bool_]:
        vacant: NDArray[np.bool_] = states == _EMPTY
        return vacant | (states == _DONE) if self._reclaim else vacant


def _check_states(tasks: SlotArray) -> None:
    bad = np.flatnonzero(~np.isin(tasks["state"], OPEN_STATES))
    if bad.size:
        raise InvalidInputError(
            f"state {int(tasks['state'][bad[0]])} cannot be published",
            where=f"task {int(tasks['task_id'][bad[0]])}",
            fix="Publish tasks that are Ready, Yielded, Requeued or Paused",
        )
