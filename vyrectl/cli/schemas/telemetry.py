"""Schemas of `snapshot` (one ring or several, plain or as a line of a history or of `--watch`) and of `plot`."""

from __future__ import annotations

from vyrectl.cli.commands.plot.record import LookHead, PlotFile, PlotRecord
from vyrectl.cli.group_rows import TableRecord
from vyrectl.cli.schemas.machine import ERROR
from vyrectl.cli.schemas.parts import (
    NUMBER,
    Fields,
    Schema,
    answer,
    described,
    document,
    maybe,
    record,
    rows,
    table,
)
from vyrectl.cli.schemas.typed import answer_of, fields_of, record_of
from vyrectl.cli.slot_records import NumberedSlot
from vyrectl.cli.snapshot_parts import FailedLine, NamedTask, RingLine, RingRecord, SeveralLine, SeveralRings
from vyrectl.cli.snapshot_runtime import RuntimeRecord
from vyrectl.telemetry.delta import SinceRecord
from vyrectl.telemetry.series import METRICS
from vyrectl.telemetry.spread import SpreadRecord

SINCE = record_of(SinceRecord)

SHARED: Fields = {
    "runtime": record_of(RuntimeRecord),
    "table": record_of(TableRecord),
    "spread": described(record_of(SpreadRecord), "A counter of the open tasks; percentiles by nearest rank."),
    "since": SINCE,
    "task": record_of(NumberedSlot),
    "named_task": record_of(NamedTask),
    "error": ERROR,
}


def _answer(kind: type) -> Schema:
    return answer_of("snapshot", kind)


LOOK = record(fields_of(LookHead), table(METRICS, maybe(NUMBER)))
PLOT = fields_of(PlotRecord)

SCHEMAS: dict[str, Schema] = {
    "snapshot": document(
        "snapshot",
        "Queue telemetry of one ring or of several; with a timestamp, a line of --append or --watch.",
        *map(_answer, (RingRecord, SeveralRings, RingLine, FailedLine, SeveralLine)),
        shared=SHARED,
    ),
    "plot": document(
        "plot",
        "A history look by look, or the picture that was written.",
        answer("plot", {**PLOT, "looks": rows(LOOK)}),
        answer_of("plot", PlotFile),
    ),
}
