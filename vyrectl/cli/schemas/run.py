"""Schemas of `launch` and `demo`."""

from __future__ import annotations

from vyrectl.cli.schemas.parts import (
    SNAPSHOT,
    TEXT,
    Schema,
    answer,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.typed import fields_of, optional_of, record_of
from vyrectl.launching.report_record import LaunchRecord, PreviewRecord, ReportRecord

LAUNCH = answer("launch", fields_of(LaunchRecord), optional_of(LaunchRecord))
PREVIEW = answer("launch-plan", fields_of(PreviewRecord))
DEMO = answer(
    "demo",
    {
        "before": record(SNAPSHOT),
        "after": record(SNAPSHOT),
        "report": record_of(ReportRecord),
        "picture": maybe(TEXT),
    },
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
