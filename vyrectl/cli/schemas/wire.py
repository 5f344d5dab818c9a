"""Schemas of `control`, `debug`, `io`, `open`, `publish`, `replay`: what lies beside a ring and goes into it."""

from __future__ import annotations

from vyrectl.cli.commands.control.record import ChangeRecord, ControlRecord
from vyrectl.cli.commands.io import IoRow, QueueRecord
from vyrectl.cli.commands.publish import PublishedSlot
from vyrectl.cli.commands.replay.rows import ReplayRow
from vyrectl.cli.debug_rows import DebugRow
from vyrectl.cli.opened import OpenAnswer
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    TEXT,
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
from vyrectl.protocol.replay import LogKind

CONTROL: Fields = fields_of(ControlRecord)
CONTROL_EDIT: Fields = {
    "control": TEXT,
    "dry_run": BOOL,
    "backup": maybe(TEXT),
    "changes": rows(record_of(ChangeRecord)),
}

DEBUG: Fields = {
    "log": TEXT,
    "cursor": WORD,
    **table(("capacity", "total", "dropped", "trailing_bytes"), COUNT),
    "records": rows(record_of(DebugRow)),
}

IO: Fields = {**fields_of(QueueRecord), "records": rows(record_of(IoRow))}

PUBLISHED: Fields = {
    "ring": TEXT,
    "published": COUNT,
    "first_slot": COUNT,
    "dry_run": BOOL,
    "backup": maybe(TEXT),
}
DIVERGENCE = record({"record": maybe(COUNT), "slot": COUNT, "what": TEXT, "logged": TEXT, "replayed": TEXT})
REPLAY_LIST: Fields = {
    "log": TEXT,
    "kind": choice(LogKind),
    **table(("capacity", "total", "matched"), COUNT),
    "records": rows(record_of(ReplayRow)),
}
REPLAY_DIFF: Fields = {
    "log": TEXT,
    "kind": choice(LogKind),
    "ring": TEXT,
    **table(("records", "compared", "without_evidence", "published"), COUNT),
    "divergence": maybe(DIVERGENCE),
}

SCHEMAS: dict[str, Schema] = {
    "control": document(
        "control",
        "A control buffer decoded, or what an edit changed in it.",
        answer("control", CONTROL),
        answer("control", CONTROL_EDIT),
    ),
    "debug": document("debug", "The records of a debug log.", answer("debug", DEBUG)),
    "io": document("io", "The requests of an I/O queue.", answer("io", IO)),
    "open": document("open", "What a file or a folder holds.", answer("open", fields_of(OpenAnswer))),
    "publish": document(
        "publish",
        "Where tasks were published, or with --dry-run what would be.",
        answer("publish", {**PUBLISHED, "dry_run": {"const": False}}),
        answer("publish", {**PUBLISHED, "dry_run": {"const": True}, "slots": rows(record_of(PublishedSlot))}),
    ),
    "replay": document(
        "replay",
        "The records of a replay log, or where a replay parts from it.",
        answer("replay", REPLAY_LIST),
        answer("replay", REPLAY_DIFF),
    ),
}
