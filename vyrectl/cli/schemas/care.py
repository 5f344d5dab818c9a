"""Schemas of `check`, `recover` and `repair`."""

from __future__ import annotations

from vyrectl.cli.commands import repair
from vyrectl.cli.commands.check import KindRecord
from vyrectl.cli.commands.recover import ROW_KEYS
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    SLOT_WORDS,
    TEXT,
    TEXTS,
    WORD,
    Fields,
    Schema,
    answer,
    choice,
    document,
    maybe,
    record,
    rows,
    table,
)
from vyrectl.cli.schemas.typed import fields_of, record_of
from vyrectl.edit.recover import OUTCOMES
from vyrectl.ring.findings.report import CheckRecord, FindingRecord

FINDING = record_of(FindingRecord)
CHECKED = answer("check", {**fields_of(CheckRecord), "findings": rows(FINDING)})
EXPLAINED = answer("check-explain", {"kinds": rows(record_of(KindRecord))})

RECOVERED_WORDS: Fields = {"slot": COUNT, **SLOT_WORDS, "op_name": maybe(TEXT)}

RECOVERED = answer(
    "recover",
    {
        "ring": TEXT,
        "slots": COUNT,
        "as": choice(OUTCOMES),
        "recovered_count": COUNT,
        "refused": rows(COUNT),
        **table(("not_chosen", "schedulable", "unknown", "left_over_bytes"), COUNT),
        "abandoned": TEXTS,
        "finished": rows(COUNT),
        "faulted": rows(COUNT),
        "epoch": maybe(WORD),
        "dry_run": BOOL,
        "backup": maybe(TEXT),
        "recovered": rows(record({key: RECOVERED_WORDS[key] for key in ROW_KEYS})),
    },
)

REPAIRED_WORDS: Fields = {**RECOVERED_WORDS, "fault_code": WORD, "fault_name": TEXT}

REPAIRED = answer(
    "repair",
    {
        "ring": TEXT,
        **table(("slots", "faulted", "repaired_count"), COUNT),
        "codes": rows(record({"fault_code": WORD, "fault_name": TEXT, "count": COUNT})),
        "dry_run": BOOL,
        "backup": maybe(TEXT),
        "repaired": rows(record({key: REPAIRED_WORDS[key] for key in repair.ROW_KEYS})),
    },
)

SCHEMAS: dict[str, Schema] = {
    "check": document("check", "What is broken in a ring, or what the findings mean.", CHECKED, EXPLAINED),
    "recover": document("recover", "Orphans that were put back.", RECOVERED),
    "repair": document("repair", "Faulted tasks that were made ready again.", REPAIRED),
}
