"""What a live screen says about a ring: counts, priorities, sums, the oldest open tasks and the faulted ones.

Needs numpy. One pass over the slots in chunks; only the few slots that are listed are copied, so that the ring's
memory may be overwritten by the next look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskPriority, TaskState
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
        oldest: The oldest open tasks, the oldest first.
        faulted: The first faulted tasks.
    """

    total: int
    matched: int
    counts: tuple[int, ...]
    priorities: tuple[int, ...]
    requeues: int
    yields: int
    oldest: tuple[Row, ...]
    faulted: tuple[Row, ...]

    @property
    def open_tasks(self) -> int:
        """Tasks that are neither finished nor faulted."""
        return sum(self.priorities)


def overview(slots: SlotArray, where: Where | None, most: int) -> Overview:
    """Look at a ring.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        where: Condition, or None for all slots.
        most: How many of the oldest and of the faulted tasks to list.
    """
    counts = np.zeros(len(TaskState) + 1, np.int64)
    priorities = np.zeros(len(TaskPriority) + 1, np.int64)
    requeues = yields = 0
    oldest, faulted = _Best(most), np.zeros(0, np.int64)
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
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
        oldest.add(waiting + start, chunk["age_ticks"][waiting])
        if len(faulted) < most:
            found = numbers[states == TaskState.FAULTED]
            faulted = np.concatenate([faulted, found[: most - len(faulted)]])
    return Overview(
        len(slots),
        int(counts.sum()),
        tuple(counts.tolist()),
        tuple(priorities.tolist()),
        requeues,
        yields,
        _rows(slots, oldest.numbers),
        _rows(slots, faulted),
    )


class _Best:
    """Keeps the oldest tasks of all chunks; equals in the order of their slots."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.numbers = np.zeros(0, np.int64)
        self._ages = np.zeros(0, np.uint32)

    def add(self, numbers: NDArray[np.int64], ages: NDArray[np.uint32]) -> None:
        if len(self.numbers) == self._most and self._most:
            older = ages > self._ages[-1]
            numbers, ages = numbers[older], ages[older]
        numbers = np.concatenate([self.numbers, numbers])
        ages = np.concatenate([self._ages, ages])
        order = np.argsort(~ages, kind="stable")[: self._most]
        self.numbers, self._ages = numbers[order], ages[order]


def _sum(column: NDArray[np.uint32]) -> int:
    return int(column.sum(dtype=np.uint64))


def _rows(slots: SlotArray, numbers: NDArray[np.int64]) -> tuple[Row, ...]:
    return tuple(zip(numbers.tolist(), slots[numbers].tolist(), strict=True))
