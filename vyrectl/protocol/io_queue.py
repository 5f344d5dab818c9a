"""The I/O queue: up to 64 requests to move data, as the kernel left them for its host.

The invariant: every record is given as it lies there; one with an operation or a status that the wire does not have is
named and never dropped. Standard library only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from vyrectl.abi.io_queue import (
    IO_FREE,
    IO_RECORD_BYTES,
    IO_RECORD_WORDS,
    IO_STATUS_NAMES,
    MAX_IO_RECORDS,
    IoOp,
)
from vyrectl.abi.limits import U32_MAX, U64_MAX
from vyrectl.dataclass import dataclass
from vyrectl.errors import BufferTooLongError, InvalidInputError, MissingWordError
from vyrectl.protocol.words import Data, check_aligned

_RECORD = struct.Struct("<8I")
_OPS = {int(op): op.name for op in IoOp}


@dataclass(frozen=True, slots=True)
class IoRecord:
    """One request.

    Attributes:
        op: READ, WRITE or FENCE as a number; 0 where nobody wrote a record.
        source: Handle that is read from.
        destination: Handle, or slot, that is written to.
        offset: Where in the source, in bytes (64 bits).
        byte_count: How many bytes.
        status: A slot's status word, or OK (0x10) or ERROR (0x11).
        tag: What the asker knows the request by.
    """

    op: int = 0
    source: int = 0
    destination: int = 0
    offset: int = 0
    byte_count: int = 0
    status: int = IO_FREE
    tag: int = 0

    @property
    def op_name(self) -> str | None:
        """``READ`` and so on; None for another number."""
        return _OPS.get(self.op)

    @property
    def status_name(self) -> str | None:
        """``PUBLISHED`` and so on, ``OK`` or ``ERROR``; None for another number."""
        return IO_STATUS_NAMES.get(self.status)

    @property
    def is_unused(self) -> bool:
        """True when every word is 0: nobody has written here."""
        return self == UNUSED

    @property
    def is_free(self) -> bool:
        """True when the record may be written anew."""
        return self.status == IO_FREE

    @property
    def wrong(self) -> str | None:
        """Why no host could serve it; None when it is sound or free."""
        if self.status_name is None:
            return f"status {self.status} is none of the wire's"
        if not self.is_free and self.op_name is None:
            return f"operation {self.op} is none of READ, WRITE, FENCE"
        return None


UNUSED = IoRecord()


def decode_io_queue(data: Data) -> tuple[IoRecord, ...]:
    """Every record of a queue, in its order.

    Raises:
        MisalignedBufferError: The length is no multiple of 4.
        MissingWordError: The last record is cut off.
        BufferTooLongError: More than 64 records.
    """
    check_aligned(data, "io_queue")
    if len(data) % IO_RECORD_BYTES:
        words = len(data) // 4
        why = f"the last record has {words % IO_RECORD_WORDS} of {IO_RECORD_WORDS} words"
        raise MissingWordError("io_queue", words, len(data), why)
    if len(data) > MAX_IO_RECORDS * IO_RECORD_BYTES:
        what = f"{len(data) // IO_RECORD_BYTES} records are more than the {MAX_IO_RECORDS} of a queue"
        raise BufferTooLongError(
            "io_queue", what, "Give the queue alone; `vyrectl open` says what a file holds"
        )
    return unpack_records(data)


def unpack_records(data: Data) -> tuple[IoRecord, ...]:
    """Every whole record in these bytes, whatever their length."""
    whole = memoryview(data)[: len(data) // IO_RECORD_BYTES * IO_RECORD_BYTES]
    return tuple(
        IoRecord(op, source, destination, low | high << 32, count, status, tag)
        for op, source, destination, low, high, count, status, tag in _RECORD.iter_unpack(whole)
    )


def encode_io_queue(records: Iterable[IoRecord], *, capacity: int | None = None) -> bytes:
    """A queue's bytes.

    Args:
        records: From its first place on.
        capacity: Records that it has room for; as many as are given by default.

    Raises:
        InvalidInputError: A value that its words cannot hold.
        BufferTooLongError: More records than the capacity, or than 64.
    """
    packed = [_pack(number, record) for number, record in enumerate(records)]
    room = len(packed) if capacity is None else capacity
    if len(packed) > room or room > MAX_IO_RECORDS:
        raise BufferTooLongError(
            "io_queue", f"{max(len(packed), room)} records do not fit into {min(room, MAX_IO_RECORDS)}"
        )
    return b"".join(packed).ljust(room * IO_RECORD_BYTES, b"\0")


def _pack(number: int, record: IoRecord) -> bytes:
    words = (record.op, record.source, record.destination, record.byte_count, record.status, record.tag)
    if not (0 <= record.offset <= U64_MAX and all(0 <= word <= U32_MAX for word in words)):
        raise InvalidInputError("a value is out of its words' bounds", where=f"record {number}")
    op, source, destination, count, status, tag = words
    return _RECORD.pack(
        op, source, destination, record.offset & U32_MAX, record.offset >> 32, count, status, tag
    )
