"""Schemas of `control`, `debug`, `io`, `open`, `publish`, `replay`: what lies beside a ring and goes into it."""

from __future__ import annotations

from vyrectl.cli.schemas.care import FINDING
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    LONG,
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
from vyrectl.protocol.replay import FailureClass, LogKind
from vyrectl.ring.kinds import Certainty, FileKind

TENANT = record({"tenant": COUNT, "mask": maybe(WORD), "authorised": BOOL, "quota": WORD, "fairness": WORD})
PRIORITY = record({"priority": COUNT, "name": TEXT, "first_slot": WORD, "fairness": WORD})
METRIC = record({"opcode": COUNT, "op_name": maybe(TEXT), "executions": WORD})
CONTROL: Fields = {
    "control": TEXT,
    "words": COUNT,
    "shutdown": BOOL,
    **table(("done_count", "epoch", "tenant_base", "priority_starvation"), WORD),
    "tenants": rows(TENANT),
    "priorities": rows(PRIORITY),
    "slot_total": WORD,
    "metrics": rows(METRIC),
    "observable_words": COUNT,
    "observables": rows(record({"observable": COUNT, "word": COUNT, "value": WORD})),
}
CONTROL_EDIT: Fields = {
    "control": TEXT,
    "dry_run": BOOL,
    "backup": maybe(TEXT),
    "changes": rows(record({"word": COUNT, "name": TEXT, "old": WORD, "new": WORD})),
}

DEBUG_ROW = record(
    {"index": COUNT, **table(("format_id", "arg0", "arg1", "word"), WORD), "slot": COUNT, "text": maybe(TEXT)}
)
DEBUG: Fields = {
    "log": TEXT,
    "cursor": WORD,
    **table(("capacity", "total", "dropped", "trailing_bytes"), COUNT),
    "records": rows(DEBUG_ROW),
}

IO_RECORD = record(
    {
        "record": COUNT,
        "op": WORD,
        "op_name": maybe(TEXT),
        **table(("source", "destination"), WORD),
        "offset": LONG,
        **table(("bytes", "status"), WORD),
        "status_name": maybe(TEXT),
        "tag": WORD,
        "wrong": maybe(TEXT),
    }
)
IO: Fields = {
    "queue": TEXT,
    **table(("capacity", "used", "wrong", "matched"), COUNT),
    "by_status": rows(record({"status": WORD, "status_name": maybe(TEXT), "records": COUNT})),
    "records": rows(IO_RECORD),
}

BUFFER = record(
    {
        "kind": choice(("control", "ring", "debug_log", "io_queue")),
        **table(("offset", "size_bytes"), COUNT),
        "file": TEXT,
        "summary": maybe(TEXT),
        "command": maybe(TEXT),
    }
)
OPENED_FILE = record(
    {
        "file": TEXT,
        "size_bytes": maybe(COUNT),
        "kind": maybe(choice(FileKind)),
        "noun": maybe(TEXT),
        "certainty": maybe(choice(Certainty)),
        "role": maybe(TEXT),
        "reasons": TEXTS,
        "summary": maybe(TEXT),
        "command": maybe(TEXT),
        "settled": maybe(BOOL),
        "other_slots": rows(COUNT),
        "parts": rows(BUFFER),
        "problem": maybe(TEXT),
    }
)
OPENED: Fields = {
    "path": TEXT,
    "unpacked": TEXTS,
    "findings": rows(FINDING),
    "files": rows(OPENED_FILE),
}

PUBLISHED: Fields = {
    "ring": TEXT,
    "published": COUNT,
    "first_slot": COUNT,
    "dry_run": BOOL,
    "backup": maybe(TEXT),
}
PUBLISHED_SLOT = record(
    {"slot": COUNT, "op_handle": WORD, "op_name": maybe(TEXT), "tenant_id": WORD, "arguments": rows(WORD)}
)

FAILURES = choice(one.label for one in FailureClass)
REPLAY_ROW = record(
    {
        "index": COUNT,
        "timestamp_ns": LONG,
        **table(("slot", "tenant_id", "opcode"), WORD),
        "op_name": maybe(TEXT),
        "arguments": {"type": "array", "items": WORD, "minItems": 4, "maxItems": 4},
        "epoch": WORD,
        "slot_status": maybe(WORD),
        "status_name": maybe(TEXT),
        "failure_class": maybe(FAILURES),
        "backend_code": maybe(WORD),
        "output_digest": maybe(LONG),
    }
)
DIVERGENCE = record({"record": maybe(COUNT), "slot": COUNT, "what": TEXT, "logged": TEXT, "replayed": TEXT})
REPLAY_LIST: Fields = {
    "log": TEXT,
    "kind": choice(LogKind),
    **table(("capacity", "total", "matched"), COUNT),
    "records": rows(REPLAY_ROW),
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
    "open": document("open", "What a file or a folder holds.", answer("open", OPENED)),
    "publish": document(
        "publish",
        "Where tasks were published, or with --dry-run what would be.",
        answer("publish", {**PUBLISHED, "dry_run": {"const": False}}),
        answer("publish", {**PUBLISHED, "dry_run": {"const": True}, "slots": rows(PUBLISHED_SLOT)}),
    ),
    "replay": document(
        "replay",
        "The records of a replay log, or where a replay parts from it.",
        answer("replay", REPLAY_LIST),
        answer("replay", REPLAY_DIFF),
    ),
}
