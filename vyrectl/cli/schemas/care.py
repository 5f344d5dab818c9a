"""Schemas of `check`, `recover` and `repair`."""

from __future__ import annotations

from vyrectl.cli.commands import repair
from vyrectl.cli.commands.recover import ROW_KEYS
from vyrectl.cli.schemas.parts import (
    ABI,
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
from vyrectl.edit.recover import OUTCOMES
from vyrectl.ring.findings.kinds import KINDS, Severity

SEVERITY = choice(str(severity) for severity in Severity)
NAME = choice(KINDS)

FINDING = record(
    {
        "name": NAME,
        "severity": SEVERITY,
        "count": COUNT,
        "slots": rows(COUNT),
        "message": TEXT,
        "meaning": TEXT,
        "remedy": TEXT,
        "command": maybe(TEXT),
    }
)
CHECKED = answer(
    "check",
    {
        "ring": TEXT,
        **table(("size_bytes", "slots", "left_over_bytes"), COUNT),
        "sound": BOOL,
        **table(("errors", "warnings", "notes"), COUNT),
        "ignored": rows(NAME),
        "abi": ABI,
        "findings": rows(FINDING),
    },
)
KIND = record(
    {"name": NAME, "severity": SEVERITY, "title": TEXT, "meaning": TEXT, "remedy": TEXT, "where": maybe(TEXT)}
)
EXPLAINED = answer("check-explain", {"kinds": rows(KIND)})

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
