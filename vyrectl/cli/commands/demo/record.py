"""What `demo` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from vyrectl.launching.report_record import ReportRecord
from vyrectl.shapes import Like
from vyrectl.telemetry.snapshot import SnapshotRecord

Telemetry = Annotated[Mapping[str, int], Like(SnapshotRecord)]


class DemoAnswer(TypedDict):
    """The answer of `demo`: telemetry before and after its launch."""

    before: Telemetry
    after: Telemetry
    report: ReportRecord
    picture: str | None
