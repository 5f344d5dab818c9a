"""`launch`: one run of a ring, in this process: prepared, driven, concluded."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from os import PathLike
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from vyrectl.declared import as_keywords, refuse_unknown
from vyrectl.engine.backend import DeviceSession
from vyrectl.engine.endings import Ending
from vyrectl.engine.saving import Saving
from vyrectl.errors import ArgumentTypeError, DeviceError
from vyrectl.launching.conclude import all_saved, conclude
from vyrectl.launching.driven import Driven, Spent
from vyrectl.launching.options import Bounds, LaunchOptions
from vyrectl.launching.prepare import Prepared, Wiring, prepare
from vyrectl.launching.report import LaunchReport, working_seconds
from vyrectl.launching.rounds import Course, Drain, Limits
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray, copy_slots

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace

ALONE = Wiring()
"""A launch that is joined to nothing."""

Options = ParamSpec("Options")


def run(ring: Ring, options: LaunchOptions, wiring: Wiring = ALONE) -> LaunchReport:
    """Run a ring until nothing claimable is left, or a limit is met; see `launch`.

    Args:
        ring: A ring whose slots may be written, unless the wiring says where to work.
        options: What is asked for.
        wiring: What the launch is joined to.
    """
    prepared = prepare(ring, options, wiring)
    return conclude(prepared, drive(prepared))


def drive(prepared: Prepared) -> Driven:
    """Open the backend, work the job off, and bring what it changed back into the arrays it was given."""
    options, job, workplace = prepared.options, prepared.job, prepared.workplace
    with closing(prepared.backend.open(job)) as session:
        session.warm_up()
        opened_at = time.monotonic()
        limits = _limits(options, prepared.called_at)
        limits.started()
        course = (prepared.wiring.drive or _drain)(session, limits)
        limits.finishing()
        counted = None if prepared.wiring.live is not None else session.count_states()
        after = _bring_slots(session, prepared)
        control, debug_log = session.control(), session.debug_log()
        session.finish()
        job.buffers.bring_back()
        turns = None if options.trace is None else _trace_of(session, prepared.backend.name)
        closed_at, compiled = time.monotonic(), session.compile_seconds
        worked = working_seconds(closed_at - opened_at, compiled, session.device_seconds)
        if prepared.check is not None:
            prepared.check.raise_violations(session, after, control, drained=course.ended == Ending.DRAINED)
        if after is not workplace.slots:
            copy_slots(workplace.slots, after)
    return Driven(
        course=course,
        tally=session.tally(),
        control=control,
        debug_log=debug_log,
        facts=session.facts(),
        spent=Spent(session.device_seconds, worked, closed_at - prepared.since - worked),
        turns=turns,
        counted=counted,
    )


def _bring_slots(session: DeviceSession, prepared: Prepared) -> SlotArray:
    """The ring as the device left it; brought to where it belongs at once, unless it is to be verified first."""
    bring = None if prepared.check is not None else session.bring_slots
    if bring is None:
        return session.slots()
    bring(prepared.workplace.slots, spoils=prepared.wiring.place is not None)
    return prepared.workplace.slots


def _drain(session: DeviceSession, limits: Limits) -> Course:
    return Drain(session, limits).run()


def _limits(bounds: Bounds, called_at: float) -> Limits:
    limits = bounds.limits or Limits()
    if bounds.max_steps is not None:
        limits.max_steps = bounds.max_steps
    if bounds.timeout is not None:
        limits.deadline = called_at + bounds.timeout
    return limits


def _trace_of(session: DeviceSession, device: str) -> Trace:
    turns = session.trace()
    if turns is None:
        raise DeviceError("this backend cannot trace", where=device, fix="Leave out the trace")
    return turns


def _launch_with(
    make: Callable[Options, LaunchOptions],
) -> Callable[Concatenate[Ring | str | PathLike[str], Options], LaunchReport]:
    """`launch`, whose keywords are those that make its options."""

    def launch(
        ring: Ring | str | PathLike[str], *args: Options.args, **options: Options.kwargs
    ) -> LaunchReport:
        """Run a ring until nothing claimable is left, or a limit is met.

        Args:
            ring: A ring whose `slots` may be written (in memory, or opened as writable): they hold the result,
                and `Ring.save` writes it. A path is opened, run and saved; the first launch of a file that vyrectl
                did not make keeps the old one as ``PATH.bak``.
            {options}

        Returns:
            What was done; `ended` says how it ended.

        Raises:
            RingFormatError: The ring has no slots.
            UnrunnableTasksError: Claimable tasks have an undefined operation or lack a buffer, and not
                `fault_unknown`; nothing was claimed.
            UsageError: The ring's slots are read-only, or an option is out of range.
            DeviceError: No usable device, a build that fails, a device that dies.
            InvalidInputError: Operations that clash, a control buffer that is too short.
            VerifyError: `verify`, and a promise was broken; the ring's slots are then those of before, unless in
                place.
            OutputsError: Some outputs could not be saved, all others were; its `report` says what the launch did.
        """
        if args:
            raise ArgumentTypeError(
                "launch() takes the ring alone without a name",
                fix="Name its options, as in launch(ring, device='cpu')",
            )
        refuse_unknown("launch", LaunchOptions, options, ["ring"])
        asked = make(*args, **options)
        if isinstance(ring, Ring):
            return run(ring, asked)
        with Ring.open(ring, writable=True, role="launch") as opened:
            saving = Saving(first=lambda: opened.save(backup=opened.is_untouched), beside=ring)
            report = run(opened, asked, Wiring(saving=saving))
        return all_saved(saving, report)

    return launch  # type: ignore[return-value]  # no option is called ring


launch = as_keywords(LaunchOptions, _launch_with(LaunchOptions))
