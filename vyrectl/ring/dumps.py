"""Several buffers in one file: control, ring, debug log, I/O queue, in this order, any of them left out.

Nothing in such a file says where a buffer ends, so every cut that the sizes allow is weighed: the lengths that encoders
make, the slot total in the control buffer, state words, a debug log's cursor and the slots that its records name. The
invariant: a cut is called certain only when no other fits as well; what decided is said. Standard library only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate

from vyrectl.abi.control import DONE_COUNT, OBSERVABLE_FIRST, PRIORITY_OFFSETS
from vyrectl.abi.io_queue import IO_RECORD_BYTES, MAX_IO_RECORDS
from vyrectl.abi.limits import DEBUG_RECORD_WORDS, DEFAULT_DEBUG_RECORDS, SLOT_BYTES, SLOT_WORDS, WORD_BYTES
from vyrectl.abi.opcodes import PRINTF
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.protocol.io_queue import unpack_records
from vyrectl.protocol.lengths import debug_log_byte_length
from vyrectl.ring.likenesses import (
    FITTING,
    GOOD,
    NONE,
    STRONG,
    debug_likeness,
    io_counts,
    io_likeness,
    is_mostly_io,
)

CONTROL, RING, DEBUG_LOG, IO_QUEUE = "control", "ring", "debug_log", "io_queue"
ORDER = (CONTROL, RING, DEBUG_LOG, IO_QUEUE)

MOST_OBSERVABLE_BYTES = 1 << 13
"""Longest row of observables that is tried before a ring."""

MOST_ROWS = 1024
"""Slots at the beginning of a ring whose words are looked at."""

MOST_COUNTED = 1 << 14
"""Slots of a ring whose Done ones are counted."""

CERTAIN_BY = 2
"""A cut is certain when the next one scores so much less."""

WRITTEN = 3
"""Least score of an I/O queue that holds requests; one of zeros is believed only behind a debug log."""

_CONTROL_BYTES = OBSERVABLE_FIRST * WORD_BYTES
_DEBUG_BYTES = debug_log_byte_length(DEFAULT_DEBUG_RECORDS) or 0
_IO_BYTES = MAX_IO_RECORDS * IO_RECORD_BYTES
_CAPACITIES = (
    DEFAULT_DEBUG_RECORDS,
    *(1 << bits for bits in range(2, 21) if 1 << bits != DEFAULT_DEBUG_RECORDS),
)
_USUAL_OBSERVABLES = frozenset({1, 2, 4, 8, 16, 32, 64})


@dataclass(frozen=True, slots=True)
class Part:
    """One buffer of the file.

    Attributes:
        kind: ``control``, ``ring``, ``debug_log`` or ``io_queue``.
        offset: Its first byte.
        size_bytes: Bytes that it takes.
    """

    kind: str
    offset: int
    size_bytes: int

    @property
    def end(self) -> int:
        """One past its last byte."""
        return self.offset + self.size_bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a file is cut.

    Attributes:
        parts: In the order of the file; together they are all of it.
        certain: No other cut fits as well.
        reasons: What speaks for these.
        others: Slots of the ring under other cuts that fit nearly as well.
    """

    parts: tuple[Part, ...]
    certain: bool
    reasons: tuple[str, ...]
    others: tuple[int, ...] = ()

    def part(self, kind: str) -> Part | None:
        """The buffer of that kind, or None."""
        return next((one for one in self.parts if one.kind == kind), None)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Lengths of the four, 0 for one that is not there, with what speaks for them."""

    lengths: tuple[int, int, int, int]
    score: int
    reasons: tuple[str, ...]

    @property
    def slots(self) -> int:
        return self.lengths[1] // SLOT_BYTES

    def parts(self) -> tuple[Part, ...]:
        ends = list(accumulate(self.lengths))
        starts = [0, *ends[:-1]]
        rows = zip(ORDER, starts, self.lengths, strict=True)
        return tuple(Part(kind, start, length) for kind, start, length in rows if length)


def find_parts(data: memoryview, *, has_control: bool, slots: int | None = None) -> Parts | None:
    """How to cut a file into its buffers; None when it is one buffer, or no cut fits.

    Args:
        data: All of the file.
        has_control: It begins with a control buffer.
        slots: The ring's slots, when the caller knows them.
    """
    cuts = sorted(_cuts(data, has_control, slots), key=lambda cut: -cut.score)
    if not cuts or len(cuts[0].parts()) < 2 or cuts[0].score < 1:
        return None
    best = cuts[0]
    near = [cut for cut in cuts[1:] if cut.score > best.score - CERTAIN_BY]
    others = tuple(dict.fromkeys(cut.slots for cut in near if len(cut.parts()) > 1))
    return Parts(best.parts(), not near, best.reasons, others)


def _cuts(data: memoryview, has_control: bool, slots: int | None) -> Iterator[_Cut]:
    facts = _Facts.of(data, has_control)
    for io_bytes, io_score, io_reason in _queues(data):
        for debug_bytes, debug_score, debug_reason in _logs(data, len(data) - io_bytes):
            rest = len(data) - io_bytes - debug_bytes
            if io_bytes and not debug_bytes and io_score < WRITTEN:
                continue
            for control, ring, score, reasons in _fronts(data, rest, has_control, facts):
                if slots is not None and ring != slots * SLOT_BYTES:
                    continue
                named = _printed(data, control, ring, rest, debug_bytes)
                total = score + io_score + debug_score + named
                why = (
                    *reasons,
                    *([debug_reason] if debug_reason else []),
                    *([io_reason] if io_reason else []),
                )
                if named > 0:
                    why = (*why, "the debug log's records name PRINTF slots of the ring")
                yield _Cut((control, ring, debug_bytes, io_bytes), total, why)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the control buffer says about the ring: its slots and how many were drained; 0 when it says nothing."""

    slots: int = 0
    done: int = 0

    @classmethod
    def of(cls, data: memoryview, has_control: bool) -> _Facts:
        if not has_control or len(data) < _CONTROL_BYTES:
            return cls()
        words = struct.unpack_from(f"<{OBSERVABLE_FIRST}I", data)
        return cls(words[PRIORITY_OFFSETS.end - 1], words[DONE_COUNT.first])


def _queues(data: memoryview) -> Iterator[tuple[int, int, str]]:
    """Lengths that an I/O queue at the end may have: (bytes, score, reason)."""
    yield 0, 0, ""
    most = min(_IO_BYTES, max(0, len(data) - 1) // IO_RECORD_BYTES * IO_RECORD_BYTES)
    records = unpack_records(data[len(data) - most :])
    if most == _IO_BYTES and not any(data[len(data) - most :]):
        yield most, 2, f"the last {most} bytes are an I/O queue's, all free"
    counts = list(enumerate(io_counts(records), 1))
    for count, (live, free) in reversed(counts):
        if not is_mostly_io(live, free, count):
            continue
        length = count * IO_RECORD_BYTES
        found = io_likeness(records[-count:], length)
        if found.score == STRONG or (found.score == GOOD and length == _IO_BYTES):
            yield length, WRITTEN + (length == _IO_BYTES), found.reasons[0]


def _logs(data: memoryview, end: int) -> Iterator[tuple[int, int, str]]:
    """Lengths that a debug log up to `end` may have: (bytes, score, reason)."""
    yield 0, 0, ""
    for capacity in _CAPACITIES:
        length = debug_log_byte_length(capacity) or 0
        if length > end:
            continue
        log = data[end - length : end]
        shown = bytes(log[:4096])
        words = struct.unpack(f"<{len(shown) // WORD_BYTES}I", shown)
        found = debug_likeness(words, length, usual=_DEBUG_BYTES)
        written = words[0] > 0
        if found.score == NONE or (length != _DEBUG_BYTES and (found.score < GOOD or not written)):
            continue
        score = 3 if length == _DEBUG_BYTES else 1
        yield length, score, f"{length} bytes are a debug log of {capacity} records, cursor {words[0]}"


def _fronts(
    data: memoryview, rest: int, has_control: bool, facts: _Facts
) -> Iterator[tuple[int, int, int, tuple[str, ...]]]:
    """How the bytes before the debug log may be cut: (control, ring, score, reasons)."""
    if not has_control:
        if rest == 0:
            yield 0, 0, 0, ()
        elif rest % SLOT_BYTES == 0:
            found = _ring_score(_states(data, 0, rest), 0, rest // SLOT_BYTES, facts)
            if found is not None:
                yield 0, rest, *found
        return
    if rest < _CONTROL_BYTES:
        return
    observables = (rest - _CONTROL_BYTES) // WORD_BYTES
    yield rest, 0, _control_score(observables) - 1, ()
    first = _CONTROL_BYTES + (rest - _CONTROL_BYTES) % SLOT_BYTES
    states = _states(data, first, rest)
    for control in range(first, min(rest, _CONTROL_BYTES + MOST_OBSERVABLE_BYTES), SLOT_BYTES):
        row = (control - first) // SLOT_BYTES
        found = _ring_score(states, row, (rest - control) // SLOT_BYTES, facts)
        if found is not None:
            score, reasons = found
            words = (control - _CONTROL_BYTES) // WORD_BYTES
            total = score + _control_score(words)
            yield control, rest - control, total, (*reasons, f"{words} observable words")


def _control_score(observables: int) -> int:
    return 2 if observables == 0 else 1 if observables in _USUAL_OBSERVABLES else -2


def _states(data: memoryview, first: int, end: int) -> Sequence[int]:
    """The state words of the slots that begin at `first`, as many as are looked at."""
    rows = min((end - first) // SLOT_BYTES, MOST_COUNTED)
    return data[first : first + rows * SLOT_BYTES].cast("I")[::SLOT_WORDS].tolist() if rows > 0 else []


def _ring_score(
    states: Sequence[int], row: int, slots: int, facts: _Facts
) -> tuple[int, tuple[str, ...]] | None:
    """How well the slots from a row on are a ring; None when they are none."""
    seen = states[row : row + MOST_ROWS]
    known = sum(state < len(TaskState) for state in seen)
    if not seen or known < FITTING * len(seen):
        return None
    score = 3 if slots % 64 == 0 else 2 if slots % 32 == 0 else 0 if slots % 8 == 0 else -2
    reasons = [f"{known} of the first {len(seen)} state words of {slots} slots are states"]
    score -= 4 if not any(seen) else 0
    score -= 2 if known < len(seen) else 0
    score += 0 if seen[0] >= len(TaskState) else 1 if seen[0] else 0
    score -= 4 if seen[0] >= len(TaskState) else 0
    if facts.slots:
        score += 8 if facts.slots == slots else -8
        if facts.slots == slots:
            reasons.append(f"the control buffer names a total of {slots} slots")
    counted = states[row:]
    if facts.done and len(counted) == slots and facts.done == sum(one == TaskState.DONE for one in counted):
        score += 1
        reasons.append(f"as many slots are Done as DONE_COUNT says, {facts.done}")
    return score, tuple(reasons)


def _printed(data: memoryview, control: int, ring: int, start: int, length: int) -> int:
    """Whether the debug log's records name slots of the ring that hold PRINTF: 3 when all do, -3 when none does."""
    if not length or not ring:
        return 0
    (cursor,) = struct.unpack_from("<I", data, start)
    held = min(cursor // DEBUG_RECORD_WORDS, (length - WORD_BYTES) // (DEBUG_RECORD_WORDS * WORD_BYTES), 64)
    places = [struct.unpack_from("<4I", data, start + WORD_BYTES + 16 * one)[3] for one in range(held)]
    if not places:
        return 0
    named = [
        struct.unpack_from("<I", data, control + place * WORD_BYTES + WORD_BYTES)[0] == PRINTF
        for place in places
        if place % SLOT_WORDS == 0 and (place + SLOT_WORDS) * WORD_BYTES <= ring
    ]
    return 3 if len(named) == len(places) and all(named) else -3 if not any(named) else 0
