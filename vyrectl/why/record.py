"""What `why` answers, as records. The invariant: standard library and types only, so that schemas load no numpy."""

from __future__ import annotations

from typing import Annotated, TypedDict

from vyrectl.abi.states import TaskState
from vyrectl.shapes import Among, Count, Keyed, Seconds, Share, Word
from vyrectl.why.classes import CAUSES

CauseName = Annotated[str, Among(CAUSES)]


class OpCount(TypedDict):
    """Slots of one operation."""

    op_handle: Word
    op_name: str
    count: Count


class TenantCount(TypedDict):
    """Slots of one tenant."""

    tenant_id: Word
    count: Count


class PriorityCount(TypedDict):
    """Slots of one priority word."""

    priority: Word
    count: Count


class FoundRecord(TypedDict):
    """One class of tasks that do not move."""

    name: CauseName
    title: str
    needs_person: bool
    count: Count
    share: Share
    summary: str
    slots: list[Count]
    slot_text: str
    ops: list[OpCount]
    tenants: list[TenantCount]
    priorities: list[PriorityCount]
    evidence: list[str]
    rule: str
    remedy: str
    command: str | None
    afterwards: str
    afterwards_command: str | None


class LookRecord(TypedDict):
    """One look at the ring: seconds before the last, where the time is known, and its slots by state."""

    name: str
    seconds_before: Seconds | None
    states: Annotated[dict[str, Count], Keyed([state.label for state in TaskState])]
    unknown: Count


class WhyRecord(TypedDict):
    """Why one queue does not move."""

    ring: str
    slots: Count
    queue: Count
    runnable: Count
    verdict: CauseName
    sentence: str
    needs_person: bool
    moves: bool
    epoch: Word
    held_by: str | None
    seconds: Seconds | None
    classes: list[FoundRecord]


class WhyCauseRecord(TypedDict):
    """What a class means."""

    name: CauseName
    title: str
    needs_person: bool
    rule: str
    mends: list[str]
