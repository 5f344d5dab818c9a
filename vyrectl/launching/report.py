"""What a launch did, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, cast

from vyrectl.abi.control import EPOCH
from vyrectl.abi.outcomes import OUTCOMES, OutcomeWord
from vyrectl.abi.states import PRIORITY_NAMES, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Tally
from vyrectl.engine.left import PartialRecord
from vyrectl.errors import NotSaved
from vyrectl.launching.driven import Driven
from vyrectl.launching.faults import FaultGroup
from vyrectl.launching.plan import LaunchPlanRecord
from vyrectl.launching.report_record import Ends, LeftAlone, OpTurnsRecord, ReportRecord, TraceRecord
from vyrectl.launching.transitions import TransitionCount, transition_counts
from vyrectl.markup import html_record, html_table
from vyrectl.protocol.debug_log import DebugLog, read_debug_log
from vyrectl.records import Comparable, says_derived

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def working_seconds(whole: float, compiled: float, device: float) -> float:
    """Seconds of a run without what its drivers compiled meanwhile.

    Kernels that are enqueued together wait together, so that the sum of what each waited may pass the time that there
    was: no less is left than the device was busy, and never nothing.

    Args:
        whole: From the first index to the last read-back.
        compiled: What first dispatches waited before they began, summed.
        device: What the kernels took.
    """
    return max(whole - compiled, min(device, whole)) or whole


@dataclass(frozen=True, slots=True)
class Saved:
    """What a launch has written beside its ring.

    Attributes:
        outputs: Files written.
        not_saved: Outputs that could not be written: where, message, fix.
        partials: What an earlier launch had left of outputs: output, left (the file), goes_on (or it begins anew).
        trace: The trace that was written: path, clock, records, dropped; None for none.
    """

    outputs: tuple[str, ...] = ()
    not_saved: tuple[NotSaved, ...] = ()
    partials: tuple[PartialRecord, ...] = ()
    trace: TraceRecord | None = None


@says_derived
@dataclass(frozen=True, slots=True, eq=False)
class LaunchReport(Comparable):
    """What one launch did.

    Attributes:
        device: Name of the device, or `reference`.
        slots: Slots of the ring.
        driven: What the device has done, without the times of turns.
        remaining: Claimable tasks left at the end; 0 when drained.
        left_alone: Slots that were none of this launch's business.
        states_before: Slots in each known state at the start, in the order of the state words (8 numbers).
        states_after: The same at the end.
        saved: What was written, and what could not be.
        verified: Every promise of `--verify` was checked and held; False when nobody asked.
        plan: What the policy recommended and what was made of it (`vyrectl.launching.plan.plan_record`), None when it
            was not asked.
        quotas: Most claims of each tenant that was bounded.
        faults: Why tasks that this launch faulted are Faulted, the commonest reason first.
        op_names: Op id -> name of every operation of the launch.
    """

    device: str
    slots: int
    driven: Driven = field(repr=False)
    remaining: int
    left_alone: LeftAlone
    states_before: tuple[int, ...]
    states_after: tuple[int, ...]
    saved: Saved = Saved()
    verified: bool = False
    plan: LaunchPlanRecord | None = field(default=None)
    quotas: Mapping[int, int] = field(default_factory=dict)
    faults: tuple[FaultGroup, ...] = ()
    op_names: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def ended(self) -> str:
        """How it ended: the value of an `Ending`."""
        return self.driven.course.ended

    @property
    def rounds(self) -> int:
        """Rounds that claimed something."""
        return self.driven.course.rounds

    @property
    def indexed(self) -> int:
        """Claimable tasks that the first index found."""
        return self.driven.course.indexed

    @property
    def resumed(self) -> int:
        """Paused tasks that became Ready, parents whose last child had ended among them."""
        return self.driven.course.resumed + self.tally.joined

    @property
    def epoch(self) -> int:
        """Epoch at the end."""
        return int(self.control[EPOCH.first])

    @property
    def tally(self) -> Tally:
        """Claims and outcomes, by priority and by op."""
        return self.driven.tally

    @property
    def control(self) -> NDArray[np.uint32]:
        """The control buffer at the end, u32; not part of the record."""
        return self.driven.control

    @property
    def debug_log(self) -> NDArray[np.uint32]:
        """The debug log at the end, u32; the record only counts what is in it."""
        return self.driven.debug_log

    @property
    def geometry(self) -> Mapping[str, int]:
        """How the work was spread: `Driven.facts`."""
        return self.driven.facts

    @property
    def device_seconds(self) -> float:
        """Time the device was busy; see `Spent`, also for the two below. The rate goes by wall time."""
        return self.driven.spent.device_seconds

    @property
    def wall_seconds(self) -> float:
        """Time of the work, without the build."""
        return self.driven.spent.wall_seconds

    @property
    def build_seconds(self) -> float:
        """Time to get ready."""
        return self.driven.spent.build_seconds

    @property
    def outputs(self) -> tuple[str, ...]:
        """Files written; see `Saved`, also for the three below."""
        return self.saved.outputs

    @property
    def not_saved(self) -> tuple[NotSaved, ...]:
        """Outputs that could not be written."""
        return self.saved.not_saved

    @property
    def partials(self) -> tuple[PartialRecord, ...]:
        """What an earlier launch had left of outputs."""
        return self.saved.partials

    @property
    def trace(self) -> TraceRecord | None:
        """The trace that was written."""
        return self.saved.trace

    @property
    def claims(self) -> int:
        """Won claims: turns that were run."""
        return self.tally.claims

    @property
    def outcomes(self) -> dict[OutcomeWord, int]:
        """Turns per outcome: done, yielded, paused, requeued, faulted."""
        return self.tally.outcomes()

    @property
    def claims_by_priority(self) -> dict[str, int]:
        """Claims of tasks of each priority by name; those of unknown ones too, where there were any."""
        known = dict(zip(PRIORITY_NAMES, self.tally.by_priority, strict=True))
        unknown = self.claims - sum(known.values())
        return {**known, "unknown": unknown} if unknown else known

    @property
    def transitions(self) -> tuple[TransitionCount, ...]:
        """How often which state followed which; see `vyrectl.launching.transitions`."""
        return transition_counts(
            self.states_before, self.states_after, self.outcomes, self.resumed, self.tally.spawned
        )

    @property
    def tasks_per_second(self) -> float:
        """Tasks that ended (Done or Faulted) per second of wall time."""
        ended = self.outcomes["done"] + self.outcomes["faulted"]
        return ended / self.wall_seconds if self.wall_seconds > 0 else 0.0

    @property
    def debug(self) -> DebugLog:
        """The debug log, decoded."""
        return read_debug_log(self.debug_log.astype("<u4").tobytes())

    def __repr__(self) -> str:
        ends = ", ".join(f"{name} {count}" for name, count in self.outcomes.items() if count)
        return f"<LaunchReport {self.ended} on {self.device}: {self.claims} claims ({ends or 'none'})>"

    def _repr_html_(self) -> str:
        """What a notebook shows: how it ended, then the ends of turns by operation."""
        record = self.to_record()
        shown = ("ended", "device", "slots", "rounds", "indexed", "resumed", "claims", "remaining", "epoch")
        by_op = html_table(
            "turns by operation",
            ("op", *OUTCOMES),
            ([_op_text(op), *(ends[name] for name in OUTCOMES)] for op, ends in self.tally.by_op.items()),
        )
        return html_record("launch", {name: value for name, value in record.items() if name in shown}) + by_op

    def op_name(self, op_handle: int) -> str | None:
        """Name of an operation of this launch, or None."""
        from vyrectl.engine.ops import op_name

        return self.op_names.get(op_handle) or op_name(op_handle)

    def to_record(self) -> ReportRecord:
        """The report as `launch --json` prints it."""
        return {
            "device": self.device,
            "ended": self.ended,
            "slots": self.slots,
            "rounds": self.rounds,
            "indexed": self.indexed,
            "resumed": self.resumed,
            "spawned": self.tally.spawned,
            "claims": self.claims,
            **cast(Ends, self.outcomes),
            "faults": [group.to_record(self.op_name(group.op_handle)) for group in self.faults],
            "remaining": self.remaining,
            "epoch": self.epoch,
            "left_alone": self.left_alone.to_record(),
            "by_priority": self.claims_by_priority,
            "by_op": self._by_op(),
            "device_seconds": self.device_seconds,
            "wall_seconds": self.wall_seconds,
            "build_seconds": self.build_seconds,
            "tasks_per_second": self.tasks_per_second,
            "geometry": dict(self.geometry),
            "outputs": list(self.outputs),
            "not_saved": list(self.not_saved),
            "partials": list(self.partials),
            "verified": self.verified,
            "states": {"before": _by_state(self.states_before), "after": _by_state(self.states_after)},
            "quotas": [
                {"tenant_id": tenant, "quota": quota, "claims": quota - self.tally.quota_left[tenant]}
                for tenant, quota in self.quotas.items()
            ],
            "transitions": [one.to_record() for one in self.transitions],
            "plan": self.plan,
            "debug": {"records": len(self.debug.records), "dropped": self.debug.dropped},
            "trace": self.trace,
        }

    def _by_op(self) -> list[OpTurnsRecord]:
        """The turns of every operation, by its id; those of undefined ones last."""
        by_id = sorted(self.tally.by_op.items(), key=lambda item: (item[0] is None, item[0] or 0))
        return [
            {
                "op_handle": op,
                "op_name": None if op is None else self.op_name(op),
                **cast(Ends, {name: ends[name] for name in OUTCOMES}),
            }
            for op, ends in by_id
        ]


def _op_text(op: int | None) -> str:
    from vyrectl.engine.ops import op_name

    return "others" if op is None else op_name(op) or f"0x{op:x}"


def _by_state(counts: tuple[int, ...]) -> dict[str, int]:
    return {state.label: count for state, count in zip(TaskState, counts, strict=True)}
