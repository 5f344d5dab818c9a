"""Schemas of `transition` and `set`: what an edit changed, or would change."""

from __future__ import annotations

from vyrectl.abi.slot import FIELD_NAMES
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

CHANGES = rows(record({"slot": COUNT, "field": choice(FIELD_NAMES), "old": WORD, "new": WORD}))


def change_answers(command: str) -> tuple[Schema, Schema]:
    """What an editing command prints: what it did, or with `--dry-run` what it would do."""
    fields: Fields = {
        "ring": TEXT,
        "action": TEXT,
        "total": COUNT,
        "selected": COUNT,
        "slots_changed": COUNT,
        "words_changed": record({}, table(FIELD_NAMES, COUNT)),
        "dry_run": BOOL,
        "backup": maybe(TEXT),
    }
    done = answer(command, {**fields, "dry_run": {"const": False}})
    return done, answer(command, {**fields, "dry_run": {"const": True}, "changes": CHANGES})


SCHEMAS: dict[str, Schema] = {
    "transition": document("transition", "What a lifecycle action changed.", *change_answers("transition")),
    "set": document("set", "What was written into slots.", *change_answers("set")),
}
