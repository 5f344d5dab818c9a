"""The order in which a round claims: classes by priority and age, and the starvation guard of spec 3.5.

Both the reference backend and the host side of every device use these functions; `kernels/engine/index.cl`
and `run.cl` hold the same arithmetic for the device, and a test compares them. Imports numpy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.control import STARVATION_LIMIT
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskPriority
from vyrectl.task.arrays import SlotArray

DEFAULT_AGE_THRESHOLD = 32
"""Age ticks that lift a task by one class; 0 switches aging off."""

CLASSES = len(TaskPriority)
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


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """The fixed claim order of one round.

    Attributes:
        high_count: Tasks of class Critical or High; they stand first in the queue.
        low_count: Tasks below.
        run_before: Consecutive claims at Critical or High made before this round (control word
            PRIORITY_STARVATION).
    """

    high_count: int
    low_count: int
    run_before: int

    @property
    def total(self) -> int:
        """Positions of the round."""
        return self.high_count + self.low_count

    @property
    def first_run(self) -> int:
        """High claims before the first low one, while both sides last."""
        return max(0, STARVATION_LIMIT - self.run_before)

    def index_of(self, position: int) -> int:
        """Index into the queue of the task claimed at `position`."""
        lows = self._lows_before(position)
        if lows >= self.low_count:
            return position - self.low_count
        if position - lows >= self.high_count:
            return position
        past = position - self.first_run
        is_low = past >= 0 and past % (STARVATION_LIMIT + 1) == 0
        return self.high_count + lows if is_low else position - lows

    def run_after(self, position: int) -> int:
        """Consecutive claims at Critical or High once positions below `position` are claimed; a u32, at most."""
        lows = max(min(self._lows_before(position), self.low_count), position - self.high_count)
        if lows == 0:
            return min(self.run_before + position, U32_MAX)
        last_low = min(self.first_run + (STARVATION_LIMIT + 1) * (lows - 1), self.high_count + lows - 1)
        return position - 1 - last_low

    def _lows_before(self, position: int) -> int:
        past = position - self.first_run
        return 0 if past <= 0 else (past - 1) // (STARVATION_LIMIT + 1) + 1
