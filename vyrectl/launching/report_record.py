"""What `launch --json` says of a launch, key by key.

The invariant: `LaunchReport.to_record` is a `ReportRecord`, and the command's schema is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

from vyrectl.abi.states import PRIORITY_NAMES, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.endings import Ending
from vyrectl.engine.left import PartialRecord
from vyrectl.errors import NotSaved
from vyrectl.launching.plan import LaunchPlanRecord
from vyrectl.launching.transitions import TransitionRecord
from vyrectl.shapes import Among, Count, Keyed, Like, Long, Seconds, Word

ByState = Annotated[Mapping[str, Count], Keyed([state.label for state in TaskState])]
ByPriority = Annotated[Mapping[str, Count], Keyed(PRIORITY_NAMES, optional=("unknown",))]
SpreadOfWork = Annotated[
    Mapping[str, Count],
    Keyed(optional=("workers", "work_group_size", "ticket", "rung", "shards", "devices")),
]


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Slots that the launch neither claimed nor waited for.

    Attributes:
        running: Running before the start.
        paused: Paused, and not due at the last epoch.
        shut_out: Schedulable, with a tenant that is not let in or has spent its quota.
        without_mask: Of those, the ones of tenants from 29 on, whom the runtime looks up in the quota table.
        not_selected: Schedulable, and not matched by the selection.
        unknown: A state word outside spec 1.3.
    """

    running: Count = 0
    paused: Count = 0
    shut_out: Count = 0
    without_mask: Count = 0
    not_selected: Count = 0
    unknown: Count = 0

    def to_record(self) -> dict[str, int]:
        """Every count by name."""
        return {name: getattr(self, name) for name in self.__slots__}


LeftAloneRecord = Annotated[Mapping[str, Count], Like(LeftAlone)]


class FaultRecord(TypedDict):
    """Tasks that were faulted with one code in one operation, with the names of both."""

    code: Word
    name: str
    meaning: str
    runtime: str | None
    op_name: str | None
    op_handle: Word
    count: Count
    first_slot: Count


class Ends(TypedDict):
    """Turns by how they ended: the words of `vyrectl.abi.outcomes.OUTCOMES`."""

    done: Count
    yielded: Count
    paused: Count
    requeued: Count
    faulted: Count


class OpTurnsRecord(Ends):
    """The turns of one operation's tasks; None for those of operations that nothing defines."""

    op_handle: Word | None
    op_name: str | None


class QuotaRecord(TypedDict):
    """A tenant whose claims were bounded."""

    tenant_id: Word
    quota: Word
    claims: Count


class StatesRecord(TypedDict):
    """Slots in each known state."""

    before: ByState
    after: ByState


class DebugCounts(TypedDict):
    """Records of the debug log, and those that it had no room for."""

    records: Count
    dropped: Count


class TraceFacts(DebugCounts):
    """Turns of a trace, those that it had no room for, and what its clock is."""

    clock: str


class TraceRecord(TraceFacts):
    """A trace that was written."""

    path: str


class ReportRecord(Ends):
    """What one launch did; seconds are those of `LaunchReport`."""

    device: str
    ended: Annotated[str, Among(Ending)]
    slots: Count
    rounds: Count
    indexed: Count
    resumed: Count
    spawned: Count
    claims: Count
    faults: list[FaultRecord]
    remaining: Count
    epoch: Word
    left_alone: LeftAloneRecord
    by_priority: ByPriority
    by_op: list[OpTurnsRecord]
    device_seconds: Seconds
    wall_seconds: Seconds
    build_seconds: Seconds
    tasks_per_second: Seconds
    geometry: SpreadOfWork
    outputs: list[str]
    not_saved: list[NotSaved]
    partials: list[PartialRecord]
    verified: bool
    states: StatesRecord
    quotas: list[QuotaRecord]
    transitions: list[TransitionRecord]
    plan: LaunchPlanRecord | None
    debug: DebugCounts
    trace: TraceRecord | None


class ShareRecord(TypedDict):
    """What one of several devices did."""

    device: str
    name: str
    shards: Count
    slots: Count
    claims: Count
    busy_seconds: Seconds
    opening_seconds: Seconds
    waiting_seconds: Seconds
    lost: str | None


class SetAside(TypedDict):
    """A shard that no device could finish."""

    shard: Count
    first_slot: Count
    last_slot: Count


class LaunchRecord(ReportRecord):
    """The answer of `launch`: the report, its ring, and with several devices what each did."""

    ring: str
    in_place: bool
    devices: NotRequired[list[ShareRecord]]
    set_aside: NotRequired[list[SetAside]]


class UnrunnableRecord(TypedDict):
    """Tasks that a launch would only fault, for one reason; see `vyrectl.errors.Unrunnable`."""

    op_handle: Word
    op_name: str | None
    handle: int | str | None
    inner: Word | None
    count: Count
    first_slot: Count


class PreviewRecord(TypedDict):
    """The answer of `launch --dry-run`: what would be claimed first."""

    ring: str
    claimable: Count
    by_class: Annotated[list[Count], Long(5)]
    resumed: Count
    left_alone: LeftAloneRecord
    unrunnable: list[UnrunnableRecord]
