"""How much bytes look like each buffer of the runtime: a score and the facts that speak for it.

Each function answers for one kind alone; `vyrectl.ring.kinds` weighs them against each other. The invariant: no
function looks at more than the words that it is given, none raises for any content. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vyrectl.abi import control as abi
from vyrectl.abi.io_queue import IO_RECORD_BYTES, MAX_IO_RECORDS, IoOp
from vyrectl.abi.limits import DEBUG_RECORD_WORDS, MAX_ENCODED, SLOT_WORDS, WORD_BYTES
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.protocol.io_queue import IoRecord

Words = Sequence[int]

NONE, WEAK, GOOD, STRONG = range(4)
"""How well bytes fit a kind: not at all; as they fit others too; better than a ring; as nothing else does."""

SHORTEST_CONTROL_WORDS = abi.TENANT_FAIRNESS.first
"""A control buffer that was cut is known as long as its masks and quotas are there."""

UNNAMED_CONTROL = range(abi.PRIORITY_FAIRNESS.end, abi.OBSERVABLE_FIRST)
"""Words between the last named one and the observables; nobody writes them."""

FITTING = 0.9
"""So large a share of records must fit."""

MOST_STRANGE_MASKS = 4
"""Masks that are neither 0, 1 nor all ones, as somebody may have written them by hand."""

LEAST_RECORDS = 4
"""Fewer I/O records say too little: they may be a slot or two."""

_OPEN = (1, abi.TENANT_OPEN)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well bytes fit a kind, and why; and of a ring whether any of its first slots is not Empty."""

    score: int = NONE
    reasons: tuple[str, ...] = ()
    holds_tasks: bool = True


@dataclass(slots=True)
class _Rows:
    """What the rows of 16 words are, read as slots."""

    total: int = 0
    states: int = 0
    tasks: int = 0
    sound: int = 0


def slot_rows(words: Words) -> Iterator[Words]:
    """The words 16 by 16."""
    for start in range(0, len(words) - SLOT_WORDS + 1, SLOT_WORDS):
        yield words[start : start + SLOT_WORDS]


def is_task_row(row: Words) -> bool:
    """True when 16 words could be a slot with a task: its state and its priority are the wire's."""
    return 0 < row[0] < len(TaskState) and row[FIELD_INDEX["priority"]] < len(TaskPriority)


def _survey(words: Words) -> _Rows:
    found = _Rows()
    for row in slot_rows(words):
        found.total += 1
        if row[0] >= len(TaskState):
            continue
        found.states += 1
        found.tasks += row[0] != TaskState.EMPTY
        found.sound += is_task_row(row)
    return found


def ring_likeness(words: Words, size_bytes: int) -> Likeness:
    """A ring (spec 1): state words below 8, and nearly all tasks of a priority of the wire."""
    rows = _survey(words)
    if not rows.total or 2 * rows.states < rows.total:
        return Likeness()
    if not rows.tasks:
        return Likeness(WEAK, (f"the first {rows.total} state words are 0, Empty",), holds_tasks=False)
    reason = f"{rows.states} of the first {rows.total} state words are states, {rows.tasks} of them of tasks"
    fits = rows.states >= FITTING * rows.total and rows.sound >= FITTING * rows.tasks
    return Likeness(GOOD if fits else WEAK, (reason,))


def control_likeness(words: Words, size_bytes: int) -> Likeness:
    """A control buffer (spec 3.1): word 2 is 3, masks from word 3 on, quotas from word 32 on."""
    if (
        len(words) < min(SHORTEST_CONTROL_WORDS, size_bytes // WORD_BYTES)
        or len(words) < SHORTEST_CONTROL_WORDS
    ):
        return Likeness()
    if words[abi.TENANT_BASE.first] != abi.TENANT_MASKS.first:
        return Likeness()
    masks = words[abi.TENANT_MASKS.first : abi.TENANT_MASKS.end]
    quotas = words[abi.TENANT_QUOTA.first : abi.TENANT_QUOTA.end]
    reasons = ["word 2, where the tenant table begins, is 3"]
    opened = sum(mask == abi.TENANT_OPEN for mask in masks)
    fresh = sum(quota == abi.DEFAULT_TENANT_QUOTA for quota in quotas)
    if opened:
        reasons.append(f"{opened} tenant masks are all ones")
    if fresh:
        reasons.append(f"{fresh} quotas are {abi.DEFAULT_TENANT_QUOTA}")
    strange = sum(mask not in (0, *_OPEN) for mask in masks)
    unnamed = any(words[index] for index in UNNAMED_CONTROL if index < len(words))
    if opened and fresh and strange <= MOST_STRANGE_MASKS:
        return Likeness(GOOD if unnamed else STRONG, tuple(reasons))
    if unnamed or strange > MOST_STRANGE_MASKS:
        return Likeness()
    if (opened or fresh) and not strange:
        return Likeness(GOOD, tuple(reasons))
    if any(masks):
        unknown = sum(row[0] >= len(TaskState) for row in slot_rows(words[: abi.OBSERVABLE_FIRST]))
        return Likeness(GOOD if unknown >= 2 else WEAK, tuple(reasons))
    alone = size_bytes == abi.OBSERVABLE_FIRST * WORD_BYTES and words[0] <= 1
    return Likeness(GOOD if alone else WEAK, (*reasons, f"it has {size_bytes} bytes and no tenant is let in"))


def debug_likeness(words: Words, size_bytes: int, *, usual: int) -> Likeness:
    """A debug log (spec 3.2): a cursor, records that name slots by their first word, zeros behind, few among them.

    Args:
        words: The first words, at most.
        size_bytes: Bytes of the whole.
        usual: Bytes of a log of the default capacity.
    """
    capacity = (size_bytes - WORD_BYTES) // (DEBUG_RECORD_WORDS * WORD_BYTES)
    if not words or capacity < 1 or (size_bytes != usual and _is_printable(words[0])):
        return Likeness()
    cursor = words[0]
    held = min(-(-cursor // DEBUG_RECORD_WORDS), capacity)
    seen = words[1:]
    records = [
        seen[at : at + DEBUG_RECORD_WORDS]
        for at in range(0, min(held * 4, len(seen) - 3), DEBUG_RECORD_WORDS)
    ]
    whole = records[: cursor // DEBUG_RECORD_WORDS]
    if any(seen[held * DEBUG_RECORD_WORDS :]) or any(not _is_first_word(one[3]) for one in whole):
        return Likeness()
    if sum(not any(one) for one in whole) > len(whole) // 2:
        return Likeness()
    exact = (size_bytes - WORD_BYTES) % (DEBUG_RECORD_WORDS * WORD_BYTES) == 0
    reasons = [f"word 0 is a cursor of {cursor} words", f"{size_bytes} bytes are room for {capacity} records"]
    if not whole:
        return Likeness(GOOD if size_bytes == usual else WEAK if exact else NONE, tuple(reasons))
    reasons.append(f"each of {len(whole)} records ends with a slot's first word")
    told = any(any(one) for one in whole)
    if size_bytes == usual and told:
        return Likeness(STRONG, tuple(reasons))
    return Likeness(GOOD if told and (exact or len(whole) > 1) else WEAK, tuple(reasons))


def _is_printable(word: int) -> bool:
    """True when four letters are at least as likely as so large a number."""
    return all(0x20 <= byte < 0x7F for byte in word.to_bytes(WORD_BYTES, "little"))


def _is_first_word(word: int) -> bool:
    """True when a word may be the index of a slot's first word in a ring that an encoder makes."""
    return word % SLOT_WORDS == 0 and word < MAX_ENCODED * SLOT_WORDS


def io_likeness(records: Sequence[IoRecord], size_bytes: int) -> Likeness:
    """An I/O queue: up to 64 records of 8 words with an operation and a status."""
    if not records or size_bytes % IO_RECORD_BYTES or size_bytes > MAX_IO_RECORDS * IO_RECORD_BYTES:
        return Likeness()
    live = [index for index, one in enumerate(records) if _is_request(one)]
    if not is_mostly_io(len(live), sum(_is_free(one) for one in records), len(records)):
        return Likeness()
    reasons = (
        f"{len(live)} of {len(records)} records hold READ, WRITE or FENCE and a status",
        f"{size_bytes} bytes are at most {MAX_IO_RECORDS} records of {IO_RECORD_BYTES}",
    )
    if any(index % 2 and records[index].offset >> 32 < records[index].byte_count for index in live):
        return Likeness(STRONG, reasons)
    alone = len(records) < LEAST_RECORDS
    return Likeness(WEAK if alone or _reads_as_slots(records, live) else GOOD, reasons)


def is_mostly_io(live: int, free: int, records: int) -> bool:
    """Whether so many records may be an I/O queue's of which so many are requests, and so many free places."""
    return live > 0 and live + free >= FITTING * records


def io_counts(records: Sequence[IoRecord]) -> Iterator[tuple[int, int]]:
    """Requests and free places among the last records: of the last one, of the last two, and so on."""
    live = free = 0
    for one in reversed(records):
        live += _is_request(one)
        free += _is_free(one)
        yield live, free


def _is_free(record: IoRecord) -> bool:
    return record.is_free and (record.is_unused or record.op_name is not None)


def _is_request(record: IoRecord) -> bool:
    return not record.is_free and record.wrong is None and (record.op == IoOp.FENCE or record.byte_count > 0)


def _reads_as_slots(records: Sequence[IoRecord], live: Sequence[int]) -> bool:
    """True when the records in even places are slots as well, as the runtime publishes them: priority Normal, or all
    with small words."""
    first = [records[index] for index in live]
    if all(one.offset & 0xFFFF_FFFF == TaskPriority.NORMAL for one in first):
        return True
    slots = all(one.offset & 0xFFFF_FFFF < len(TaskPriority) for one in first)
    return slots and all(one.tag < 1 << 16 or one.op == IoOp.FENCE for one in first)
