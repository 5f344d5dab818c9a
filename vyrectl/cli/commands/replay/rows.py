"""Records of a replay log as rows, and which of them were asked for. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, TypedDict

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import state_name
from vyrectl.cli.describe import op_label
from vyrectl.dataclass import dataclass
from vyrectl.protocol.replay import FailureClass, ReplayRecord
from vyrectl.shapes import Among, Count, Long, LongWord, Word

Numbered = tuple[int, ReplayRecord]
"""A record and its number, from the oldest."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are wanted.

    Attributes:
        slots: Ranges of slots, or None for all.
        tenant: A tenant, or None.
        opcode: An operation, or None.
        failed: Only those with evidence of a failure.
    """

    slots: Sequence[tuple[int, int]] | None = None
    tenant: int | None = None
    opcode: int | None = None
    failed: bool = False

    def takes(self, record: ReplayRecord) -> bool:
        """Whether a record is wanted."""
        return (
            (self.slots is None or any(low <= record.slot <= high for low, high in self.slots))
            and self.tenant in (None, record.tenant_id)
            and self.opcode in (None, record.opcode)
            and (not self.failed or _has_failed(record))
        )


def parse_filter(slots: str | None, tenant: int | None, opcode: int | None, *, failed: bool) -> Filter:
    """A filter from the options' values.

    Raises:
        UsageError: A malformed list of slots.
    """
    from vyrectl.ring.select import parse_ranges

    return Filter(None if slots is None else parse_ranges(slots, U32_MAX + 1), tenant, opcode, failed)


def _has_failed(record: ReplayRecord) -> bool:
    return record.evidence is not None and record.evidence.failure_class != FailureClass.NONE


class EvidenceRecord(TypedDict):
    """What a record says of a task's end; None throughout where it says nothing."""

    slot_status: Word | None
    status_name: str | None
    failure_class: Annotated[str, Among([one.label for one in FailureClass])] | None
    backend_code: Word | None
    output_digest: LongWord | None


class _Told(TypedDict):
    index: Count
    timestamp_ns: LongWord
    slot: Word
    tenant_id: Word
    opcode: Word
    op_name: str | None
    arguments: Annotated[list[Word], Long(4)]
    epoch: Word


class ReplayRow(_Told, EvidenceRecord):
    """One record of a replay log."""


NO_EVIDENCE: EvidenceRecord = {
    "slot_status": None,
    "status_name": None,
    "failure_class": None,
    "backend_code": None,
    "output_digest": None,
}


def replay_rows(records: Iterable[Numbered]) -> Iterator[ReplayRow]:
    """One row a record; the evidence's keys are None where there is none."""
    for index, record in records:
        yield {
            "index": index,
            "timestamp_ns": record.timestamp_ns,
            "slot": record.slot,
            "tenant_id": record.tenant_id,
            "opcode": record.opcode,
            "op_name": op_label(record.opcode),
            "arguments": list(record.arguments),
            "epoch": record.epoch,
            **_evidence(record),
        }


def _evidence(record: ReplayRecord) -> EvidenceRecord:
    told = record.evidence
    if told is None:
        return NO_EVIDENCE
    return {
        "slot_status": told.slot_status,
        "status_name": state_name(told.slot_status),
        "failure_class": told.failure_class.label,
        "backend_code": told.backend_code,
        "output_digest": told.output_digest,
    }
