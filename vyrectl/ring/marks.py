"""A ring as a row of marks: each stands for one slot, or for a run of consecutive ones. Needs numpy.

Every slot is of one *kind*: its state, its priority, its tenant and so on; Empty slots are a kind of their own.
A run shows the kind that most of its tasks are of, and whether it holds others as well. For ages and counters,
where the kinds are ranges of values, a run shows its highest. A run shows Empty only when no slot in it holds a
task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.faults import FAULT
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.ring.reading import Readings
from vyrectl.ring.reading_arrays import protocol_mask
from vyrectl.task.arrays import SlotArray, column_values

Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BY: dict[str, str] = {
    "state": "state",
    "priority": "priority",
    "tenant": "tenant_id",
    "op": "op_handle",
    "age": "age_ticks",
    "requeues": "requeue_count",
    "flags": "flags",
    FAULT: FAULT,
}
"""What a map can show -> the field it is about."""

RANGED = ("age", "requeues")
"""Those that have ranges of values for kinds."""

EMPTY_MARK, UNKNOWN_MARK, OTHER_MARK, NOTHING = ".", "?", "+", " "
ARGUMENT_MARK = "-"
"""Of slots that hold arguments, where ages and counters are shown: they have none."""
STATE_MARKS: dict[TaskState, str] = {
    TaskState.EMPTY: EMPTY_MARK,
    TaskState.READY: "R",
    TaskState.RUNNING: "U",
    TaskState.DONE: "D",
    TaskState.PAUSED: "P",
    TaskState.YIELDED: "Y",
    TaskState.REQUEUED: "Q",
    TaskState.FAULTED: "F",
}
LEVELS = 9
"""Ranges of values above 0; their marks are digits."""

CHUNK_SLOTS = 1 << 16
NO_KIND = 255
"""Code of a run none of whose slots was chosen."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What slots of one kind have in common.

    Attributes:
        mark: One ASCII character; a letter stands in its small form for a run that holds other kinds too.
        least: The word, or the lowest of a range; None for unknown, other and Empty kinds, `NO_FAULT` for tasks
            without a fault.
        most: The word, or the highest of a range.
        slots: Slots of this kind among those chosen.
        first: The first of them, or None.
    """

    mark: str
    least: int | None
    most: int | None
    slots: int = 0
    first: int | None = None

    @property
    def is_empty(self) -> bool:
        """True for the kind of slots without a task."""
        return self.mark == EMPTY_MARK


@dataclass(frozen=True, slots=True)
class Marks:
    """A ring as marks.

    Attributes:
        by: A key of `BY`.
        total: Slots of the ring.
        matched: Slots that were chosen.
        slots_per_mark: Length of a run.
        kinds: What a code stands for.
        codes: Index into `kinds` of each run, u8; `NO_KIND` where no slot was chosen.
        mixed: Whether the run holds more than one kind.
    """

    by: str
    total: int
    matched: int
    slots_per_mark: int
    kinds: tuple[Kind, ...]
    codes: Codes
    mixed: Mask

    def text(self) -> str:
        """All marks, one character each."""
        plain = np.full(256, ord(NOTHING), np.uint8)
        plain[: len(self.kinds)] = [ord(kind.mark) for kind in self.kinds]
        small = plain.copy()
        small[: len(self.kinds)] = [ord(kind.mark.lower()) for kind in self.kinds]
        return np.where(self.mixed, small[self.codes], plain[self.codes]).tobytes().decode("ascii")


def mark_ring(
    slots: SlotArray,
    by: str,
    most_marks: int,
    chosen: NDArray[np.int64] | None = None,
    readings: Readings = Readings(),
) -> Marks:
    """Make the marks of a ring.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        by: A key of `BY`.
        most_marks: Runs get longer by powers of two until there are no more than this many.
        chosen: Slots to look at, sorted; all by default. The others leave their run as it is.
        readings: Which slots hold arguments.
    """
    run = 1
    while -(-len(slots) // run) > most_marks:
        run *= 2
    kinds, classify = _ranges(BY[by], slots, readings) if by in RANGED else _KINDS[by](slots)
    wanted: Mask | None = None
    if chosen is not None:
        wanted = np.zeros(len(slots), np.bool_)
        wanted[chosen] = True
    tally = _Tally(len(kinds))
    codes, mixed = [np.zeros(0, np.uint8)], [np.zeros(0, np.bool_)]
    for start in range(0, len(slots), max(CHUNK_SLOTS, run)):
        part = slice(start, start + max(CHUNK_SLOTS, run))
        one = classify(slots[part])
        if wanted is not None:
            one = np.where(wanted[part], one, np.uint8(NO_KIND))
        tally.add(one, start)
        shown, several = _runs(one, run, kinds, highest=by in RANGED)
        codes.append(shown)
        mixed.append(several)
    matched = len(slots) if chosen is None else len(chosen)
    return Marks(
        by, len(slots), matched, run, tally.counted(kinds), np.concatenate(codes), np.concatenate(mixed)
    )


class _Tally:
    """Counts the kinds, and notes where each is first met."""

    def __init__(self, kinds: int) -> None:
        self.slots = np.zeros(kinds, np.int64)
        self.first: list[int | None] = [None] * kinds

    def add(self, codes: Codes, start: int) -> None:
        counts = np.bincount(codes, minlength=256)[: len(self.slots)]
        for code in np.flatnonzero((self.slots == 0) & (counts > 0)).tolist():
            self.first[code] = start + int((codes == code).argmax())
        self.slots += counts

    def counted(self, kinds: Sequence[Kind]) -> tuple[Kind, ...]:
        return tuple(
            Kind(kind.mark, kind.least, kind.most, int(slots), first)
            for kind, slots, first in zip(kinds, self.slots, self.first, strict=True)
        )


def _runs(codes: Codes, run: int, kinds: Sequence[Kind], *, highest: bool) -> tuple[Codes, Mask]:
    """The kind that each run shows, and whether it holds several."""
    if run == 1:
        return codes, np.zeros(len(codes), np.bool_)
    width = len(kinds) + 1
    ends = -(-len(codes) // run)
    column = np.minimum(codes, np.uint8(width - 1)).astype(np.int64)
    counts = np.bincount(np.arange(len(codes)) // run * width + column, minlength=ends * width)
    counts = counts.reshape(ends, width)[:, :-1]
    present = counts > 0
    weights = np.where(present, np.arange(1, width), 0) if highest else counts.copy()
    for index, kind in enumerate(kinds):
        if kind.is_empty:
            weights[:, index] = np.minimum(weights[:, index], np.where(present.sum(axis=1) > 1, 0, 1))
    shown = np.where(present.any(axis=1), weights.argmax(axis=1), NO_KIND).astype(np.uint8)
    return shown, present.sum(axis=1) > 1


# --- kinds --------------------------------------------------------------------------------------------------

Classify = Callable[[SlotArray], Codes]


def _states(slots: SlotArray) -> tuple[list[Kind], Classify]:
    kinds = [Kind(mark, int(state), int(state)) for state, mark in STATE_MARKS.items()]
    return [*kinds, Kind(UNKNOWN_MARK, None, None)], lambda part: _clipped(part["state"], len(TaskState))


def _priorities(slots: SlotArray) -> tuple[list[Kind], Classify]:
    kinds = [Kind(one.name[0], int(one), int(one)) for one in TaskPriority]
    return _with_empty(
        [*kinds, Kind(UNKNOWN_MARK, None, None)], lambda part: _clipped(part["priority"], len(TaskPriority))
    )


def _named(field: str) -> Callable[[SlotArray], tuple[list[Kind], Classify]]:
    """The most frequent values by letters, in the order of the values, and all others as one kind."""

    def kinds_of(slots: SlotArray) -> tuple[list[Kind], Classify]:
        tasks = column_values(slots, field)[slots["state"] != TaskState.EMPTY]
        values, counts = np.unique(tasks, return_counts=True)
        known = np.sort(values[np.argsort(-counts, kind="stable")[: len(ascii_uppercase)]])
        kinds = [
            Kind(mark, value, value) for mark, value in zip(ascii_uppercase, known.tolist(), strict=False)
        ]

        def classify(part: SlotArray) -> Codes:
            column = column_values(part, field)
            at = np.searchsorted(known, column)
            hit = known[np.minimum(at, max(len(known) - 1, 0))] == column if len(known) else at < 0
            return np.where(hit, at, len(known)).astype(np.uint8)

        return _with_empty([*kinds, Kind(OTHER_MARK, None, None)], classify)

    return kinds_of


def _ranges(field: str, slots: SlotArray, readings: Readings) -> tuple[list[Kind], Classify]:
    """The value 0, then ranges that end one below a power of two, as many as there are digits.

    Slots that hold arguments have no such value: where there are any, they are a kind of their own, before all others.
    """

    def arguments(part: SlotArray) -> Mask:
        return protocol_mask(readings, part["op_handle"])

    held = slots["state"] != TaskState.EMPTY
    arguing = held & arguments(slots)
    bits = int(slots[field][held & ~arguing].max(initial=0)).bit_length()
    levels = min(bits, LEVELS)
    ends = [0, *((1 << -(-bits * level // levels)) - 1 for level in range(1, levels + 1))]
    kinds = [Kind("0", 0, 0)]
    kinds += [Kind(str(level), below + 1, end) for level, (below, end) in enumerate(pairwise(ends), start=1)]
    bounds = np.array(ends, np.uint32)

    def classify(part: SlotArray) -> Codes:
        return np.searchsorted(bounds, part[field]).astype(np.uint8)

    def classify_tasks(part: SlotArray) -> Codes:
        return np.where(arguments(part), np.uint8(0), classify(part) + np.uint8(1))

    if not arguing.any():
        return _with_empty(kinds, classify)
    return _with_empty([Kind(ARGUMENT_MARK, None, None), *kinds], classify_tasks)


def _with_empty(kinds: list[Kind], classify: Classify) -> tuple[list[Kind], Classify]:
    """The same with a last kind for Empty slots."""

    def with_empty(part: SlotArray) -> Codes:
        return np.where(part["state"] == TaskState.EMPTY, np.uint8(len(kinds)), classify(part))

    return [*kinds, Kind(EMPTY_MARK, None, None)], with_empty


def _clipped(words: NDArray[np.uint32], most: int) -> Codes:
    return np.minimum(words, np.uint32(most)).astype(np.uint8)


_KINDS: dict[str, Callable[[SlotArray], tuple[list[Kind], Classify]]] = {
    "state": _states,
    "priority": _priorities,
    "tenant": _named("tenant_id"),
    "op": _named("op_handle"),
    "flags": _named("flags"),
    FAULT: _named(FAULT),
}

assert {*_KINDS, *RANGED} == set(BY)
