"""Counts a large ring (spec 1.7): in chunks that stay in the cache, on as many threads as there are processors.

Needs numpy, which lets go of the interpreter while it works on a chunk; that is why threads help. The
invariant: every slot is looked at once, and the answer does not depend on the chunks or on the threads.

What a chunk costs is the way from memory; so each of its lines is asked for as rarely as possible: `age_ticks`
and `requeue_count` lie side by side (words 12 and 13) and are read as one u64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELDS
from vyrectl.abi.states import TaskState
from vyrectl.task.distinct import distinct
from vyrectl.task.parts import in_parts
from vyrectl.telemetry.snapshot import StateTally

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

CHUNK_SLOTS = 1 << 15
"""Slots looked at together: 2 MiB of the ring."""

_OFFSETS = {field.name: field.offset_bytes for field in FIELDS}
_COUNTED = np.dtype(
    {
        "names": ["state", "op_handle", "counters"],
        "formats": ["<u4", "<u4", "<u8"],
        "offsets": [_OFFSETS["state"], _OFFSETS["op_handle"], _OFFSETS["age_ticks"]],
        "itemsize": SLOT_BYTES,
    }
)
assert _OFFSETS["requeue_count"] == _OFFSETS["age_ticks"] + 4

_KNOWN = len(TaskState)

MOST_NAMED = 64
"""Different operations that a census tells apart."""


class Census(NamedTuple):
    """A ring counted, and the operations that its slots name.

    Attributes:
        tally: Slots in each state, and what a snapshot sums.
        op_handles: Every op_handle of some slot; None where there are more than `MOST_NAMED`.
    """

    tally: StateTally
    op_handles: frozenset[int] | None


def count_slots(slots: SlotArray, threads: int | None = None) -> StateTally:
    """Count an array of `SLOT_DTYPE`, shape (n,).

    Args:
        slots: The ring, an array of `SLOT_DTYPE`, shape (n,).
        threads: How many; see `in_parts`.
    """
    counted = slots.view(_COUNTED)
    return add_up(in_parts(len(slots), lambda first, end: _count_part(counted, first, end), threads))


def census(slots: SlotArray, threads: int | None = None) -> Census:
    """As `count_slots`, and the operations too, in the same look at each slot.

    Args:
        slots: The ring, an array of `SLOT_DTYPE`, shape (n,).
        threads: How many; see `in_parts`.
    """
    counted = slots.view(_COUNTED)

    def work(first: int, end: int) -> tuple[StateTally, set[int]]:
        names: set[int] = set()
        return _count_part(counted, first, end, names), names

    parts = in_parts(len(slots), work, threads)
    found = frozenset[int]().union(*(names for _, names in parts))
    return Census(add_up([tally for tally, _ in parts]), found if len(found) <= MOST_NAMED else None)


def add_up(parts: Sequence[StateTally]) -> StateTally:
    """Parts of a ring, counted, as one; slots of unknown states are called alike in all of them."""
    unknown = [part.first_unknown for part in parts if part.first_unknown is not None]
    return StateTally(
        counts=tuple(map(sum, zip(*(part.counts for part in parts), strict=True))),
        unknown=sum(part.unknown for part in parts),
        first_unknown=min(unknown, default=None),
        total_requeues=sum(part.total_requeues for part in parts),
        max_priority_age=max(part.max_priority_age for part in parts),
    )


def _count_part(slots: SlotArray, first: int, end: int, names: set[int] | None = None) -> StateTally:
    counts = [0] * _KNOWN
    unknown = total_requeues = max_age = 0
    first_unknown = None
    counter = _Counter(min(CHUNK_SLOTS, end - first))
    for start in range(first, end, CHUNK_SLOTS):
        chunk = slots[start : min(start + CHUNK_SLOTS, end)]
        left = counter.count(chunk["state"], counts)
        if left and first_unknown is None:
            at = int((chunk["state"] >= _KNOWN).argmax())
            first_unknown = (start + at, int(chunk["state"][at]))
        unknown += left
        if names is not None and len(names) <= MOST_NAMED:
            counter.add_names(chunk["op_handle"], names)
        age, requeues = counter.age_and_requeues(chunk["counters"])
        max_age = max(max_age, age)
        total_requeues += requeues
    return StateTally(tuple(counts), unknown, first_unknown, total_requeues, max_age)


class _Counter:
    """Scratch space of one thread, and what is done with a chunk in it.

    Args:
        most: Slots in the largest chunk.
    """

    def __init__(self, most: int) -> None:
        self._words = np.empty(most, np.uint32)
        self._bytes = np.empty(most, np.uint8)
        self._equal = np.empty(most, np.bool_)
        self._pairs = np.empty(most, np.uint64)
        self._order = list(range(_KNOWN))

    def count(self, states: SlotArray, counts: list[int]) -> int:
        """Add each known state's slots to `counts`, the most frequent one first; return how many are left."""
        left = len(states)
        words, small, equal = self._words[:left], self._bytes[:left], self._equal[:left]
        np.minimum(states, np.uint32(_KNOWN), out=words)
        np.copyto(small, words, casting="unsafe")
        for state in self._order:
            np.equal(small, state, out=equal)
            found = int(np.count_nonzero(equal))
            counts[state] += found
            left -= found
            if not left:
                break
        self._order.sort(key=counts.__getitem__, reverse=True)
        return left

    def add_names(self, handles: SlotArray, names: set[int]) -> None:
        """Add what is not among `names` yet, a pass over the chunk for each; no further once they are too many."""
        left = len(handles)
        words, equal = self._words[:left], self._equal[:left]
        np.copyto(words, handles)
        for name in tuple(names):
            np.equal(words, np.uint32(name), out=equal)
            left -= int(np.count_nonzero(equal))
            if not left:
                return
        strange = words[~np.isin(words, np.array(sorted(names), np.uint32))] if names else words
        names.update(distinct(strange)[: MOST_NAMED + 1].tolist())

    def age_and_requeues(self, counters: SlotArray) -> tuple[int, int]:
        """The largest age_ticks and the sum of requeue_count; an age is the lower half of its pair."""
        pairs, words = self._pairs[: len(counters)], self._words[: len(counters)]
        np.copyto(pairs, counters)
        np.copyto(words, pairs, casting="unsafe")
        age = int(np.maximum.reduce(words))
        np.right_shift(pairs, np.uint64(32), out=pairs)
        return age, int(np.add.reduce(pairs))
