"""What the workers of a launch have in hand, as their seats say (`vyrectl.abi.watch`).

Standard library only. A worker counts its turns and has no clock: whoever looks notes when it saw a count first, and
says for at least how long the turn has lasted. Notes that are written into the seats are there for others, who look
once. The invariant: a time is never more than what somebody has seen.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from vyrectl.abi import live as live_abi
from vyrectl.abi import watch as abi
from vyrectl.abi.limits import U32_MAX
from vyrectl.shapes import Count, Seconds, Word
from vyrectl.sidecar.sidecar import Sidecar


class OfSeveral(TypedDict, total=False):
    """The device of a worker, of a launch on several."""

    device: str


class WorkerRecord(OfSeveral):
    """One worker; `seconds` is for at least how long its turn has lasted."""

    worker: Count
    slot: Count | None
    op_handle: Word | None
    turns: Word
    polls: Word
    seconds: Seconds | None


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker.

    Attributes:
        number: Its seat: the work-item's number in the launch.
        slot: What it has in hand, None for nothing.
        op_handle: That task's operation.
        turns: Turns it has begun, modulo 2^32.
        polls: How often it looked for work in vain, modulo 2^32.
        seconds: For at least how long the turn has lasted; None when nobody has seen it twice.
        device: Which of several it works on; None where there is one.
        hung: The turn is one of those that lasted when its launch said that it stands still, as of a look from outside.
    """

    number: int
    slot: int | None
    op_handle: int | None
    turns: int
    polls: int
    seconds: float | None = None
    device: str | None = None
    hung: bool = False

    def to_record(self) -> WorkerRecord:
        """As JSON shows it."""
        of_several: OfSeveral = {} if self.device is None else {"device": self.device}
        return {
            **of_several,
            "worker": self.number,
            "slot": self.slot,
            "op_handle": self.op_handle,
            "turns": self.turns,
            "polls": self.polls,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Seats:
    """Where seats lie in memory that is mapped.

    Attributes:
        words: The memory, as u32.
        first: First word of the first seat.
        count: Seats.
        stride: Words of each.
        noted_at: Where the moment of the host's last look stands.
        hung_at: Where the host notes that the launch stands still.
    """

    words: memoryview
    first: int
    count: int
    stride: int
    noted_at: int
    hung_at: int

    @classmethod
    def in_sidecar(cls, sidecar: Sidecar) -> Seats:
        """Those of a launch in place; none where nobody is watched."""
        layout, word = sidecar.layout, live_abi.WORD
        return cls(
            sidecar.words,
            layout.watch_first,
            layout.watch,
            layout.stride,
            word["NOTED_MS"],
            word["HUNG_MS"],
        )

    @classmethod
    def on_board(cls, board: memoryview) -> Seats:
        """Those of a board; none before the device is ready, or where nobody is watched."""
        stride, count = board[abi.BOARD_STRIDE], board[abi.BOARD_SEATS]
        fits = stride in abi.STRIDES and count <= abi.MOST_SEATS
        fits = fits and abi.BOARD_HEAD_WORDS + count * stride <= len(board)
        return cls(
            board, abi.BOARD_HEAD_WORDS, count if fits else 0, stride, abi.BOARD_NOTED_MS, abi.BOARD_HUNG_MS
        )

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """The host's: the launch stands still with these at work, or gets on (none)."""
        if self.count:
            turns = [one.seconds for one in workers if one.seconds]
            self.words[self.hung_at] = max(1, int(min(turns) * 1e3)) & U32_MAX if turns else 0

    @staticmethod
    def forget(board: memoryview) -> None:
        """Leave no seats on a board."""
        board[abi.BOARD_SEATS] = 0

    def at(self, number: int, word: int) -> int:
        """Where a word of a seat stands."""
        if self.stride == abi.GROUP_STRIDE:
            return self.first + word * self.count + number
        return self.first + number * self.stride + word

    def column(self, word: int) -> list[int]:
        """One word of every seat."""
        if not self.count:
            return []
        end = self.at(self.count - 1, word) + 1
        step = 1 if self.stride == abi.GROUP_STRIDE else self.stride
        column: list[int] = self.words[self.at(0, word) : end : step].tolist()
        return column


Slots = bytes | memoryview | mmap.mmap
"""Slot numbers, u32 each."""

IsRunning = Callable[[int], bool]
"""Whether a slot is Running; a worker between two turns still names its last one."""


def now_ms() -> int:
    """The moment, in milliseconds modulo 2^32, by a clock that all processes of this system share."""
    return time.monotonic_ns() // 1_000_000 & U32_MAX


class WorkerWatch:
    """Looks at the workers of one launch again and again.

    Args:
        is_running: See `IsRunning`; by default nobody can tell, and a slot that is named counts.
        writes: Notes are left in the seats for others.
    """

    def __init__(self, is_running: IsRunning | None = None, *, writes: bool = False) -> None:
        self._is_running = is_running
        self._writes = writes
        self._seen: dict[int, tuple[int, int]] = {}

    def look(self, place: Seats) -> list[Worker]:
        """Every worker, in the order of their numbers."""
        moment = now_ms()
        found = []
        turns, slots, ops, polls = (place.column(word) for word in (abi.TURN, abi.SLOT, abi.OP, abi.POLLS))
        for number, (turn, slot, op, poll) in enumerate(zip(turns, slots, ops, polls, strict=True)):
            if not slot or (self._is_running is not None and not self._is_running(slot - 1)):
                self._seen.pop(number, None)
                found.append(Worker(number, None, None, turn, poll))
                continue
            since = self._note(place, number, turn, moment)
            found.append(Worker(number, slot - 1, op, turn, poll, (moment - since & U32_MAX) / 1e3))
        if self._writes:
            place.words[place.noted_at] = moment
        return found

    def _note(self, place: Seats, number: int, turn: int, moment: int) -> int:
        """When that turn was seen first."""
        seen = self._seen.get(number)
        if seen is not None and seen[0] == turn:
            return seen[1]
        self._seen[number] = turn, moment
        if self._writes:
            place.words[place.at(number, abi.NOTED_MS)] = moment
            place.words[place.at(number, abi.NOTED_TURN)] = turn
        return moment


def noted(place: Seats, *, is_running: IsRunning | None = None) -> list[Worker]:
    """Every worker as one look shows it, with the times that the launch's host has noted, as of its last look.

    So a time does not shrink when the launch dies: what it says then is what it said while the launch lived.

    Args:
        place: Their seats.
        is_running: See `IsRunning`.
    """
    columns = (place.column(word) for word in range(abi.NOTED_WORDS))
    last, hung = (place.words[at] if place.count else 0 for at in (place.noted_at, place.hung_at))
    found = []
    for number, (turn, slot, op, poll, noted_turn, since) in enumerate(zip(*columns, strict=True)):
        if not slot or (is_running is not None and not is_running(slot - 1)):
            found.append(Worker(number, None, None, turn, poll))
            continue
        known = last and noted_turn == turn
        lasted = last - since & U32_MAX if known else None
        hangs = bool(hung) and (lasted or 0) >= hung
        seconds = None if lasted is None else lasted / 1e3
        found.append(Worker(number, slot - 1, op, turn, poll, seconds, hung=hangs))
    return found


def of_device(worker: Worker, device: str, order: Slots | None) -> Worker:
    """A worker with the device that it works on, and its slot called as in the ring.

    Args:
        worker: As its board has it.
        device: Whose board that is.
        order: The slot at each place, u32 each, where the launch has put the slots into another order.
    """
    slot = worker.slot
    if slot is not None and order is not None:
        slot = int.from_bytes(order[4 * slot : 4 * slot + 4], "little")
    return replace(worker, device=device, slot=slot)


def busy(workers: Sequence[Worker]) -> list[Worker]:
    """Those that have something in hand, the longest turn first."""
    return sorted(_holding(workers), key=lambda one: (-(one.seconds or 0.0), one.number))


def _holding(workers: Sequence[Worker]) -> Iterator[Worker]:
    return (one for one in workers if one.slot is not None)
