"""Two looks at one ring, slot by slot: which tasks are the same, how many turns they took, where their words went.

Imports numpy. The invariant: tasks are compared only where the slot still holds the same task, by its id, operation,
tenant and arguments, and where its counters did not go back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TRANSITIONABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.ring.findings.masks import Mask
from vyrectl.task.arrays import SlotArray, whole

IDENTITY = ("op_handle", "tenant_id", "input_handle", "output_handle", "param", "task_id", "parent_task_id")
"""Words that stay while a task lives."""

_OPEN = [int(state) for state in TRANSITIONABLE]
_ENDED = [int(TaskState.DONE), int(TaskState.FAULTED)]


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What happened between two looks.

    Attributes:
        seconds: Between them, or None.
        same: Slots that hold the same task, open in both looks, bool, shape (n,).
        turns: Yields and requeues since, int64, shape (n,); 0 where the task is not the same.
        moved: The same task with another continuation_pc or continuation_data, bool, shape (n,).
        ended: Tasks that became Done or Faulted, bool, shape (n,).
        still: Slots not one word of which changed, bool, shape (n,).
        unequal: The rings have different lengths.
    """

    seconds: float | None
    same: Mask
    turns: NDArray[np.int64]
    moved: Mask
    ended: Mask
    still: Mask
    unequal: bool

    @classmethod
    def between(cls, before: SlotArray, after: SlotArray, plain: Mask, seconds: float | None) -> Motion:
        """Compare two looks.

        Args:
            before: Shape (m,).
            after: Shape (n,).
            plain: Slots of the later look whose words 7-15 are a task's, bool, shape (n,).
            seconds: Between them, if known.
        """
        old = _fitted(before, len(after))
        alike = np.logical_and.reduce([old[name] == after[name] for name in IDENTITY])
        turns = _turns(after) - _turns(old)
        open_both = np.isin(old["state"], _OPEN) & np.isin(after["state"], _OPEN)
        same = alike & open_both & (turns >= 0)
        words = ("continuation_pc", "continuation_data")
        moved = np.logical_or.reduce([old[name] != after[name] for name in words])
        return cls(
            seconds,
            same,
            np.where(same & plain, turns, 0),
            same & plain & moved,
            np.isin(after["state"], _ENDED) & ~np.isin(old["state"], _ENDED),
            whole(old) == whole(after),
            len(before) != len(after),
        )

    @property
    def total_turns(self) -> int:
        """Turns that the looks tell of; a task that ended took at least one."""
        return int(self.turns.sum()) + int(np.count_nonzero(self.ended))

    @property
    def is_still(self) -> bool:
        """Nothing at all changed."""
        return bool(self.still.all()) and not self.unequal

    def rate(self, count: int) -> float | None:
        """So many per second; None where the time is not known."""
        return count / self.seconds if self.seconds else None


def _fitted(slots: SlotArray, length: int) -> SlotArray:
    """The same slots, as many as the later look has; those that were not there are Empty."""
    if len(slots) == length:
        return np.ascontiguousarray(slots)
    fitted = np.zeros(length, slots.dtype)
    common = min(length, len(slots))
    fitted[:common] = slots[:common]
    return fitted


def _turns(slots: SlotArray) -> NDArray[np.int64]:
    turns: NDArray[np.int64] = slots["yield_count"].astype(np.int64) + slots["requeue_count"]
    return turns
