"""Two snapshots of one queue compared: what changed, how fast, and whether the queue moves at all.

The verdict is the first rule of `RULES` that holds; its sentence says why. Records are plain mappings with the
eight fields of spec 1.7 as `snapshot` writes them; `done_count` and others are compared where both have them.
Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable
from vyrectl.shapes import Among, Keyed, Seconds
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS

OPEN_FIELDS = ("ready_count", "running_count", "paused_count", "yielded_count", "requeued_count")
"""Counts of open tasks (see `spread`)."""

CLAIMABLE_FIELDS = ("ready_count", "yielded_count", "requeued_count")

COMPARED = (
    *SNAPSHOT_WIDTHS.bits,
    "schedulable_count",
    "continuation_pressure",
    "unknown_count",
    "done_count",
    "empty_count",
)
"""What is compared, in this order."""

Counts = Mapping[str, int]


class SinceRecord(TypedDict):
    """What changed from one snapshot to a later one; see `Comparison`."""

    seconds: Seconds | None
    verdict: Annotated[str, Among(RULES)]
    is_stalled: bool
    rule: str
    changes: Annotated[Mapping[str, int], Keyed(optional=COMPARED)]
    rates: Annotated[Mapping[str, float], Keyed(optional=COMPARED)] | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Comparable):
    """What changed from one snapshot to a later one.

    Attributes:
        seconds: Time between them, or None when it is not known.
        changes: Field -> later value less earlier value, for each field that both have; zeros included.
        verdict: A key of `RULES`.
        rule: Why, in words.
    """

    seconds: float | None
    changes: dict[str, int]
    verdict: str
    rule: str

    @property
    def rates(self) -> dict[str, float] | None:
        """Changes per second, or None when the time is not known or zero."""
        if not self.seconds:
            return None
        return {name: round(change / self.seconds, 3) for name, change in self.changes.items()}

    def to_record(self) -> SinceRecord:
        """`seconds`, `verdict`, `is_stalled`, `rule`, `changes` and `rates`."""
        seconds = None if self.seconds is None else round(self.seconds, 6)
        return {
            "seconds": seconds,
            "verdict": self.verdict,
            "is_stalled": self.verdict in STALLS,
            "rule": self.rule,
            "changes": self.changes,
            "rates": self.rates,
        }


def compare(before: Counts, after: Counts, seconds: float | None = None) -> Comparison:
    """Compare two snapshots.

    Args:
        before: The earlier one.
        after: The later one.
        seconds: Time between them, if known.
    """
    changes = {name: after[name] - before[name] for name in COMPARED if name in before and name in after}
    verdict, rule = next((name, words) for name, (words, holds) in RULES.items() if holds(after, changes))
    return Comparison(seconds, changes, verdict, rule)


def _none(after: Counts, fields: tuple[str, ...]) -> bool:
    return not any(after[name] for name in fields)


def _opened(changes: Counts) -> int:
    return sum(changes[name] for name in OPEN_FIELDS)


def _circles(changes: Counts) -> bool:
    """Tasks are requeued and none ends; known only where Done slots are counted."""
    ended = changes.get("done_count", 1) or changes["faulted_count"]
    return changes["total_requeues"] > 0 and not ended and _opened(changes) == 0


Rule = tuple[str, Callable[[Counts, Counts], bool]]

RULES: dict[str, Rule] = {
    "idle": (
        "nothing is schedulable, running or paused",
        lambda after, changes: _none(after, OPEN_FIELDS),
    ),
    "paused": (
        "nothing is schedulable or running; paused tasks wait for their epoch",
        lambda after, changes: _none(after, (*CLAIMABLE_FIELDS, "running_count")),
    ),
    "stalled": (
        "work is schedulable or running, and no count, no requeue and no age changed",
        lambda after, changes: not any(changes.values()),
    ),
    "circling": (
        "tasks were requeued, and not one ended or was added",
        lambda after, changes: _circles(changes),
    ),
    "draining": ("fewer tasks are open than before", lambda after, changes: _opened(changes) < 0),
    "growing": ("more tasks are open than before", lambda after, changes: _opened(changes) > 0),
    "steady": (
        "as many tasks are open as before, and something changed",
        lambda after, changes: True,
    ),
}
"""Verdict -> its rule in words, and the rule; the first that holds is the verdict."""

STALLS = ("stalled", "circling")
"""Verdicts that mean: no task gets done."""
