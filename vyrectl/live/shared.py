"""Access to a ring that other processes share too, through its sidecar (`vyrectl.sidecar.sidecar`).

The bell, the control buffer and the workers' inbox are those of the sidecar; publishers of all processes take turns.
Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from vyrectl.abi import live as abi
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.live import LEAVE_IDLE
from vyrectl.abi.states import SCHEDULABLE
from vyrectl.edit.editor import LiveRing
from vyrectl.files.replace import StrPath
from vyrectl.live.access import MemoryAccess, Numbers
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.task.arrays import SlotArray

PUSHED_AT_ONCE = 64
"""Slots of one publication that are offered one by one; more are left to the next index, which is asked for at once."""

_SCHEDULABLE = np.array([int(state) for state in SCHEDULABLE], np.uint32)


class SharedAccess(MemoryAccess):
    """Access to a ring in memory or in a file, with a sidecar.

    Args:
        slots: The ring, shape (n,), the very memory that is worked on.
        sidecar: The sidecar, whose control buffer the workers use.
        ring: The ring's file, which others may edit; None for a ring that this process alone knows.
        polls: The workers heed the inbox and the wish that they leave.
    """

    def __init__(
        self,
        slots: SlotArray,
        sidecar: Sidecar,
        *,
        ring: StrPath | None,
        polls: bool,
    ) -> None:
        super().__init__(slots, sidecar.control_words())
        self.polls = polls
        self._sidecar = sidecar
        self._file = ring
        sidecar.store(abi.WORD["FOLLOW"], int(polls))

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One publisher at a time, in all processes."""
        with super().publishing():
            if self._file is None:
                yield
                return
            with self._sidecar.inbox.publishing():
                yield

    def publish(self, numbers: Numbers, tasks: SlotArray) -> None:
        """Payload, state, then the inbox and the bell."""
        claimable = numbers[np.isin(tasks["state"], _SCHEDULABLE)]
        self._sidecar.inbox.count_accepted(len(claimable))
        self._place(numbers, tasks, fence=self._fence)
        if self.polls:
            self._offer(claimable)
        self.ring_bell()

    def exchange(self, numbers: Numbers, before: SlotArray, after: SlotArray) -> int:
        """Where other processes may edit, as one more editor."""
        if self._file is None:
            return super().exchange(numbers, before, after)
        changed = 0
        old, new = (slots.view(np.uint32).reshape(-1, SLOT_WORDS) for slots in (before, after))
        with LiveRing.open(self._file) as live:
            for first in range(0, len(numbers), abi.EDITOR_BATCH):
                part = slice(first, first + abi.EDITOR_BATCH)
                changed += int(live.write(numbers[part].tolist(), old[part], new[part]).done.sum())
        return changed

    def add_control(self, word: int, by: int) -> int:
        """Add to a word of the control buffer, which the device may be changing, and ring the bell."""
        index = self._sidecar.control_index(word)
        value = (self._sidecar.add(index, by) + by) & U32_MAX
        self.ring_bell()
        return value

    def leave(self, how: int) -> None:
        """Tell the workers."""
        self._sidecar.store(abi.WORD["LEAVE"], how)

    def bell(self) -> int:
        """How often the bell rang, in any process."""
        return self._sidecar.bell

    def ring_bell(self) -> None:
        """Wake whoever drives the rounds."""
        self._sidecar.ring_bell()

    def wait(self, seen: int, seconds: float) -> None:
        """Sleep until the bell rings."""
        self._sidecar.wait_bell(seen, seconds)

    def _offer(self, numbers: Numbers) -> None:
        few = len(numbers) <= PUSHED_AT_ONCE
        if not few or self._sidecar.inbox.push_many(numbers.tolist(), ring=False) < len(numbers):
            self.leave(LEAVE_IDLE)

    def _fence(self) -> None:
        """An atomic of the sidecar orders what stands before it against what comes after."""
        self._sidecar.load(abi.WORD["STATE"])
