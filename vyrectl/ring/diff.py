"""What changed between two looks at a ring: which slots, by which lifecycle steps, and in sum.

Needs numpy. Slots are compared in chunks; those that differ are reduced to a number each, and every distinct
number is explained once (`vyrectl.ring.explain`). Where one ring is longer, the slots past the other's end are
compared with Empty ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import KNOWN_FLAGS, TaskState, known_state
from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable
from vyrectl.ring.explain import FELL, OFTEN, Explanation, Shape, explain
from vyrectl.ring.reading import Readings
from vyrectl.ring.reading_arrays import protocol_mask
from vyrectl.task.arrays import SlotArray, whole

CHUNK_SLOTS = 1 << 15
"""Slots compared together; both rings' bytes fit in a second-level cache."""

REMOVED = Explanation()
"""What becomes of slots past the end of the second ring: nothing is said about them."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Movement:
    """Slots that went the same way.

    Attributes:
        before: State in the first ring; None for an unknown one.
        after: State in the second ring, likewise.
        explanation: How.
        slots: How many slots moved so.
        yields: Yields of all of them together, where they are legal.
        requeues: Requeues of all of them together, where they are legal.
    """

    before: TaskState | None
    after: TaskState | None
    explanation: Explanation
    slots: int
    yields: int
    requeues: int


@dataclass(frozen=True, slots=True, eq=False)
class RingDiff(Comparable):
    """Two rings compared.

    Attributes:
        total_before: Slots of the first ring.
        total_after: Slots of the second.
        numbers: Slots that differ or that only one ring has, shape (n,), int64, sorted.
        before: Those slots in the first ring, `SLOT_DTYPE`, shape (n,); Empty past its end.
        after: In the second, likewise.
        explanations: The distinct explanations.
        which: Index into `explanations` for each slot, shape (n,), int64.
        arguments: Whether the slot holds arguments and so no counters, shape (n,).
    """

    total_before: int
    total_after: int
    numbers: Numbers
    before: SlotArray
    after: SlotArray
    explanations: tuple[Explanation, ...]
    which: Numbers
    arguments: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def is_equal(self) -> bool:
        """True when the rings are the same, byte for byte."""
        return not len(self.numbers)

    @property
    def common(self) -> int:
        """Slots that both rings have."""
        return min(self.total_before, self.total_after)

    @property
    def added(self) -> int:
        """Slots that only the second ring has."""
        return self.total_after - self.common

    @property
    def removed(self) -> int:
        """Slots that only the first ring has."""
        return self.total_before - self.common

    @property
    def legal(self) -> NDArray[np.bool_]:
        """Which changes the lifecycle allows; True for removed slots, of which nothing is said."""
        legal = [one.legal for one in self.explanations]
        return np.asarray(legal, np.bool_)[self.which] if len(self) else np.zeros(0, np.bool_)

    def take(self, mask: NDArray[np.bool_]) -> RingDiff:
        """The same comparison, cut down to some of its slots."""
        before, after = (whole(slots)[mask].view(SLOT_DTYPE) for slots in (self.before, self.after))
        numbers, which, arguments = self.numbers[mask], self.which[mask], self.arguments[mask]
        totals = (self.total_before, self.total_after)
        return RingDiff(*totals, numbers, before, after, self.explanations, which, arguments)

    def changed_words(self) -> dict[str, int]:
        """How many slots differ in each word; words that are the same everywhere are left out."""
        counts = {name: int((self.before[name] != self.after[name]).sum()) for name in FIELD_NAMES}
        return {name: count for name, count in counts.items() if count}

    def movements(self) -> list[Movement]:
        """The slots of both rings, and added ones, by the way they went; the most frequent first."""
        stay = self.numbers < self.total_after
        states = [_clipped(slots["state"][stay]) for slots in (self.before, self.after)]
        ways = (self.which[stay] << 8) | (states[0] << 4) | states[1]
        unique, inverse, counts = np.unique(ways, return_inverse=True, return_counts=True)
        rises = [
            np.bincount(inverse.reshape(-1), weights=self._rises(name)[stay], minlength=len(unique))
            for name in ("yield_count", "requeue_count")
        ]
        found = [
            Movement(
                known_state(way >> 4 & 15),
                known_state(way & 15),
                self.explanations[way >> 8],
                count,
                int(yields),
                int(requeues),
            )
            for way, count, yields, requeues in zip(unique.tolist(), counts.tolist(), *rises, strict=True)
        ]
        return sorted(found, key=lambda one: -one.slots)

    def _rises(self, counter: str) -> NDArray[np.float64]:
        """How far a counter rose where the change is legal, shape (n,); sums are exact below 2^53."""
        rise = self.after[counter].astype(np.float64) - self.before[counter]
        return np.where(self.legal & ~self.arguments, np.maximum(rise, 0), 0)


def diff_rings(
    before: SlotArray, after: SlotArray, readings: tuple[Readings, Readings] = (Readings(), Readings())
) -> RingDiff:
    """Compare two rings slot by slot.

    Args:
        before: `SLOT_DTYPE`, shape (n,).
        after: `SLOT_DTYPE`, shape (m,).
        readings: Which slots hold arguments, in the one and in the other.
    """
    common = min(len(before), len(after))
    numbers = _differing(before[:common], after[:common])
    one, other = (whole(slots)[numbers] for slots in (before, after))
    rest = np.arange(common, max(len(before), len(after)), dtype=np.int64)
    empty = np.zeros(len(rest), whole(before).dtype)
    tails = [whole(slots[common:]) if len(slots) > common else empty for slots in (before, after)]
    earlier = np.concatenate((one, tails[0])).view(SLOT_DTYPE)
    later = np.concatenate((other, tails[1])).view(SLOT_DTYPE)
    masks = (
        (slots["state"] != int(TaskState.EMPTY)) & protocol_mask(read, slots["op_handle"])
        for slots, read in zip((earlier, later), readings, strict=True)
    )
    arguments = np.logical_or(*masks)
    explanations, which = _explain_all(earlier, later, arguments)
    if len(before) > common:
        which[len(numbers) :] = len(explanations)
        explanations = (*explanations, REMOVED)
    numbers = np.concatenate((numbers, rest))
    return RingDiff(len(before), len(after), numbers, earlier, later, explanations, which, arguments)


def _differing(before: SlotArray, after: SlotArray) -> Numbers:
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(before), CHUNK_SLOTS):
        part = slice(start, start + CHUNK_SLOTS)
        unequal = _pairs(before[part]) != _pairs(after[part])
        found.append(np.flatnonzero(unequal.view(np.uint64)) + start)
    return np.concatenate(found)


def _pairs(slots: SlotArray) -> NDArray[np.uint64]:
    """Slots as pairs of words, shape (n, 8); their comparison is 8 booleans a slot, one u64."""
    return np.ascontiguousarray(slots).view(np.uint64).reshape(len(slots), SLOT_BYTES // 8)


# --- what a change looks like, as one number ----------------------------------------------------------------


def _explain_all(
    before: SlotArray, after: SlotArray, arguments: NDArray[np.bool_]
) -> tuple[tuple[Explanation, ...], Numbers]:
    """The distinct explanations, and the index of each slot's."""
    keys = np.concatenate(
        [np.zeros(0, np.int64)]
        + [
            _keys(before[part], after[part], arguments[part])
            for part in (slice(at, at + CHUNK_SLOTS) for at in range(0, len(before), CHUNK_SLOTS))
        ]
    )
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    shapes = [_shape(int(key), before[at], after[at]) for key, at in zip(unique, first, strict=True)]
    places: dict[Explanation, int] = {}
    order = [places.setdefault(explain(shape), len(places)) for shape in shapes]
    which = np.asarray(order, np.int64)[inverse.reshape(-1)] if order else np.zeros(0, np.int64)
    return tuple(places), which


_YIELDS, _REQUEUES, _AGES, _OTHER_FLAGS, _CLEAR = 16, 18, 20, 21, 22
_FLAGS_BEFORE, _FLAGS_AFTER, _STATE_BEFORE, _STATE_AFTER, _ARGUMENTS = 24, 28, 32, 36, 40
"""Where the parts of a key begin; the 16 lowest bits say which words differ."""


_OF_WORDS = (1 << 16) - 1


def _keys(before: SlotArray, after: SlotArray, arguments: NDArray[np.bool_]) -> Numbers:
    """One number a slot; slots with the same number have the same explanation, unknown states aside."""
    key = np.zeros(len(before), np.int64)
    for index, name in enumerate(FIELD_NAMES):
        key |= (before[name] != after[name]).astype(np.int64) << index
    for bit, name in ((_YIELDS, "yield_count"), (_REQUEUES, "requeue_count")):
        rise = np.clip(_rise(before, after, name), -1, OFTEN)
        key |= np.where(rise < 0, FELL, rise) << bit
    ages = _rise(before, after, "age_ticks") == _rise(before, after, "requeue_count")
    old, new = before["flags"], after["flags"]
    known = np.uint32(KNOWN_FLAGS)
    for bit, holds in ((_AGES, ages), (_OTHER_FLAGS, (old | known) == (new | known)), (_CLEAR, new == 0)):
        key |= holds.astype(np.int64) << bit
    key |= ((old & known).astype(np.int64) << _FLAGS_BEFORE) | (
        (new & known).astype(np.int64) << _FLAGS_AFTER
    )
    of_arguments = key & _OF_WORDS | 1 << _AGES | 1 << _OTHER_FLAGS | 1 << _CLEAR | 1 << _ARGUMENTS
    key = np.where(arguments, of_arguments, key)
    states = [_clipped(slots["state"]) for slots in (before, after)]
    return key | (states[0] << _STATE_BEFORE) | (states[1] << _STATE_AFTER)


def _rise(before: SlotArray, after: SlotArray, counter: str) -> Numbers:
    rise: Numbers = after[counter].astype(np.int64) - before[counter]
    return rise


def _clipped(states: NDArray[np.uint32]) -> Numbers:
    return np.minimum(states, np.uint32(len(TaskState))).astype(np.int64)


def _shape(key: int, before: np.void, after: np.void) -> Shape:
    return Shape(
        before=int(before["state"]),
        after=int(after["state"]),
        flags_before=key >> _FLAGS_BEFORE & KNOWN_FLAGS,
        flags_after=key >> _FLAGS_AFTER & KNOWN_FLAGS,
        other_flags_stay=bool(key >> _OTHER_FLAGS & 1),
        flags_clear=bool(key >> _CLEAR & 1),
        yields=key >> _YIELDS & 3,
        requeues=key >> _REQUEUES & 3,
        ages_match=bool(key >> _AGES & 1),
        changed=key & _OF_WORDS,
        arguments=bool(key >> _ARGUMENTS & 1),
    )
