"""The debug log (spec 3.2): records that PRINTF leaves, read strictly as the runtime does, or as far as they are there.

Word 0 is the cursor in words from record 0; a full log drops a record and advances the cursor all the same. The
runtime refuses such a log; `read_debug_log` gives the records that it holds and says how many were dropped.
Standard library only.
"""

from __future__ import annotations

import struct

from vyrectl.abi.limits import DEBUG_RECORD_WORDS, WORD_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import MissingWordError
from vyrectl.protocol.words import Data, check_aligned, found_words, read_word

RECORD_BYTES = DEBUG_RECORD_WORDS * WORD_BYTES


@dataclass(frozen=True, slots=True)
class DebugRecord:
    """One PRINTF.

    Attributes:
        format_id: The first argument of the task (input_handle).
        arguments: Its second and third, then the word index at which its slot begins.
    """

    format_id: int
    arguments: tuple[int, int, int]

    @property
    def slot(self) -> int:
        """Slot of the task that wrote it, when the last argument is a slot's first word index."""
        return self.arguments[2] // 16


@dataclass(frozen=True, slots=True)
class DebugLog:
    """What a log holds.

    Attributes:
        records: Those that are there, from the oldest.
        capacity: How many it has room for.
        dropped: How many found it full.
        trailing_bytes: What follows the last whole record's place.
        cursor: Word 0.
    """

    records: tuple[DebugRecord, ...]
    capacity: int
    dropped: int
    trailing_bytes: int
    cursor: int

    @property
    def odd_words(self) -> int:
        """Words by which the cursor stands inside a record; 0 unless somebody else wrote it."""
        return self.cursor % DEBUG_RECORD_WORDS


def decode_debug_log(log: Data) -> list[DebugRecord]:
    """The records of a log in which nothing is out of order.

    Raises:
        MisalignedBufferError: No whole number of words.
        MissingWordError: No cursor, or one that is inside a record or past the records that fit (records were dropped);
            the error names the word one past the cursor.
    """
    cursor = read_word(log, 0, "debug_log")
    held = _capacity(log) * DEBUG_RECORD_WORDS
    if cursor % DEBUG_RECORD_WORDS or cursor > held:
        raise MissingWordError("debug_log", cursor + 1, len(log), _refusal(cursor, held))
    return list(_records(log, cursor // DEBUG_RECORD_WORDS))


def read_debug_log(log: Data) -> DebugLog:
    """What a log holds, whether or not it was full; only a log without a cursor is refused.

    Raises:
        MissingWordError: No cursor.
    """
    if len(log) < WORD_BYTES:
        check_aligned(log, "debug_log")
    cursor = found_words(log, 0, 1)
    if not cursor:
        raise MissingWordError("debug_log", 0, len(log))
    written = cursor[0] // DEBUG_RECORD_WORDS
    capacity = _capacity(log)
    held = min(written, capacity)
    return DebugLog(
        records=tuple(_records(log, held)),
        capacity=capacity,
        dropped=written - held,
        trailing_bytes=len(log) - WORD_BYTES - capacity * RECORD_BYTES,
        cursor=cursor[0],
    )


def _capacity(log: Data) -> int:
    return (len(log) - WORD_BYTES) // RECORD_BYTES


def _records(log: Data, count: int) -> list[DebugRecord]:
    words = struct.iter_unpack("<4I", bytes(log[WORD_BYTES : WORD_BYTES + count * RECORD_BYTES]))
    return [DebugRecord(one[0], (one[1], one[2], one[3])) for one in words]


def _refusal(cursor: int, held: int) -> str:
    if cursor % DEBUG_RECORD_WORDS:
        return f"the cursor is {cursor}, inside a record"
    return f"the cursor is {cursor} and {held} words of records fit: {(cursor - held) // 4} were dropped"
