"""What a live screen says about a ring: counts, priorities, sums, the oldest open tasks and the faulted ones.

Needs numpy. One pass over the slots in chunks; only the few slots that are listed are copied, so that the ring's
memory may be overwritten by the next look.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.ring.listing import Listing, Wanted
from vyrectl.ring.reading import AS_TASKS, Readings
from vyrectl.ring.reading_arrays import protocol_mask
from vyrectl.ring.where import Where
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.spread import open_mask

CHUNK_SLOTS = 1 << 15

Row = tuple[int, tuple[int, ...]]
"""A slot's number and its 16 words."""


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at a ring.

    Attributes:
        total: Slots of the ring.
        matched: Slots that the condition chose.
        counts: Chosen slots in each state, in the order of the state words, then in unknown states.
        priorities: Open tasks (see `vyrectl.telemetry.spread`) of each priority, then of unknown ones.
        requeues: Sum of requeue_count over the chosen slots.
        yields: Sum of yield_count over them.
        oldest: The open tasks that were asked for, the oldest first by default.
        faulted: The faulted tasks that were asked for, the first by default.
        readings: Which slots hold arguments: their words 4-15 are in no sum and in no order.
    """

    total: int
    matched: int
    counts: tuple[int, ...]
    priorities: tuple[int, ...]
    requeues: int
    yields: int
    oldest: tuple[Row, ...]
    faulted: tuple[Row, ...]
    readings: Readings = AS_TASKS

    @property
    def open_tasks(self) -> int:
        """Tasks that are neither finished nor faulted."""
        return sum(self.priorities)


def overview(
    slots: SlotArray,
    where: Where | None,
    most: int,
    wanted: Wanted = Wanted(),
    readings: Readings = AS_TASKS,
) -> Overview:
    """Look at a ring.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        where: Condition, or None for all slots.
        most: How many of the open and of the faulted tasks to list.
        wanted: Which of them.
        readings: Which slots hold arguments.
    """
    counts = np.zeros(len(TaskState) + 1, np.int64)
    priorities = np.zeros(len(TaskPriority) + 1, np.int64)
    requeues = yields = 0
    oldest, faulted = _Part(wanted.open, most), _Part(wanted.faulted, most)
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = _without_arguments(slots[start : start + CHUNK_SLOTS], readings)
        states = chunk["state"]
        numbers = np.arange(start, start + len(chunk))
        if where is not None:
            numbers = numbers[where.mask(chunk, start)]
            states = states[numbers - start]
        counts += np.bincount(np.minimum(states, np.uint32(len(TaskState))), minlength=len(counts))
        waiting = numbers[open_mask(states)] - start
        classes = np.minimum(chunk["priority"][waiting], np.uint32(len(TaskPriority)))
        priorities += np.bincount(classes, minlength=len(priorities))
        requeues += _sum(chunk["requeue_count"][numbers - start])
        yields += _sum(chunk["yield_count"][numbers - start])
        oldest.add(waiting + start, chunk[waiting])
        failed = numbers[states == TaskState.FAULTED]
        faulted.add(failed, chunk[failed - start])
    return Overview(
        len(slots),
        int(counts.sum()),
        tuple(counts.tolist()),
        tuple(priorities.tolist()),
        requeues,
        yields,
        _rows(slots, oldest.numbers()),
        _rows(slots, faulted.numbers()),
        readings,
    )


def _without_arguments(slots: SlotArray, readings: Readings) -> SlotArray:
    """The same slots with the counters of those that hold arguments as 0."""
    mask = protocol_mask(readings, slots["op_handle"])
    if not mask.any():
        return slots
    copy = slots.copy()
    for name in ("age_ticks", "requeue_count", "yield_count"):
        copy[name][mask] = 0
    return copy


_KEYS: dict[str, Callable[[SlotArray], NDArray[np.uint32]]] = {
    "age": lambda slots: ~slots["age_ticks"],
    "requeues": lambda slots: ~slots["requeue_count"],
    "yields": lambda slots: ~slots["yield_count"],
    "priority": lambda slots: slots["priority"],
    "slot": lambda slots: np.zeros(len(slots), np.uint32),
}
"""Order -> what ascends in it."""


class _Part:
    """Keeps what a list shows and all before it; memory and work grow with that and not with the ring."""

    def __init__(self, listing: Listing, most: int) -> None:
        self._first, self._kept = listing.first, listing.first + most
        self._key = _KEYS[listing.order]
        self._numbers = [np.zeros(0, np.int64)]
        self._keys = [np.zeros(0, np.uint32)]
        self._count = 0
        self._worst: int | None = None

    def add(self, numbers: NDArray[np.int64], slots: SlotArray) -> None:
        """Slots that come after all that were added before."""
        keys = self._key(slots)
        if self._worst is not None:
            better = keys < self._worst
            numbers, keys = numbers[better], keys[better]
        self._numbers.append(numbers)
        self._keys.append(keys)
        self._count += len(numbers)
        if self._count > max(2 * self._kept, CHUNK_SLOTS):
            self._trim()

    def numbers(self) -> NDArray[np.int64]:
        """The slots to show."""
        self._trim()
        return self._numbers[0][self._first :]

    def _trim(self) -> None:
        keys = np.concatenate(self._keys)
        order = np.argsort(keys, kind="stable")[: self._kept]
        self._keys, self._numbers = [keys[order]], [np.concatenate(self._numbers)[order]]
        self._count = len(order)
        if self._count == self._kept and self._kept:
            self._worst = int(self._keys[0][-1])


def _sum(column: NDArray[np.uint32]) -> int:
    return int(column.sum(dtype=np.uint64))


def _rows(slots: SlotArray, numbers: NDArray[np.int64]) -> tuple[Row, ...]:
    return tuple(zip(numbers.tolist(), slots[numbers].tolist(), strict=True))
