"""Access to a ring in a device's own memory, through a second command queue (`vyrectl.opencl.side`).

This process alone reaches such a ring. A publication goes out as payload, state, place of the inbox, tail, each after
the one before. Imports numpy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import live as abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.live import LEAVE_IDLE
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.errors import SessionEndedError
from vyrectl.live.access import LocalBell, Numbers
from vyrectl.task.arrays import SlotArray, whole

if TYPE_CHECKING:
    from vyrectl.engine.backend import Beside

OFFERED_AT_ONCE = 64
"""Slots of one publication that the running kernel is told of; more wait for the next index, which is asked for."""

GAP_SLOTS = 256
"""Slots between two that are wanted, up to which one read takes both."""

_EMPTY = int(TaskState.EMPTY)
_SCHEDULABLE = np.array([int(state) for state in SCHEDULABLE], np.uint32)


class QueueAccess(LocalBell):
    """See `vyrectl.live.access.Access`.

    Args:
        side: The second queue.
        slots: Slots of the ring.
        polls: The workers heed the inbox and the wish that they leave.
    """

    def __init__(self, side: Beside, slots: int, *, polls: bool) -> None:
        super().__init__()
        self.slots = slots
        self.polls = polls
        self.spawns = False
        self.bring_outputs: Callable[[], None] | None = None
        self._side = side
        self._lock = threading.RLock()
        self._turn = threading.Lock()
        self._tail = side.live(abi.WORD["INBOX_TAIL"])
        self._head = side.live(abi.WORD["INBOX_HEAD"])
        self._how = -1
        self._left: SlotArray | None = None
        side.write_live(abi.WORD["FOLLOW"], int(polls))
        side.finish()

    def take(self, numbers: Numbers) -> SlotArray:
        """A copy of some slots."""
        taken = np.empty(len(numbers), SLOT_DTYPE)
        order = np.argsort(numbers, kind="stable")
        with self._lock:
            if self._left is not None:
                return whole(self._left)[numbers].view(SLOT_DTYPE)
            for run in _runs(numbers[order]):
                some = order[run]
                first = int(numbers[some[0]])
                slots = self._side.slots(first, int(numbers[some[-1]]) - first + 1)
                whole(taken)[some] = whole(slots)[numbers[some] - first]
        return taken

    def states(self, numbers: Numbers) -> NDArray[np.uint32]:
        """The state words of some slots."""
        return np.ascontiguousarray(self.take(numbers)["state"])

    def everything(self) -> SlotArray:
        """A copy of the ring."""
        with self._lock:
            if self._left is not None:
                return whole(self._left).copy().view(SLOT_DTYPE)
            return self._side.slots(0, self.slots)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One publisher at a time."""
        with self._turn:
            yield

    def publish(self, numbers: Numbers, tasks: SlotArray) -> None:
        """Payload, state, inbox; then the bell."""
        words = np.ascontiguousarray(tasks).view(np.uint32).reshape(-1, SLOT_WORDS)
        claimable = np.isin(words[:, 0], _SCHEDULABLE)
        with self._lock:
            self._check()
            if len(numbers) > OFFERED_AT_ONCE:
                self._publish_many(numbers, words)
            else:
                self._publish_few(numbers, words)
                self._offer(numbers[claimable].tolist())
            self._side.finish()
        self.ring_bell()

    def exchange(self, numbers: Numbers, before: SlotArray, after: SlotArray) -> int:
        """Nobody else changes such slots between two rounds."""
        words = np.ascontiguousarray(after).view(np.uint32).reshape(-1, SLOT_WORDS)
        with self._lock:
            for number, row in zip(numbers.tolist(), words, strict=True):
                self._side.write_words(number, 0, row.copy())
            self._side.finish()
        return len(numbers)

    def control(self, word: int) -> int:
        """One word of the control buffer."""
        with self._lock:
            self._check()
            return self._side.control(word)

    def set_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer and ring the bell."""
        with self._lock:
            self._check()
            self._side.write_control(word, value & U32_MAX)
            self._side.finish()
        self.ring_bell()

    def add_control(self, word: int, by: int) -> int:
        """Add to a word of the control buffer and ring the bell; what the device adds at that moment may be lost."""
        with self._lock:
            self._check()
            value = (self._side.control(word) + by) & U32_MAX
            self.set_control(word, value)
        return value

    def leave(self, how: int) -> None:
        """Tell the workers, if they have not been told."""
        with self._lock:
            if self._left is not None or how == self._how or (how == LEAVE_IDLE and self._how > LEAVE_IDLE):
                return
            self._how = how
            self._side.write_live(abi.WORD["LEAVE"], how)
            self._side.finish()

    def leave_rounds(self) -> None:
        """Keep a copy of the ring: the buffers go with their session."""
        with self._lock:
            self._left = self._side.slots(0, self.slots)

    def _check(self) -> None:
        if self._left is not None:
            raise SessionEndedError

    def _publish_few(self, numbers: Numbers, words: NDArray[np.uint32]) -> None:
        for number, row in zip(numbers.tolist(), words, strict=True):
            self._side.write_words(number, 1, row[1:].copy())
        for number, row in zip(numbers.tolist(), words, strict=True):
            self._side.write_words(number, 0, row[:1].copy())

    def _publish_many(self, numbers: Numbers, words: NDArray[np.uint32]) -> None:
        """Runs of neighbours, first without their states. No worker heeds an Empty or Done slot in between."""
        order = np.argsort(numbers, kind="stable")
        empty = words.copy()
        empty[:, 0] = _EMPTY
        for rows in (empty, words):
            for run in _neighbours(numbers[order]):
                some = order[run]
                self._side.write_words(int(numbers[some[0]]), 0, np.ascontiguousarray(rows[some]))
        self.leave(LEAVE_IDLE)

    def _offer(self, slots: list[int]) -> None:
        capacity = self._side.capacity
        shift = capacity.bit_length() - 1
        if self._tail + len(slots) - self._head > capacity:
            self._head += (self._side.live(abi.WORD["INBOX_HEAD"]) - self._head) & U32_MAX
        if self._tail + len(slots) - self._head > capacity:
            self.leave(LEAVE_IDLE)
            return
        for slot in slots:
            lap = self._tail >> shift & abi.LAP_MASK
            place = abi.HEADER_WORDS + (self._tail & (capacity - 1))
            self._side.write_live(place, lap << abi.LAP_SHIFT | slot + 1)
            self._tail += 1
        if slots:
            self._side.write_live(abi.WORD["INBOX_TAIL"], self._tail & U32_MAX)


def _runs(numbers: Numbers) -> Iterator[slice]:
    """Parts of sorted numbers that one read takes."""
    return _cut(numbers, GAP_SLOTS)


def _neighbours(numbers: Numbers) -> Iterator[slice]:
    """Parts of sorted numbers without a gap."""
    return _cut(numbers, 1)


def _cut(numbers: Numbers, gap: int) -> Iterator[slice]:
    if not len(numbers):
        return
    ends = [*(np.flatnonzero(np.diff(numbers) > gap) + 1).tolist(), len(numbers)]
    first = 0
    for end in ends:
        yield slice(first, end)
        first = end
