"""Schemas of `launch` and `demo`."""

from __future__ import annotations

from vyrectl.abi.outcomes import OUTCOMES
from vyrectl.abi.states import TaskState
from vyrectl.cli.schemas.parts import (
    BOOL,
    BY_PRIORITY,
    COUNT,
    LONG,
    SECONDS,
    SNAPSHOT,
    TEXT,
    TEXTS,
    UNRUNNABLE,
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
from vyrectl.cli.schemas.plan import CHOSEN, MODE, REQUEST
from vyrectl.cli.schemas.plan import GEOMETRY as PLANNED_GEOMETRY
from vyrectl.cli.schemas.typed import record_of
from vyrectl.engine.endings import Ending
from vyrectl.launching.faults import FaultRecord
from vyrectl.launching.report import LeftAlone
from vyrectl.launching.transitions import TransitionRecord

BY_OP = rows(record({"op_handle": maybe(WORD), "op_name": maybe(TEXT), **table(OUTCOMES, COUNT)}))
GEOMETRY = record({}, table(("workers", "work_group_size", "ticket", "rung", "shards", "devices"), COUNT))

STATES = tuple(state.label for state in TaskState)
SIZES: Fields = {
    "dispatch_grid": {"type": "array", "items": COUNT, "minItems": 3, "maxItems": 3},
    **table(("workgroup_size_x", "slot_count"), COUNT),
}
LAUNCHED = record({"execution_mode": maybe(MODE), "age_priority_work": BOOL, **SIZES, "age_threshold": COUNT})
SETTING: Schema = {"type": ["integer", "string", "boolean", "array", "null"]}
"""What a plan and a launch may differ in."""

PLAN = record(
    {
        "source": TEXT,
        "request": record({}, REQUEST),
        "recommendation": record(
            {"geometry": PLANNED_GEOMETRY, **CHOSEN, "device_memory_budget_bytes": LONG}
        ),
        "launched": LAUNCHED,
        "differences": rows(
            record({"what": TEXT, "recommended": SETTING, "launched": SETTING, "because": TEXT})
        ),
        "notes": TEXTS,
    }
)

REPORT: Fields = {
    "device": TEXT,
    "ended": choice(Ending),
    **table(("slots", "rounds", "indexed", "resumed", "spawned", "claims", *OUTCOMES, "remaining"), COUNT),
    "faults": rows(record_of(FaultRecord)),
    "epoch": WORD,
    "left_alone": record_of(LeftAlone),
    "by_priority": BY_PRIORITY,
    "by_op": BY_OP,
    **table(("device_seconds", "wall_seconds", "build_seconds", "tasks_per_second"), SECONDS),
    "geometry": GEOMETRY,
    "outputs": TEXTS,
    "not_saved": rows(record({"where": maybe(TEXT), "message": TEXT, "fix": maybe(TEXT)})),
    "partials": rows(record({**table(("output", "left"), TEXT), "goes_on": BOOL})),
    "verified": BOOL,
    "states": record(table(("before", "after"), record(table(STATES, COUNT)))),
    "quotas": rows(record({"tenant_id": WORD, "quota": WORD, "claims": COUNT})),
    "transitions": rows(record_of(TransitionRecord)),
    "plan": maybe(PLAN),
    "debug": record(table(("records", "dropped"), COUNT)),
    "trace": maybe(record({"path": TEXT, "clock": TEXT, **table(("records", "dropped"), COUNT)})),
}
SHARE = record(
    {
        **table(("device", "name"), TEXT),
        **table(("shards", "slots", "claims"), COUNT),
        **table(("busy_seconds", "opening_seconds", "waiting_seconds"), SECONDS),
        "lost": maybe(TEXT),
    }
)
SPREAD: Fields = {
    "devices": rows(SHARE),
    "set_aside": rows(record(table(("shard", "first_slot", "last_slot"), COUNT))),
}
LAUNCH = answer("launch", {"ring": TEXT, "in_place": BOOL, **REPORT}, SPREAD)
PREVIEW = answer(
    "launch-plan",
    {
        "ring": TEXT,
        "claimable": COUNT,
        "by_class": {"type": "array", "items": COUNT, "minItems": 5, "maxItems": 5},
        "resumed": COUNT,
        "left_alone": record_of(LeftAlone),
        "unrunnable": UNRUNNABLE,
    },
)
DEMO = answer(
    "demo",
    {"before": record(SNAPSHOT), "after": record(SNAPSHOT), "report": record(REPORT), "picture": maybe(TEXT)},
)

SCHEMAS: dict[str, Schema] = {
    "launch": document("launch", "What a launch did, or with --dry-run would claim.", LAUNCH, PREVIEW),
    "worker": document(
        "worker",
        "The command lines that start workers.",
        answer(
            "worker", {"scheduler": TEXT, "workers": rows(record({"device": maybe(TEXT), "command": TEXT}))}
        ),
    ),
    "demo": document("demo", "A run of real work, with the telemetry before and after.", DEMO),
}
