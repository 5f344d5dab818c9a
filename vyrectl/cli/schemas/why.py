"""Schema of `why`."""

from __future__ import annotations

from vyrectl.abi.states import TaskState
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    SECONDS,
    SHARE,
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
from vyrectl.cli.schemas.telemetry import SINCE
from vyrectl.why.classes import CAUSES

NAME = choice(CAUSES)

CLASS = record(
    {
        "name": NAME,
        "title": TEXT,
        "needs_person": BOOL,
        "count": COUNT,
        "share": SHARE,
        "summary": TEXT,
        "slots": rows(COUNT),
        "slot_text": TEXT,
        "ops": rows(record({"op_handle": WORD, "op_name": TEXT, "count": COUNT})),
        "tenants": rows(record({"tenant_id": WORD, "count": COUNT})),
        "priorities": rows(record({"priority": WORD, "count": COUNT})),
        "evidence": TEXTS,
        "rule": TEXT,
        "remedy": TEXT,
        "command": maybe(TEXT),
    }
)
LOOK = record(
    {
        "name": TEXT,
        "seconds_before": maybe(SECONDS),
        "states": record(table((state.label for state in TaskState), COUNT)),
        "unknown": COUNT,
    }
)
RING: Fields = {
    "ring": TEXT,
    **table(("slots", "queue", "runnable"), COUNT),
    "verdict": NAME,
    "sentence": TEXT,
    "needs_person": BOOL,
    "moves": BOOL,
    "epoch": WORD,
    "held_by": maybe(TEXT),
    "seconds": maybe(SECONDS),
    "classes": rows(CLASS),
    "looks": rows(LOOK),
    "changes": maybe(SINCE),
}
EXPLAINED = answer(
    "why-explain",
    {
        "classes": rows(
            record({"name": NAME, "title": TEXT, "needs_person": BOOL, "rule": TEXT, "mends": TEXTS})
        )
    },
)

SCHEMAS: dict[str, Schema] = {
    "why": document(
        "why",
        "Why a queue does not move, or what the classes mean.",
        answer("why", RING),
        answer("why", {"rings": rows(record(RING))}),
        EXPLAINED,
    ),
}
