"""Schemas of `snapshot` (one ring or several, plain or as a line of a history or of `--watch`) and of `plot`."""

from __future__ import annotations

from vyrectl.abi.states import TaskState
from vyrectl.cli.schemas.machine import ERROR
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    INTEGER,
    NUMBER,
    SECONDS,
    SHARE,
    SLOT,
    SNAPSHOT,
    TEXT,
    TIMESTAMP,
    WORD,
    Fields,
    Schema,
    answer,
    choice,
    described,
    document,
    maybe,
    piece,
    record,
    rows,
    table,
)
from vyrectl.cli.schemas.typed import record_of
from vyrectl.cli.snapshot_records import ABOUT, GROUPS
from vyrectl.protocol.runtime import COUNTERS, STATUS_FIELDS
from vyrectl.ring.reading import ReadingsRecord
from vyrectl.telemetry.delta import COMPARED, RULES
from vyrectl.telemetry.series import METRICS

COUNTS: dict[str, Schema] = {
    "slots": COUNT,
    "share": SHARE,
    **table([*(f"{state.name.lower()}_count" for state in TaskState), "unknown_count"], COUNT),
}
TABLE = record(
    {"groups": rows(record({"value": maybe(WORD), "name": TEXT, **COUNTS})), "total": record(COUNTS)}
)

SPREAD = described(
    record(
        {
            "tasks": COUNT,
            **table(("p50", "p99", "max"), maybe(WORD)),
            "histogram": rows(record({"least": WORD, "most": WORD, "tasks": COUNT})),
        }
    ),
    "A counter of the open tasks; percentiles by nearest rank.",
)
SINCE = record(
    {
        "seconds": maybe(SECONDS),
        "verdict": choice(RULES),
        "is_stalled": BOOL,
        "rule": TEXT,
        "changes": record({}, table(COMPARED, INTEGER)),
        "rates": maybe(record({}, table(COMPARED, NUMBER))),
    }
)


WATCHDOG = record(
    {
        **table(("done_delta", "queue_depth", "fault_slots", "requeue_slots", "gpu_idle_ppm"), COUNT),
        "suspected_stall": BOOL,
    }
)
RUNTIME = record(
    {
        "control": TEXT,
        "shutdown": BOOL,
        "epoch": WORD,
        "occupancy": record(table((*STATUS_FIELDS, "unknown"), COUNT)),
        **table(COUNTERS, COUNT),
        "classes": rows(
            record(
                {
                    "priority": TEXT,
                    **table(("first_slot", "end_slot", "open_by_partition", "open_by_word"), COUNT),
                }
            )
        ),
    },
    {"watchdog": WATCHDOG},
)


SHARED: Fields = {
    "runtime": RUNTIME,
    "table": TABLE,
    "spread": SPREAD,
    "since": SINCE,
    "task": record({"slot": COUNT, **SLOT}),
    "named_task": record({"ring": TEXT, "slot": COUNT, **SLOT}),
    "error": ERROR,
}

ASKED: Fields = {
    "abi": record_of(ReadingsRecord),
    "unknown_count": COUNT,
    "runtime": piece("runtime"),
    "by": record({}, table(GROUPS.values(), piece("table"))),
    "ages": piece("spread"),
    "requeues": piece("spread"),
    "oldest": rows(piece("task")),
    "since": piece("since"),
    "alerts": rows(record({"rule": TEXT, "firing": BOOL})),
}
"""What stands beside the fields when an option asks for it."""

ASKED_OF_SUM: Fields = {**ASKED, "oldest": rows(piece("named_task"))}

ABOUT_FIELDS: Fields = table(ABOUT, COUNT)
FAILED: Fields = {"ring": TEXT, "error": piece("error")}

ONE = answer("snapshot", {"ring": TEXT, **ABOUT_FIELDS, **SNAPSHOT}, ASKED)
SEVERAL = answer(
    "snapshot",
    {
        "rings": rows(record({"ring": TEXT, **ABOUT_FIELDS, **SNAPSHOT}, ASKED)),
        "sum": record({**ABOUT_FIELDS, **SNAPSHOT}, ASKED_OF_SUM),
    },
)

EVENTS = rows(record({"ring": TEXT, "event": TEXT}))
LINE: Fields = {"timestamp": TIMESTAMP}
WATCHED: Fields = {"tick": {"type": "integer", "minimum": 1}, "events": EVENTS}

ONE_LINE = answer("snapshot", {**LINE, "ring": TEXT, **ABOUT_FIELDS, **SNAPSHOT}, {**WATCHED, **ASKED})
FAILED_LINE = answer("snapshot", {**LINE, **FAILED}, WATCHED)
SEVERAL_LINE = answer(
    "snapshot",
    {
        **LINE,
        "rings": rows({"anyOf": [record({"ring": TEXT, **ABOUT_FIELDS, **SNAPSHOT}, ASKED), record(FAILED)]}),
        "sum": maybe(record({**ABOUT_FIELDS, **SNAPSHOT}, ASKED_OF_SUM)),
    },
    WATCHED,
)

BOUNDS = record(table(("least", "most", "last"), NUMBER))
SERIES = record(
    {
        "ring": TEXT,
        "samples": COUNT,
        "from": TIMESTAMP,
        "to": TIMESTAMP,
        "seconds": SECONDS,
        "bounds": record({}, table(METRICS, BOUNDS)),
    }
)
LOOK = record({"ring": TEXT, "timestamp": TIMESTAMP, "seconds": SECONDS}, table(METRICS, maybe(NUMBER)))
PLOT: Fields = {
    "source": TEXT,
    "lines": COUNT,
    "skipped": COUNT,
    "metrics": rows(choice(METRICS)),
    "rings": rows(SERIES),
}

SCHEMAS: dict[str, Schema] = {
    "snapshot": document(
        "snapshot",
        "Queue telemetry of one ring or of several; with a timestamp, a line of --append or --watch.",
        ONE,
        SEVERAL,
        ONE_LINE,
        FAILED_LINE,
        SEVERAL_LINE,
        shared=SHARED,
    ),
    "plot": document(
        "plot",
        "A history look by look, or the picture that was written.",
        answer("plot", {**PLOT, "looks": rows(LOOK)}),
        answer("plot", {**PLOT, "output": TEXT}),
    ),
}
