"""The last part of a launch: what it changed is handed back and saved, and the report says what was done.

Imports numpy. The invariant: the ring is saved before any other output, and what cannot be saved loses nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.engine.backend import Job, Tally
from vyrectl.engine.quotas import Quotas, tenants_spent
from vyrectl.engine.saving import Saving
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.errors import OutputsError
from vyrectl.launching.plan import Launched, plan_record
from vyrectl.launching.prepare import Prepared
from vyrectl.launching.report import LaunchReport
from vyrectl.launching.report_record import LeftAlone, TraceRecord
from vyrectl.launching.rounds import Course
from vyrectl.task.arrays import SlotArray, is_schedulable
from vyrectl.telemetry.snapshot import StateTally, tally_slots

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace


@dataclass(frozen=True, slots=True)
class Driven:
    """What the device has done.

    Attributes:
        course: How the rounds went.
        tally: What they counted.
        control: Control buffer at the end.
        debug_log: Debug log at the end.
        facts: How the job was spread.
        turns: When each turn was made, None without a trace.
        device_seconds: Time that the device was busy.
        wall_seconds: Time that the session was open, without compiling.
        build_seconds: Time until it was open, and of compiling since.
        counted: What a snapshot counts of the ring as it is now, None where nobody has counted.
    """

    course: Course
    tally: Tally
    control: NDArray[np.uint32]
    debug_log: NDArray[np.uint32]
    facts: Mapping[str, int]
    turns: Trace | None
    device_seconds: float
    wall_seconds: float
    build_seconds: float
    counted: StateTally | None = None


def conclude(prepared: Prepared, driven: Driven) -> LaunchReport:
    """Hand back and save what a launch changed; the report goes with the error where something was not saved.

    Raises:
        OutputsError: Some outputs could not be saved, all others were; unless the wiring's `saving` collects that.
    """
    options, job, wiring = prepared.options, prepared.job, prepared.wiring
    if options.control is not None:
        options.control[:] = driven.control
    if options.debug_log is not None:
        options.debug_log[:] = driven.debug_log
    saving = wiring.saving or Saving()
    saving.begin()
    outputs = tuple(str(path) for path in job.buffers.save_outputs(saving))
    if wiring.live is None:
        job.buffers.finish_outputs()
    traced = _save_trace(prepared, driven.turns, saving)
    report = _report(prepared, driven, outputs, traced, saving)
    return report if wiring.saving is not None else all_saved(saving, report)


def _report(
    prepared: Prepared,
    driven: Driven,
    outputs: tuple[str, ...],
    traced: TraceRecord | None,
    saving: Saving,
) -> LaunchReport:
    job, before, slots, tally = prepared.job, prepared.before, prepared.workplace.slots, driven.tally
    after = tally_slots(slots) if driven.counted is None else driven.counted
    remaining, left_alone = remainder(slots, job, driven.control, tally.quota_left, after)
    queue_len = before.snapshot(lenient=True).schedulable_count
    launched = Launched(len(prepared.ring), queue_len, driven.facts, after.max_priority_age)
    return LaunchReport(
        device=prepared.backend.name,
        ended=driven.course.ended,
        slots=len(prepared.ring),
        rounds=driven.course.rounds,
        indexed=driven.course.indexed,
        resumed=driven.course.resumed + tally.joined,
        epoch=int(driven.control[control_abi.EPOCH.first]),
        tally=tally,
        device_seconds=driven.device_seconds,
        wall_seconds=driven.wall_seconds,
        build_seconds=driven.build_seconds,
        outputs=outputs,
        verified=prepared.check is not None,
        control=driven.control,
        debug_log=driven.debug_log,
        remaining=remaining,
        left_alone=left_alone,
        geometry=driven.facts,
        states_before=before.counts,
        states_after=after.counts,
        plan=plan_record(prepared.settings, launched),
        quotas=job.quotas,
        trace=traced,
        not_saved=tuple(saving.failure_records()),
        partials=tuple(found.to_record() for found in job.buffers.found),
        faults=prepared.faulted.groups(slots) if after.counts[TaskState.FAULTED] else (),
        op_names=prepared.op_names,
    )


def _save_trace(prepared: Prepared, turns: Trace | None, saving: Saving) -> TraceRecord | None:
    """Write the trace, or hand it to whoever asked for it; what a report says of the file."""
    wanted = prepared.options.trace
    if turns is None or wanted is None:
        return None
    if callable(wanted):
        wanted(turns)
        return None
    from vyrectl.launching.trace import save_trace

    facts = prepared.backend.name, prepared.op_names
    return saving.keep(wanted, lambda path: save_trace(path, turns, *facts))


def all_saved(saving: Saving, report: LaunchReport) -> LaunchReport:
    """The report, when every output was saved; else it goes with the error."""
    try:
        saving.raise_failures()
    except OutputsError as error:
        error.report = report
        raise
    return report


def remainder(
    slots: SlotArray, job: Job, control: NDArray[np.uint32], quota_left: Quotas, ended: StateTally
) -> tuple[int, LeftAlone]:
    """What is left of the ring: tasks this launch could still run, and slots that were none of its business.

    Args:
        slots: The ring as it is now.
        job: The launch, for its mask, quotas and selection.
        control: Its control buffer.
        quota_left: What bounded tenants have left.
        ended: The ring's states, counted.
    """
    remaining = shut_out = without_mask = not_selected = 0
    if any(ended.counts[state] for state in SCHEDULABLE):
        schedulable = is_schedulable(slots["state"])
        selected = np.ones(len(slots), bool) if job.selected is None else job.selected
        admitted = ~tenants_spent(slots, quota_left)
        if job.gate:
            admitted &= tenants_admitted(slots, control)
        barred = schedulable & selected & ~admitted
        unmasked = barred & (slots["tenant_id"] >= control_abi.TENANT_MASKS.words) & job.gate
        remaining = int(np.count_nonzero(schedulable & selected & admitted))
        shut_out, without_mask = int(np.count_nonzero(barred)), int(np.count_nonzero(unmasked))
        not_selected = int(np.count_nonzero(schedulable & ~selected))
    return remaining, LeftAlone(
        running=ended.counts[TaskState.RUNNING],
        paused=ended.counts[TaskState.PAUSED],
        shut_out=shut_out,
        without_mask=without_mask,
        not_selected=not_selected,
        unknown=ended.unknown,
    )
