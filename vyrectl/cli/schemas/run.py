"""Schemas of `launch` and `demo`."""

from __future__ import annotations

from vyrectl.cli.commands.demo.record import DemoAnswer
from vyrectl.cli.schemas.parts import (
    TEXT,
    Schema,
    answer,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.typed import fields_of, optional_of
from vyrectl.launching.report_record import LaunchRecord, PreviewRecord

LAUNCH = answer("launch", fields_of(LaunchRecord), optional_of(LaunchRecord))
PREVIEW = answer("launch-plan", fields_of(PreviewRecord))
DEMO = answer("demo", fields_of(DemoAnswer))

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
