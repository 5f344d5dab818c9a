"""What the workers of a launch have in hand, as their seats say (`vyrectl.abi.watch`).

Standard library only. A worker counts its turns and has no clock: whoever looks notes when it saw a count first, and
says for at least how long the turn has lasted. Notes that are written into the seats are there for others, who look
once. The invariant: a time is never more than what somebody has seen.
"""

from __future__ import annotations

import mmap
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import nsmallest
from itertools import accumulate, compress
from operator import ne
from typing import TypedDict, overload

from vyrectl.abi import live as live_abi
from vyrectl.abi import watch as abi
from vyrectl.abi.limits import U32_MAX
from vyrectl.dataclass import dataclass
from vyrectl.shapes import Count, Seconds, Word
from vyrectl.sidecar.sidecar import Sidecar


class OfSeveral(TypedDict, total=False):
    """The device of a worker, of a launch on several; the process of its launch, where several work on one ring."""

    device: str
    launch: Count


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
        launch: The pid of its launch, where several work on copies of one ring; else None.
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
    launch: int | None = None

    @property
    def seat(self) -> tuple[int | None, str | None, int]:
        """What tells it from every other worker at the ring."""
        return self.launch, self.device, self.number

    @property
    def called(self) -> str:
        """What it is called."""
        device = "" if self.device is None else f" of {self.device}"
        return f"worker {self.number}{device}" + ("" if self.launch is None else f" of pid {self.launch}")

    def to_record(self) -> WorkerRecord:
        """As JSON shows it."""
        of_several: OfSeveral = {} if self.device is None else {"device": self.device}
        if self.launch is not None:
            of_several["launch"] = self.launch
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

    def note(self, numbers: Sequence[int], turns: Sequence[int | None], since: Sequence[int]) -> None:
        """The host's: when the turn of each of these seats was seen first.

        Args:
            numbers: The seats whose turn is another than before.
            turns: The turn of every seat, None for none.
            since: When each was seen first.
        """
        if self.stride == abi.GROUP_STRIDE and len(numbers) * _FEW > self.count:
            for word, column in ((abi.NOTED_MS, since), (abi.NOTED_TURN, (turn or 0 for turn in turns))):
                first = self.at(0, word)
                self.words[first : first + self.count] = memoryview(array("I", column))
            return
        for number in numbers:
            self.words[self.at(number, abi.NOTED_MS)] = since[number]
            self.words[self.at(number, abi.NOTED_TURN)] = turns[number] or 0

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


_FEW = 16
"""One seat in so many is cheaper to note alone than with its whole column."""

Slots = bytes | memoryview | mmap.mmap
"""Slot numbers, u32 each."""

IsRunning = Callable[[int], bool]
"""Whether a slot is Running; a worker between two turns still names its last one."""


def now_ms() -> int:
    """The moment, in milliseconds modulo 2^32, by a clock that all processes of this system share."""
    return time.monotonic_ns() // 1_000_000 & U32_MAX


class Workers(Sequence[Worker]):
    """Every worker of one look, device by device, each in the order of their numbers.

    A device of the largest kind has a hundred thousand of them, of which a caller wants few: what a look found stays in
    columns, and a `Worker` is made when it is asked for.
    """

    def __init__(self, parts: Iterable[Looked] = ()) -> None:
        self._parts = [part for part in parts if part.slots]
        self._ends = list(accumulate(len(part.slots) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Worker: ...
    @overload
    def __getitem__(self, index: slice) -> list[Worker]: ...
    def __getitem__(self, index: int | slice) -> Worker | list[Worker]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        part = bisect_right(self._ends, at)
        return self._parts[part].worker(at - (self._ends[part - 1] if part else 0))

    def __iter__(self) -> Iterator[Worker]:
        return (part.worker(at) for part in self._parts for at in range(len(part.slots)))

    @property
    def turns(self) -> int:
        """Turns that all of them have begun."""
        return sum(sum(part.turns) for part in self._parts)

    def busy(self, most: int | None = None) -> list[Worker]:
        """Those that have something in hand, the longest turn first.

        Args:
            most: So many of them; None for all.
        """
        held = [(age, at, part) for part in self._parts for age, at in part.oldest(most)]
        held.sort(key=lambda one: (-one[0], one[1]))
        return [part.worker(at) for _, at, part in held[:most]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the seats of one device found, a number a seat in each column.

    Attributes:
        turns: Turns begun, modulo 2^32.
        slots: Slot in hand + 1, 0 for none.
        ops: Operation of that.
        polls: Looks for work in vain, modulo 2^32.
        since: When the turn in hand was seen first (`now_ms`).
        moment: When they were looked at.
        device: The device, of several.
        order: The slot at each place, u32 each, where the launch has put the slots into another order.
    """

    turns: list[int]
    slots: list[int]
    ops: list[int]
    polls: list[int]
    since: list[int]
    moment: int
    device: str | None = None
    order: Slots | None = None

    def oldest(self, most: int | None = None) -> list[tuple[int, int]]:
        """(milliseconds, seat) of so many turns in hand, the longest first; of all when None."""
        moment, wrapped = self.moment, max(self.since, default=0) > self.moment
        begun = [at if at <= moment else at - 2**32 for at in self.since] if wrapped else self.since
        held = compress(zip(begun, range(len(begun)), strict=True), self.slots)
        first = sorted(held) if most is None else nsmallest(most, held)
        return [(moment - at, number) for at, number in first]

    def worker(self, number: int) -> Worker:
        """One of them."""
        held, turns, polls = self.slots[number], self.turns[number], self.polls[number]
        if not held:
            return Worker(number, None, None, turns, polls, device=self.device)
        seconds = (self.moment - self.since[number] & U32_MAX) / 1e3
        slot = _slot_at(held - 1, self.order)
        return Worker(number, slot, self.ops[number], turns, polls, seconds, self.device)


class WorkerWatch:
    """Looks at the workers of one launch again and again.

    Args:
        is_running: See `IsRunning`; by default nobody can tell, and a slot that is named counts.
        writes: Notes are left in the seats for others.
    """

    def __init__(self, is_running: IsRunning | None = None, *, writes: bool = False) -> None:
        self._is_running = is_running
        self._writes = writes
        self._turns: list[int | None] = []
        self._since: list[int] = []

    def look(self, place: Seats) -> Looked:
        """Every worker, in the order of their numbers."""
        moment = now_ms()
        turns, slots, ops, polls = (place.column(word) for word in (abi.TURN, abi.SLOT, abi.OP, abi.POLLS))
        if self._is_running is not None:
            for number, slot in compress(enumerate(slots), slots):
                if not self._is_running(slot - 1):
                    slots[number] = 0
        self._note(place, [turn if slot else None for turn, slot in zip(turns, slots, strict=True)], moment)
        if self._writes:
            place.words[place.noted_at] = moment
        return Looked(turns, slots, ops, polls, self._since, moment)

    def _note(self, place: Seats, turns: list[int | None], moment: int) -> None:
        """Note of each turn in hand, None for none, when it was seen first."""
        before = self._turns if len(self._turns) == len(turns) else [None] * len(turns)
        since = self._since if len(self._since) == len(turns) else [moment] * len(turns)
        begun = [
            number
            for number in compress(range(len(turns)), map(ne, turns, before))
            if turns[number] is not None
        ]
        self._turns = turns
        if not begun:
            self._since = since
            return
        self._since = since = since.copy()
        for number in begun:
            since[number] = moment
        if self._writes:
            place.note(begun, turns, since)


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
        order: See `Looked.order`.
    """
    slot = None if worker.slot is None else _slot_at(worker.slot, order)
    return replace(worker, device=device, slot=slot)


def _slot_at(place: int, order: Slots | None) -> int:
    return place if order is None else int.from_bytes(order[4 * place : 4 * place + 4], "little")


def busy(workers: Sequence[Worker], most: int | None = None) -> list[Worker]:
    """Those that have something in hand, the longest turn first.

    Args:
        workers: Of one look.
        most: So many of them; None for all.
    """
    if isinstance(workers, Workers):
        return workers.busy(most)
    held = [one for one in workers if one.slot is not None]
    return sorted(held, key=lambda one: (-(one.seconds or 0.0), one.number))[:most]


def turns_begun(workers: Sequence[Worker]) -> int:
    """Turns that all of them have begun."""
    return workers.turns if isinstance(workers, Workers) else sum(one.turns for one in workers)
