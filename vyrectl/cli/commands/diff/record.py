"""What `diff` says about two rings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, TypedDict

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.shapes import Among, Count, Keyed, Long, Word
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS

WordCounts = Annotated[Mapping[str, Count], Keyed(optional=FIELD_NAMES)]
"""How many slots differ in each word; words that are the same everywhere are left out."""

Counted = Annotated[
    Mapping[str, Count], Keyed((*SNAPSHOT_WIDTHS.bits, "done_count", "empty_count", "unknown_count"))
]

_Ends = TypedDict("_Ends", {"from": Word | None, "from_name": str, "to": Word | None, "to_name": str})


class MovementRow(_Ends):
    """Slots that went the same way, and how; yields and requeues are theirs together."""

    slots: Count
    legal: bool | None
    actions: list[str]
    reason: str | None
    yields: Count
    requeues: Count


class DifferenceRow(TypedDict):
    """A slot that differs: how it came about or why it cannot have, and each word that differs, before and after."""

    slot: Count
    change: Annotated[str, Among(("changed", "added", "removed"))]
    legal: bool | None
    actions: list[str]
    reason: str | None
    changes: Annotated[Mapping[str, Annotated[list[Word], Long(2)]], Keyed(optional=FIELD_NAMES)]


class Snapshots(TypedDict):
    """Telemetry of both looks."""

    before: Counted
    after: Counted


class DiffRecord(TypedDict):
    """Everything but the slots one by one."""

    before: str
    after: str
    equal: bool
    slots_before: Count
    slots_after: Count
    changed: Count
    added: Count
    removed: Count
    illegal: Count
    words_changed: WordCounts
    movements: list[MovementRow]
    snapshots: Snapshots


class DiffAnswer(DiffRecord):
    """The answer of `diff`: `listed` slots were wanted, `shown` of them are there."""

    listed: Count
    shown: Count
    slots: Iterable[DifferenceRow]
