"""How a session reaches the ring, the control buffer and the workers while rounds run, whatever memory they are in.

`Access` is what sessions and feeds are written against. `MemoryAccess` is for memory that the workers share with this
process: a CPU device in place, or the reference backend. Imports numpy.

The invariant: a publication writes a slot's payload before its state, and only slots that are Empty or Done, which no
worker touches; publishers of all processes take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.states import TaskState
from vyrectl.task.arrays import SlotArray, whole

Numbers = NDArray[np.int64]

_EMPTY = int(TaskState.EMPTY)


class Access(Protocol):
    """The ring beside its running rounds; usable from any thread."""

    slots: int
    """Slots of the ring."""

    polls: bool
    """Workers poll for published slots and heed `leave`; otherwise a round ends when it is drained."""

    spawns: bool
    """Workers put children into Empty slots, where nobody may publish beside them."""

    bring_outputs: Callable[[], None] | None
    """Copies what was written into the arrays that the launch was given; None where workers write those themselves."""

    def take(self, numbers: Numbers) -> SlotArray:
        """A copy of some slots."""

    def states(self, numbers: Numbers) -> NDArray[np.uint32]:
        """The state words of some slots."""

    def everything(self) -> SlotArray:
        """A copy of the ring, slot by slot as it was at some moment of the reading."""

    def publishing(self) -> AbstractContextManager[object]:
        """Held by whoever publishes into Empty or Done slots."""

    def publish(self, numbers: Numbers, tasks: SlotArray) -> None:
        """Write tasks into Empty or Done slots, payload first, and tell the workers."""

    def exchange(self, numbers: Numbers, before: SlotArray, after: SlotArray) -> int:
        """Change waiting slots while no round runs, as far as they are still as they were seen; how many."""

    def control(self, word: int) -> int:
        """One word of the control buffer."""

    def set_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer and ring the bell."""

    def add_control(self, word: int, by: int) -> int:
        """Add to a word of the control buffer and ring the bell; returns its new value."""

    def leave(self, how: int) -> None:
        """Tell the workers to `STAY`, `LEAVE_IDLE` or `LEAVE_NOW`."""

    def bell(self) -> int:
        """How often the bell rang; sample it before looking at the ring, then `wait`."""

    def ring_bell(self) -> None:
        """Wake whoever drives the rounds."""

    def wait(self, seen: int, seconds: float) -> None:
        """Sleep until the bell is no longer `seen`, or the time is over."""

    def leave_rounds(self) -> None:
        """The rounds are over and the device goes: what is read from now on is what they left."""


class LocalBell:
    """A bell inside one process."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._count = 0

    def bell(self) -> int:
        """How often it rang."""
        return self._count

    def ring_bell(self) -> None:
        """Ring it and wake who waits."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Sleep until it has rung since it was `seen`."""
        with self._rung:
            self._rung.wait_for(lambda: self._count != seen, seconds)


class MemoryAccess(LocalBell):
    """Access to memory that workers and this process share.

    Args:
        slots: The ring, shape (n,), the very memory that is worked on.
        control: The control buffer, likewise.
    """

    def __init__(self, slots: SlotArray, control: NDArray[np.uint32]) -> None:
        super().__init__()
        self.slots = len(slots)
        self.polls = self.spawns = False
        self.bring_outputs: Callable[[], None] | None = None
        self._ring = slots
        self._words = slots.view(np.uint32).reshape(-1, SLOT_WORDS)
        self._control = control
        self._turn = threading.Lock()

    def take(self, numbers: Numbers) -> SlotArray:
        """A copy of some slots."""
        return whole(self._ring)[numbers].view(SLOT_DTYPE)

    def states(self, numbers: Numbers) -> NDArray[np.uint32]:
        """The state words of some slots."""
        words: NDArray[np.uint32] = self._words[numbers, 0]
        return words

    def everything(self) -> SlotArray:
        """A copy of the ring."""
        return whole(self._ring).copy().view(SLOT_DTYPE)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One publisher at a time."""
        with self._turn:
            yield

    def publish(self, numbers: Numbers, tasks: SlotArray) -> None:
        """Payload first, the state words after all of it."""
        self._place(numbers, tasks)
        self.ring_bell()

    def _place(self, numbers: Numbers, tasks: SlotArray, fence: Callable[[], None] = lambda: None) -> None:
        """Write tasks into slots that nobody holds; `fence` stands between states and payloads.

        Meanwhile they are Empty, for whoever reads one that is half written, and for `recover` should this process die.
        """
        body = whole(tasks).copy().view(SLOT_DTYPE)
        body["state"] = _EMPTY
        self._words[numbers, 0] = _EMPTY
        fence()
        whole(self._ring)[numbers] = whole(body)
        fence()
        self._words[numbers, 0] = tasks["state"]

    def exchange(self, numbers: Numbers, before: SlotArray, after: SlotArray) -> int:
        """Nobody else changes such slots between two rounds."""
        whole(self._ring)[numbers] = whole(after)
        return len(numbers)

    def control(self, word: int) -> int:
        """One word of the control buffer."""
        return int(self._control[word])

    def set_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer and ring the bell."""
        self._control[word] = value & U32_MAX
        self.ring_bell()

    def add_control(self, word: int, by: int) -> int:
        """Add to a word of the control buffer and ring the bell."""
        with self._turn:
            value = (int(self._control[word]) + by) & U32_MAX
            self._control[word] = value
        self.ring_bell()
        return value

    def leave(self, how: int) -> None:
        """Rounds in such memory end by themselves."""

    def leave_rounds(self) -> None:
        """The memory stays as long as somebody looks at it."""
