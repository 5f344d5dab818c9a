"""Schemas of `build`, `map`, `report` and `diff`: whole rings."""

from __future__ import annotations

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskState
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
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
    pair,
    record,
    rows,
    table,
)
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS

STATES = [state.label for state in TaskState]

BUILT: Fields = {
    "ring": TEXT,
    "slots": COUNT,
    "tasks": COUNT,
    "bytes": COUNT,
    "source": TEXT,
    "table": maybe(TEXT),
    "seed": maybe(COUNT),
    "states": record({}, table([*STATES, "unknown"], COUNT)),
    "dry_run": BOOL,
    "backup": maybe(TEXT),
}

KIND = record(
    {
        "mark": {"type": "string", "minLength": 1, "maxLength": 1},
        "name": TEXT,
        "least": maybe(WORD),
        "most": maybe(WORD),
        "slots": COUNT,
        "share": SHARE,
        "first_slot": COUNT,
    }
)
MAP: Fields = {
    "ring": TEXT,
    "by": TEXT,
    "total": COUNT,
    "matched": COUNT,
    "slots_per_mark": COUNT,
    "marks_per_row": COUNT,
    "kinds": rows(KIND),
}
MARKS = answer("map", {**MAP, "rows": rows(record({"first_slot": COUNT, "marks": TEXT}))})
PICTURE = answer("map", {**MAP, "output": TEXT, "pixels": pair(COUNT)})

EXPLANATION: Fields = {"legal": maybe(BOOL), "actions": TEXTS, "reason": maybe(TEXT)}
MOVEMENT = record(
    {
        "from": maybe(WORD),
        "from_name": TEXT,
        "to": maybe(WORD),
        "to_name": TEXT,
        "slots": COUNT,
        **EXPLANATION,
        "yields": COUNT,
        "requeues": COUNT,
    }
)
TELEMETRY = record(table([*SNAPSHOT_WIDTHS.bits, "done_count", "empty_count", "unknown_count"], COUNT))
DIFFERENCE = record(
    {
        "slot": COUNT,
        "change": choice(("changed", "added", "removed")),
        **EXPLANATION,
        "changes": record({}, table(FIELD_NAMES, pair(WORD))),
    }
)
DIFF: Fields = {
    "before": TEXT,
    "after": TEXT,
    "equal": BOOL,
    **table(("slots_before", "slots_after", "changed", "added", "removed", "illegal"), COUNT),
    "words_changed": record({}, table(FIELD_NAMES, COUNT)),
    "movements": rows(MOVEMENT),
    "snapshots": record({"before": TELEMETRY, "after": TELEMETRY}),
    "listed": COUNT,
    "shown": COUNT,
    "slots": rows(DIFFERENCE),
}

COUNTED = [*SNAPSHOT_WIDTHS.bits, "schedulable_count", "continuation_pressure", "slots"]
REPORT: Fields = {
    "output": TEXT,
    "size_bytes": COUNT,
    "rings": rows(
        record({"ring": TEXT, **table([*COUNTED, "empty_count", "done_count", "unknown_count"], COUNT)})
    ),
}

SCHEMAS: dict[str, Schema] = {
    "build": document("build", "The ring that was made.", answer("build", BUILT)),
    "map": document("map", "A ring as marks, or the picture that was written.", MARKS, PICTURE),
    "report": document("report", "The page that was written.", answer("report", REPORT)),
    "diff": document("diff", "What changed between two looks at a ring.", answer("diff", DIFF)),
}
