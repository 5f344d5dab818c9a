"""What `snapshot` may say of a ring, part by part, and the answers that are made of the parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from vyrectl.cli.group_rows import TableRecord
from vyrectl.cli.slot_records import NumberedSlot
from vyrectl.cli.snapshot_records import GROUPS
from vyrectl.cli.snapshot_runtime import RuntimeRecord
from vyrectl.ring.reading import ReadingsRecord
from vyrectl.shapes import Bounds, Count, Keyed, Shared, Timestamp
from vyrectl.telemetry.delta import SinceRecord
from vyrectl.telemetry.snapshot import SnapshotRecord
from vyrectl.telemetry.spread import SpreadRecord


class NamedTask(NumberedSlot):
    """A task of one of several rings."""

    ring: str


class AlertRecord(TypedDict):
    """A rule of --alert, and whether it holds."""

    rule: str
    firing: bool


class Asked(TypedDict, total=False):
    """What stands beside the fields when an option asks for it."""

    abi: ReadingsRecord
    unknown_count: Count
    runtime: Annotated[RuntimeRecord, Shared("runtime")]
    by: Annotated[Mapping[str, Annotated[TableRecord, Shared("table")]], Keyed(optional=GROUPS.values())]
    ages: Annotated[SpreadRecord, Shared("spread")]
    requeues: Annotated[SpreadRecord, Shared("spread")]
    since: Annotated[SinceRecord, Shared("since")]
    alerts: list[AlertRecord]


class Tasks(TypedDict, total=False):
    """The oldest tasks of a ring."""

    oldest: list[Annotated[NumberedSlot, Shared("task")]]


class NamedTasks(TypedDict, total=False):
    """The oldest tasks of several rings."""

    oldest: list[Annotated[NamedTask, Shared("named_task")]]


class About(TypedDict):
    """Slots, and those that a snapshot does not count."""

    slots: Count
    empty_count: Count
    done_count: Count


class SumRecord(About, SnapshotRecord, Asked, NamedTasks):
    """Several rings taken together."""


class RingRecord(About, SnapshotRecord, Asked, Tasks):
    """One ring."""

    ring: str


class FailedRing(TypedDict):
    """A ring that could not be read."""

    ring: str
    error: Annotated[Mapping[str, object], Shared("error")]


class SeveralRings(TypedDict):
    """The answer about several rings."""

    rings: list[RingRecord]
    sum: SumRecord


class EventRecord(TypedDict):
    """What happened to a file between two looks."""

    ring: str
    event: str


class Watched(TypedDict, total=False):
    """What --watch says beside."""

    tick: Annotated[int, Bounds(1)]
    events: list[EventRecord]


class RingLine(RingRecord, Watched):
    """A line of a history about one ring."""

    timestamp: Timestamp


class FailedLine(FailedRing, Watched):
    """A line of a history about one ring that could not be read."""

    timestamp: Timestamp


class SeveralLine(Watched):
    """A line of a history about several rings."""

    timestamp: Timestamp
    rings: list[RingRecord | FailedRing]
    sum: SumRecord | None
