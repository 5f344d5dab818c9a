"""The last part of a launch: what it changed is handed back and saved, and the report says what was done.

Imports numpy. The invariant: the ring is saved before any other output, and what cannot be saved loses nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.engine.backend import Job
from vyrectl.engine.quotas import Quotas, tenants_spent
from vyrectl.engine.saving import Saving
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.errors import OutputsError
from vyrectl.launching.driven import Driven
from vyrectl.launching.plan import Launched, plan_record
from vyrectl.launching.prepare import Prepared
from vyrectl.launching.report import LaunchReport, Saved
from vyrectl.launching.report_record import LeftAlone, TraceRecord
from vyrectl.task.arrays import SlotArray, is_schedulable
from vyrectl.telemetry.snapshot import StateTally, tally_slots

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace


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
    saved = Saved(
        outputs=outputs,
        trace=_save_trace(prepared, driven.turns, saving),
        partials=tuple(found.to_record() for found in job.buffers.found),
        not_saved=tuple(saving.failure_records()),
    )
    report = _report(prepared, driven, saved)
    return report if wiring.saving is not None else all_saved(saving, report)


def _report(prepared: Prepared, driven: Driven, saved: Saved) -> LaunchReport:
    job, before, slots = prepared.job, prepared.before, prepared.workplace.slots
    after = tally_slots(slots) if driven.counted is None else driven.counted
    remaining, left_alone = remainder(slots, job, driven.control, driven.tally.quota_left, after)
    queue_len = before.snapshot(lenient=True).schedulable_count
    launched = Launched(len(prepared.ring), queue_len, driven.facts, after.max_priority_age)
    return LaunchReport(
        device=prepared.backend.name,
        slots=len(prepared.ring),
        driven=replace(driven, turns=None),
        remaining=remaining,
        left_alone=left_alone,
        states_before=before.counts,
        states_after=after.counts,
        saved=saved,
        verified=prepared.check is not None,
        plan=plan_record(prepared.settings, launched),
        quotas=job.quotas,
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
