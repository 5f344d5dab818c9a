"""How long rings, control buffers, debug logs and I/O queues are, and empty ones (spec 1.1, 3.1, 3.2).

Standard library only.
"""

from __future__ import annotations

from vyrectl.abi.io_queue import IO_RECORD_BYTES, MAX_IO_RECORDS
from vyrectl.abi.limits import (
    DEBUG_RECORD_WORDS,
    MAX_DEBUG_RECORDS,
    MAX_ENCODED,
    MAX_SLOTS,
    SLOT_BYTES,
    U64_MAX,
    WORD_BYTES,
)
from vyrectl.errors import BufferTooLongError
from vyrectl.numbers import integer
from vyrectl.protocol.control import control_byte_length
from vyrectl.protocol.words import BufferName


def ring_byte_length(slots: int) -> int | None:
    """Bytes of a ring; None when some word would have no u32 index."""
    return slots * SLOT_BYTES if slots <= MAX_SLOTS else None


def debug_log_byte_length(records: int) -> int | None:
    """Bytes of a debug log; None when some word would have no u32 index."""
    return (1 + records * DEBUG_RECORD_WORDS) * WORD_BYTES if records <= MAX_DEBUG_RECORDS else None


def io_queue_byte_length(records: int) -> int | None:
    """Bytes of an I/O queue; None when it would have more records than a queue has."""
    return records * IO_RECORD_BYTES if records <= MAX_IO_RECORDS else None


def byte_length(buffer: BufferName, count: int) -> int | None:
    """Bytes of a buffer of so many slots, observables or records; None when it cannot be that long."""
    lengths = {
        "ring": ring_byte_length,
        "control": control_byte_length,
        "debug_log": debug_log_byte_length,
        "io_queue": io_queue_byte_length,
    }
    return lengths[buffer](count)


def empty_ring(slots: int) -> bytes:
    """A ring of Empty slots, as the runtime's encoder makes it.

    Raises:
        BufferTooLongError: More slots than encoders make; `Ring.create` makes longer ones.
    """
    return _zeros("ring", slots, "slots", ring_byte_length(slots))


def empty_debug_log(records: int) -> bytes:
    """A debug log without records.

    Raises:
        BufferTooLongError: Room for more records than encoders make.
    """
    return _zeros("debug_log", records, "records", debug_log_byte_length(records))


def _zeros(buffer: BufferName, count: int, unit: str, length: int | None) -> bytes:
    count = integer(f"the number of {unit}", count, most=U64_MAX)
    if count > MAX_ENCODED or length is None:
        raise BufferTooLongError(
            buffer, f"{count} {unit} are more than {MAX_ENCODED}", f"Ask for up to {MAX_ENCODED}"
        )
    return bytes(length)
