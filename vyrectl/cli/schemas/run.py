"""Schemas of `launch`, `worker`, `workers` and `demo`."""

from __future__ import annotations

from vyrectl.cli.commands.demo.record import DemoAnswer
from vyrectl.cli.commands.workers.source import WorkersAnswer
from vyrectl.cli.schemas.parts import (
    TEXT,
    Schema,
    answer,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.typed import answer_of, printed
from vyrectl.launching.report_record import LaunchRecord, PreviewRecord

LAUNCH = answer_of("launch", LaunchRecord)
PREVIEW = answer_of("launch-plan", PreviewRecord)

SCHEMAS: dict[str, Schema] = {
    "launch": document("launch", "What a launch did, or with --dry-run would claim.", LAUNCH, PREVIEW),
    "workers": printed("workers", "What the workers of a launch have in hand.", WorkersAnswer),
    "worker": document(
        "worker",
        "The command lines that start workers.",
        answer(
            "worker", {"scheduler": TEXT, "workers": rows(record({"device": maybe(TEXT), "command": TEXT}))}
        ),
    ),
    "demo": printed("demo", "A run of real work, with the telemetry before and after.", DemoAnswer),
}
