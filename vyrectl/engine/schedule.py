"""The order in which a round claims: classes by priority and age, and the starvation guard of spec 3.5.

The reference backend uses these functions; `kernels/engine/core.h` and `exact.cl` hold the same arithmetic for the
device, and tests compare them. Imports numpy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.control import STARVATION_LIMIT
from vyrectl.abi.engine import CLASSES
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskPriority
from vyrectl.task.arrays import SlotArray

HIGH_CLASSES = 2


def class_of(slots: SlotArray, age_threshold: int) -> NDArray[np.int64]:
    """Class of each slot at an enqueue: max(0, min(priority, 4) - age_ticks / age_threshold).

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        age_threshold: Ticks per class; 0 means no lift.

    Returns:
        Numbers 0-4, shape (n,). An unknown priority queues as Idle.
    """
    base: NDArray[np.int64] = np.minimum(slots["priority"], int(TaskPriority.IDLE)).astype(np.int64)
    if age_threshold == 0:
        return base
    lift: NDArray[np.int64] = slots["age_ticks"].astype(np.int64) // age_threshold
    classes: NDArray[np.int64] = np.maximum(base - lift, 0)
    return classes


def tenants_admitted(slots: SlotArray, control: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which slots' tenants a control buffer lets in; only tenants 0-28 have a mask (spec 3.1).

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        control: u32, at least 160 words.

    Returns:
        Booleans, shape (n,).
    """
    masks = control_abi.TENANT_MASKS
    return np.isin(slots["tenant_id"], np.flatnonzero(control[masks.first : masks.end]))


class ClaimLines:
    """The line of each class in one round, and whose turn it is (spec 3.5), for one worker and one task at a time.

    Args:
        lines: Slot numbers per class, each first in first out; changed by `take` and `append`.
        above: Consecutive claims at Critical or High made before (control word PRIORITY_STARVATION).
    """

    def __init__(self, lines: Sequence[Iterable[int]], above: int) -> None:
        self._lines = [deque(line) for line in lines]
        self.above = above

    def __len__(self) -> int:
        return sum(map(len, self._lines))

    def take(self) -> int | None:
        """The slot to claim next, or None when every line is empty."""
        classes = range(CLASSES)
        starving = (
            [k for k in classes[HIGH_CLASSES:] if self._lines[k]] if self.above >= STARVATION_LIMIT else []
        )
        waiting = starving or [k for k in classes if self._lines[k]]
        if not waiting:
            return None
        self.above = min(self.above + 1, U32_MAX) if waiting[0] < HIGH_CLASSES else 0
        return self._lines[waiting[0]].popleft()

    def append(self, slot: int, priority: int, age_ticks: int, age_threshold: int) -> None:
        """Put a task that gave its worker back at the end of its class's line."""
        lift = age_ticks // age_threshold if age_threshold else 0
        self._lines[max(0, min(priority, int(TaskPriority.IDLE)) - lift)].append(slot)
