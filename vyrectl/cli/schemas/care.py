"""Schemas of `check`, `recover` and `repair`."""

from __future__ import annotations

from vyrectl.cli.commands.check.record import CheckAnswer, KindsAnswer
from vyrectl.cli.commands.recover.record import RecoverAnswer
from vyrectl.cli.commands.repair.record import RepairAnswer
from vyrectl.cli.schemas.parts import Schema, document
from vyrectl.cli.schemas.typed import answer_of, printed

EXPLAINED = answer_of("check-explain", KindsAnswer)

SCHEMAS: dict[str, Schema] = {
    "check": document(
        "check",
        "What is broken in a ring, or what the findings mean.",
        answer_of("check", CheckAnswer),
        EXPLAINED,
    ),
    "recover": printed("recover", "Orphans that were put back.", RecoverAnswer),
    "repair": printed("repair", "Faulted tasks that were made ready again.", RepairAnswer),
}
