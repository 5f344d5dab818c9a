"""What `report` says of the page that it wrote."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.shapes import Count


class ReportedRing(TypedDict):
    """Telemetry of a ring that is in the report (spec 1.7), with what a snapshot leaves out."""

    ring: str
    ready_count: Count
    paused_count: Count
    yielded_count: Count
    requeued_count: Count
    running_count: Count
    faulted_count: Count
    total_requeues: Count
    max_priority_age: Count
    schedulable_count: Count
    continuation_pressure: Count
    slots: Count
    empty_count: Count
    done_count: Count
    unknown_count: Count


class ReportAnswer(TypedDict):
    """The answer of `report`."""

    output: str
    size_bytes: Count
    rings: list[ReportedRing]
