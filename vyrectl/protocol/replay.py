"""The replay log's format (spec 3.7): header and records as bytes. Standard library only.

Opening, reading and appending files is done by `vyrectl.ring.replay_log`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import field
from enum import IntEnum, StrEnum

from vyrectl.abi.limits import MAX_ENCODED
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import ReplayLogError

MAGIC = b"VRRL0001"
VERSION = 1
HEADER_BYTES = 32
RECORD_BYTES = 64
MARKER = 0xDEADBEEF
MAX_CAPACITY = MAX_ENCODED

_HEADER = struct.Struct("<8sIIQQ")
_RECORD = struct.Struct("<IQIII4IIIIIQ")
NEXT_SLOT_OFFSET = 24
"""Byte of the header's last word, the only one that an append changes."""

_ENDED = frozenset({int(TaskState.DONE), int(TaskState.FAULTED)})

assert _HEADER.size == HEADER_BYTES
assert _RECORD.size == RECORD_BYTES


class FailureClass(IntEnum):
    """What kind of failure a record is evidence of."""

    NONE = 0
    DEVICE_LOSS = 1
    TRANSIENT_QUEUE = 2
    PROGRAM_BUG = 3
    UNCLASSIFIED = 4

    @property
    def label(self) -> str:
        """``device_loss`` and so on."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a slot ended.

    Attributes:
        slot_status: State word of the slot.
        failure_class: Kind of the failure.
        backend_code: The backend's own number.
        output_digest: u64.
    """

    slot_status: int
    failure_class: FailureClass
    backend_code: int
    output_digest: int

    @property
    def is_ending(self) -> bool:
        """It says how a task ended; what the runtime records of a publication does not."""
        return self.slot_status in _ENDED


@dataclass(frozen=True, slots=True)
class ReplayRecord:
    """One record.

    Attributes:
        timestamp_ns: u64, the writer's clock.
        slot: Slot index.
        tenant_id: Tenant.
        opcode: Operation.
        arguments: Words 4 to 7 of the slot.
        epoch: Epoch.
        evidence: How it ended, or None when the record does not say.
    """

    timestamp_ns: int
    slot: int
    tenant_id: int
    opcode: int
    arguments: tuple[int, int, int, int]
    epoch: int
    evidence: Evidence | None = field(default=None)

    def pack(self) -> bytes:
        """Its 64 bytes."""
        told = self.evidence or Evidence(0, FailureClass.NONE, 0, 0)
        return _RECORD.pack(
            MARKER,
            self.timestamp_ns,
            self.slot,
            self.tenant_id,
            self.opcode,
            *self.arguments,
            self.epoch,
            told.slot_status,
            int(told.failure_class),
            told.backend_code,
            told.output_digest,
        )


class LogKind(StrEnum):
    """What the records of a log stand for."""

    ENDINGS = "endings"
    """Tasks that came to their end, as `launch --record` writes them; the digest is FNV-1a of the slot."""
    PUBLICATIONS = "publications"
    """Tasks that were published, as the runtime writes them; the digest is BLAKE3 of an output."""
    EMPTY = "empty"


def log_kind(records: Iterable[ReplayRecord]) -> LogKind:
    """Which kind of log these records make: an ending always has evidence that its slot is Done or Faulted."""
    kind = LogKind.EMPTY
    for record in records:
        if record.evidence is None or not record.evidence.is_ending:
            return LogKind.PUBLICATIONS
        kind = LogKind.ENDINGS
    return kind


def unpack_record(data: bytes | memoryview, index: int) -> ReplayRecord | None:
    """A record from its 64 bytes, or None for one that was never written.

    Args:
        data: The record's 64 bytes.
        index: Its place in the file, for the error.

    Raises:
        ReplayLogError: Another marker.
    """
    marker, timestamp, slot, tenant, opcode, a, b, c, d, epoch, status, failure, code, digest = (
        _RECORD.unpack(data)
    )
    if marker == 0:
        return None
    if marker != MARKER:
        raise ReplayLogError(
            f"record {index} begins with 0x{marker:08x} instead of 0x{MARKER:08x}",
            "marker",
            fix="The log is corrupt; nothing behind this record can be trusted",
        )
    evidence = Evidence(status, _failure_class(failure), code, digest)
    blank = not (status or failure or code or digest)
    return ReplayRecord(timestamp, slot, tenant, opcode, (a, b, c, d), epoch, None if blank else evidence)


_CLASSES = {int(one): one for one in FailureClass}


def _failure_class(word: int) -> FailureClass:
    return _CLASSES.get(word, FailureClass.UNCLASSIFIED)


@dataclass(frozen=True, slots=True)
class Header:
    """The first 32 bytes.

    Attributes:
        capacity: Records that fit, 1 to 1 048 576.
        next_slot: Where the next record goes, before it is taken modulo the capacity.
        flags: Kept, never looked at.
    """

    capacity: int
    next_slot: int = 0
    flags: int = 0

    @property
    def cursor(self) -> int:
        """Place of the next record; the oldest one lies there too, once the log is full."""
        return self.next_slot % self.capacity

    @property
    def file_bytes(self) -> int:
        """Length of a whole file."""
        return HEADER_BYTES + RECORD_BYTES * self.capacity

    def pack(self) -> bytes:
        """Its 32 bytes."""
        return _HEADER.pack(MAGIC, VERSION, self.flags, self.capacity, self.next_slot)


def check_capacity(capacity: int) -> None:
    """Hold a capacity to the wire's bounds.

    Raises:
        ReplayLogError: 0, or more than 1 048 576.
    """
    if not 1 <= capacity <= MAX_CAPACITY:
        raise ReplayLogError(
            f"a log of {capacity} records is out of bounds",
            "capacity",
            fix=f"Use 1 to {MAX_CAPACITY} records",
        )


def unpack_header(data: bytes) -> Header:
    """Read a header.

    Raises:
        ReplayLogError: Too short, another magic or version, or a capacity out of bounds.
    """
    if len(data) < HEADER_BYTES:
        raise ReplayLogError(
            f"{len(data)} bytes are too few: a replay log begins with {HEADER_BYTES}", "truncated"
        )
    magic, version, flags, capacity, next_slot = _HEADER.unpack(data[:HEADER_BYTES])
    if magic != MAGIC or version != VERSION:
        raise ReplayLogError(
            f"this begins with {magic!r} and version {version}, not with {MAGIC!r} and {VERSION}",
            "header",
            fix="Give a replay log (VRRL)",
        )
    check_capacity(capacity)
    return Header(capacity, next_slot, flags)


def record_offset(place: int) -> int:
    """Byte at which the record at a place lies."""
    return HEADER_BYTES + RECORD_BYTES * place


FNV_BASIS = 0xCBF2_9CE4_8422_2325
FNV_PRIME = 0x0000_0100_0000_01B3


def fnv1a_64(data: bytes) -> int:
    """The 64-bit FNV-1a hash."""
    value = FNV_BASIS
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFF_FFFF_FFFF_FFFF
    return value
