"""A quick look at a ring that runs: how many tasks are in which state, how deep each class is, how old the oldest is.

Meant for somebody who looks several times a second and may take next to no time: a ring of up to `WHOLE_SLOTS` is
counted whole, of a larger one runs of slots all over it are, and the counts are scaled up. It reads with `pread`,
never through a mapping, so that a ring that is cut short under it ends the look and not the process. Standard library
only. The invariant: counts add up to the ring's slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random
from sys import byteorder

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import SCHEDULABLE, TaskPriority, TaskState
from vyrectl.dataclass import dataclass

WHOLE_SLOTS = 4096
"""Rings up to this many slots are counted whole."""

RUNS, RUN_SLOTS = 64, 64
"""Of a larger ring so many runs of so many slots are looked at, one somewhere in each of as many equal parts."""

_STATE, _PRIORITY, _AGE = (FIELD_INDEX[name] for name in ("state", "priority", "age_ticks"))
_CLASSES = len(TaskPriority)

Read = Callable[[int, int], bytes | memoryview]
"""Gives the bytes at an offset; fewer where the ring ends."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a look found.

    Attributes:
        counts: Slots in each known state, in the order of the state words (8 numbers).
        unknown: Slots whose state word is unknown.
        depths: Schedulable tasks by priority word (5 numbers); those of an unknown one count as Idle.
        oldest: Largest age_ticks of the slots that were looked at.
        is_whole: Every slot was looked at.
    """

    counts: tuple[int, ...]
    unknown: int
    depths: tuple[int, ...]
    oldest: int
    is_whole: bool

    @property
    def ended(self) -> int:
        """Tasks that are Done or Faulted."""
        return self.counts[TaskState.DONE] + self.counts[TaskState.FAULTED]


def glance(read: Read, slots: int, places: Random) -> Glance | None:
    """Look at a ring.

    Args:
        read: How its bytes are read.
        slots: How many slots it has.
        places: Where to look in a large ring.

    Returns:
        What was found; None when nothing could be read.
    """
    whole = slots <= WHOLE_SLOTS
    pairs = Counter[tuple[int, int]]()
    seen = oldest = 0
    for first, count in [(0, slots)] if whole else _runs(slots, places):
        data = memoryview(read(first * SLOT_BYTES, count * SLOT_BYTES))
        words = data[: len(data) // SLOT_BYTES * SLOT_BYTES].cast("B").cast("I")
        if words:
            seen += len(words) // SLOT_WORDS
            pairs.update(zip(_column(words, _STATE), _column(words, _PRIORITY), strict=True))
            oldest = max(oldest, *_column(words, _AGE))
    return _scaled(pairs, slots, seen, oldest, whole) if seen else None


def _runs(slots: int, places: Random) -> list[tuple[int, int]]:
    cuts = [slots * index // RUNS for index in range(RUNS + 1)]
    return [
        (places.randrange(first, max(first + 1, end - RUN_SLOTS + 1)), RUN_SLOTS)
        for first, end in pairwise(cuts)
    ]


def _column(words: memoryview, index: int) -> list[int]:
    column: list[int] = words[index::SLOT_WORDS].tolist()
    return (
        column if byteorder == "little" else [int.from_bytes(w.to_bytes(4, "big"), "little") for w in column]
    )


def _scaled(pairs: Counter[tuple[int, int]], slots: int, seen: int, oldest: int, whole: bool) -> Glance:
    counts, depths, unknown = [0] * len(TaskState), [0] * _CLASSES, 0
    for (state, priority), found in pairs.items():
        if state >= len(TaskState):
            unknown += found
            continue
        counts[state] += found
        if state in SCHEDULABLE:
            depths[min(priority, _CLASSES - 1)] += found
    *scaled, lost = _shared(slots, [*counts, unknown])
    return Glance(tuple(scaled), lost, tuple(n * slots // seen for n in depths), oldest, whole)


def _shared(total: int, weights: list[int]) -> list[int]:
    """A total in proportion to weights, in whole numbers that add up to it."""
    sum_before = sum_after = 0
    shares = []
    whole = sum(weights)
    for weight in weights:
        sum_after += weight
        shares.append(total * sum_after // whole - total * sum_before // whole)
        sum_before = sum_after
    return shares
