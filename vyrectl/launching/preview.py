"""What a launch would claim, found without a device: the reference backend's index over a copy."""

from __future__ import annotations

from dataclasses import replace

from vyrectl.engine.backend import Job, RoundIndex
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import load_sources, op_codes
from vyrectl.engine.quotas import checked_quotas
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.launching.conclude import remainder
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.plan import Plan, Wishes, choose_settings
from vyrectl.launching.prepare import selected_slots, start_control
from vyrectl.launching.report_record import LeftAlone
from vyrectl.launching.unrunnable import Defined, Survey, survey
from vyrectl.opencl.op_limits import refuse_falling, refuse_limits
from vyrectl.opencl.source import pasted
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.snapshot import tally_slots


def preview(slots: SlotArray, options: LaunchOptions) -> tuple[RoundIndex, LeftAlone]:
    """The first round's index, and the slots that a launch would leave alone.

    A plan that is yet to be made needs no look: it leaves aging out only where no task is old enough for it. Of the
    quotas only those of 0 shut somebody out before anything is claimed.

    Args:
        slots: The ring, shape (n,); not changed.
        options: What would be asked for; its control buffer is not changed.
    """
    job = _job(slots, options)
    session = ReferenceBackend().open(replace(job, ops=(), buffers=BufferTable()))
    index = session.index()
    indexed = session.slots()
    return index, remainder(indexed, job, job.control, job.quotas, tally_slots(indexed))[1]


def what_cannot_run(slots: SlotArray, options: LaunchOptions) -> Survey:
    """The claimable tasks that a launch would only fault; arguments as for `preview`.

    Raises:
        OpSourceError: An operation does what none may do, so that a launch would refuse its file.
    """
    job = _job(slots, options)
    for source in job.ops:
        text = pasted(source)
        refuse_limits(text)
        refuse_falling(text)
    return survey(job, Defined(job.ops))[0]


def _job(slots: SlotArray, options: LaunchOptions) -> Job:
    sources = load_sources(options.ops)
    plan = options.plan if isinstance(options.plan, Plan) else None
    return Job(
        slots,
        start_control(options.control, options.epoch),
        BufferTable.of(options.buffers),
        ops=sources,
        selected=selected_slots(slots, options.where, op_codes(sources)),
        age_threshold=choose_settings(plan, Wishes(age_threshold=options.age_threshold)).age_threshold,
        quotas=checked_quotas({} if options.quotas is None else options.quotas),
        gate=options.control is not None,
    )
