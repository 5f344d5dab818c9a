"""Schemas of `check`, `recover` and `repair`."""

from __future__ import annotations

from vyrectl.cli.commands.check.record import CheckAnswer, KindsAnswer
from vyrectl.cli.commands.recover.record import RecoverAnswer
from vyrectl.cli.commands.repair.record import RepairAnswer
from vyrectl.cli.schemas.parts import Schema, answer, document
from vyrectl.cli.schemas.typed import fields_of, record_of
from vyrectl.ring.findings.report import FindingRecord

FINDING = record_of(FindingRecord)
CHECKED = answer("check", fields_of(CheckAnswer))
EXPLAINED = answer("check-explain", fields_of(KindsAnswer))
RECOVERED = answer("recover", fields_of(RecoverAnswer))
REPAIRED = answer("repair", fields_of(RepairAnswer))

SCHEMAS: dict[str, Schema] = {
    "check": document("check", "What is broken in a ring, or what the findings mean.", CHECKED, EXPLAINED),
    "recover": document("recover", "Orphans that were put back.", RECOVERED),
    "repair": document("repair", "Faulted tasks that were made ready again.", REPAIRED),
}
