"""Schemas of `devices`, `doctor`, `ops`, `completion`, `schema`, and of errors."""

from __future__ import annotations

from vyrectl.cli.commands.ops import OpRecord
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    DRAFT,
    SECONDS,
    TEXT,
    TEXTS,
    Fields,
    Schema,
    answer,
    choice,
    described,
    document,
    maybe,
    record,
    rows,
    table,
)
from vyrectl.cli.schemas.typed import record_of

DEVICE: Fields = {
    **table(("id", "name", "platform"), TEXT),
    "kind": TEXT,
    "compute_units": COUNT,
    "max_work_group_size": COUNT,
    "memory_bytes": maybe(COUNT),
    "max_allocation_bytes": maybe(COUNT),
    "version": TEXT,
    "driver": TEXT,
}
CHECKED: Fields = {"usable": BOOL, "rung": maybe(COUNT), "problem": maybe(TEXT)}

FACT: Schema = {"type": ["integer", "number", "string", "boolean", "null"]}
CHECK = record(
    {
        "area": TEXT,
        "name": TEXT,
        "status": choice(("ok", "note", "warning", "error")),
        "message": TEXT,
        "fix": maybe(TEXT),
        "facts": {"type": "object", "additionalProperties": FACT},
    }
)
DIAGNOSED = {**record({**DEVICE, "usable": BOOL}), "additionalProperties": FACT}
DOCTOR = answer(
    "doctor",
    {
        "system": TEXT,
        "family": TEXT,
        "ready": BOOL,
        "devices": rows(DIAGNOSED),
        **table(("ok_count", "note_count", "warning_count", "error_count"), COUNT),
        "checks": rows(CHECK),
    },
)

OP = record_of(OpRecord)

FINDING = record(
    {
        "rule": choice(
            (
                "declaration",
                "id",
                "clash",
                "undocumented",
                "barrier",
                "lane",
                "include",
                "empty",
                "compile",
            )
        ),
        "severity": choice(("error", "warning")),
        "path": TEXT,
        "line": COUNT,
        "column": COUNT,
        "op": maybe(TEXT),
        "message": TEXT,
        "fix": TEXT,
    }
)
OPS_CHECK = answer(
    "ops-check",
    {
        "files": TEXTS,
        "device": maybe(TEXT),
        "build_seconds": SECONDS,
        "error_count": COUNT,
        "warning_count": COUNT,
        "ops": rows(OP),
        "findings": rows(FINDING),
    },
)

ERROR = described(
    {
        **record(
            {
                "schema": {"const": "vyrectl.error/1"},
                "error": described(TEXT, "Stable name of the kind of error."),
                "message": described(TEXT, "What went wrong."),
                "where": described(maybe(TEXT), "File, slot, line or option."),
                "fix": described(maybe(TEXT), "What to do about it."),
                "exit_code": {"type": "integer", "minimum": 1, "maximum": 255},
            }
        ),
        "additionalProperties": True,
    },
    "Kinds of error add particulars of their own, such as slot, state, column or errno.",
)

NAMED = rows(record({"name": TEXT, "summary": TEXT}))

SCHEMAS: dict[str, Schema] = {
    "help": document(
        "help",
        "The topics and commands there are, or one of them.",
        answer("help", {"topics": NAMED, "commands": NAMED}),
        answer("help", {"name": TEXT, "help": maybe(TEXT), "text": maybe(TEXT)}),
    ),
    "devices": document(
        "devices",
        "What can run a ring.",
        answer("devices", {"devices": rows(record(DEVICE, CHECKED))}),
    ),
    "doctor": document("doctor", "Whether this machine is ready.", DOCTOR),
    "ops": document(
        "ops",
        "Operations that a task may name, or with --check what is wrong with files of them.",
        answer("ops", {"ops": rows(OP)}),
        OPS_CHECK,
    ),
    "completion": document(
        "completion", "A completion script.", answer("completion", {"shell": TEXT, "script": TEXT})
    ),
    "schema": document(
        "schema",
        "The schemas there are, or one of them.",
        answer("schema", {"schemas": rows(record({"command": TEXT, "title": TEXT}))}),
        {"$ref": DRAFT, "required": ["$schema", "$id", "title"]},
    ),
    "error": document("error", "What a command that fails writes to stderr when JSON was asked for.", ERROR),
}
