"""`launch`: one run of a ring, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS, DEFAULT_TRACE_RECORDS, MOST_TRACE_RECORDS
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.engine.backend import MODES, Backend, Job, Live, Place, Session, new_debug_log
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.family import spawning_in_use, with_empty_slots
from vyrectl.engine.ops import OpSource, load_source, op_codes
from vyrectl.engine.quotas import Quotas, checked_quotas, tenants_spent
from vyrectl.engine.saving import Saving
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.errors import (
    DeviceError,
    InvalidInputError,
    OutputsError,
    RingFormatError,
    UnknownNameError,
    UsageError,
)
from vyrectl.launching.faults import FaultedBefore
from vyrectl.launching.plan import (
    AUTO,
    OFF,
    REFERENCE_LIMITS,
    Launched,
    Plan,
    Wishes,
    check_choice,
    plan_for,
    plan_record,
    settle,
)
from vyrectl.launching.report import LaunchReport, LeftAlone, working_seconds
from vyrectl.launching.rounds import Course, Drain, Limits
from vyrectl.launching.unrunnable import defined, refuse, survey
from vyrectl.numbers import integer, optional_integer, optional_seconds
from vyrectl.policy.policy import LaunchPolicy
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray, check_words, copy_slots, is_schedulable
from vyrectl.telemetry.snapshot import StateTally, tally_slots
from vyrectl.telemetry.sweep import census

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace
    from vyrectl.launching.verify import Check

OBSERVABLE_WORDS = 32
"""Observable words of a control buffer that a launch makes itself."""

REFERENCE = "reference"
"""What `device` is called to run without OpenCL."""

Drive = Callable[[Session, Limits], Course]
"""Works an open session until the end of a launch, and says how it went."""


def launch(
    ring: Ring | str | PathLike[str],
    *,
    device: Any = None,
    ops: Sequence[OpSource | str | PathLike[str]] = (),
    buffers: BufferTable | Mapping[int | str, Any] | None = None,
    epoch: int | None = None,
    control: NDArray[np.uint32] | None = None,
    debug_log: NDArray[np.uint32] | None = None,
    where: str | None = None,
    workers: int | None = None,
    work_group_size: int | None = None,
    ticket: int | None = None,
    age_threshold: int | None = None,
    max_steps: int | None = None,
    timeout: float | None = None,
    verify: bool = False,
    mode: str = "auto",
    plan: Plan | str = OFF,
    policy: LaunchPolicy | None = None,
    place: Place | None = None,
    live: Live | None = None,
    limits: Limits | None = None,
    drive: Drive | None = None,
    quotas: Mapping[int, int] | None = None,
    fast_index: bool | None = None,
    shard_slots: int | None = None,
    trace: str | PathLike[str] | Callable[[Trace], object] | None = None,
    trace_records: int = DEFAULT_TRACE_RECORDS,
    saving: Saving | None = None,
    fault_unknown: bool = False,
) -> LaunchReport:
    """Run a ring until nothing claimable is left, or a limit is met.

    Args:
        ring: A ring whose `slots` may be written (in memory, or opened as writable): they hold the result,
            and `Ring.save` writes it. A path is opened, run and saved.
        device: `reference`, a selector for `vyrectl.opencl.devices.find_device`, a `Device` or a `Backend`;
            the best OpenCL device when None.
        ops: OpenCL C files of operations beside the shipped ones.
        buffers: Handle -> array; arrays with the writeable flag are changed in place. The key "args" is the
            argument table. A `BufferTable` may also name output files, which are written at the end.
        epoch: Epoch to start at; paused tasks whose resume_epoch is at most that are resumed. The control
            buffer's own by default, 0 when there is none.
        control: Control buffer (spec 3.1), u32, at least 160 words; changed in place. Its tenant masks then
            say who may run. By default a fresh one that lets everybody in.
        debug_log: Debug log (spec 3.2) to append to, u32, at least one word; changed in place. By default a fresh one
            with room for 64 records; the report holds it.
        where: Only slots for which this expression holds at the start may be claimed.
        workers: Work-groups.
        work_group_size: Work-items of each.
        ticket: Positions of the claim order that a work-item takes at once.
        age_threshold: Age ticks that lift a task by one class; 0 for none. When None the plan decides, 32 without one.
        max_steps: Most claims.
        timeout: Seconds from the call on, what is read and compiled among them, after which no further slice starts.
        verify: Prove afterwards that every claim was made once and everything else kept; costs memory and time.
        mode: `jit` compiles the operations that the ring uses, `interpreter` all; with `auto` the plan decides, or the
            ring's length without one.
        plan: `auto` asks the launch policy about the whole ring as it is at the start, `off` does not; or a saved
            plan. Mode and aging follow it where they are not given; the report compares the two.
        policy: The thresholds that `auto` asks by; spec 2.2's own by default.
        place: Where to work instead of `ring.slots`, which may then be read-only; see `vyrectl.engine.backend.Place`.
        live: Makes the memory that other processes see and change while the ring is worked on in place. Who gives it
            calls `BufferTable.finish_outputs` once that is put away.
        limits: Everything that can end the launch early, for callers that watch it; `max_steps` and `timeout`
            are added to it.
        fast_index: Spend up to 32 bytes a slot beside the ring on the device, so that more tasks go from worker to
            worker within a round; 8 when False. When None, where that is at most a quarter of the device's memory.
        shard_slots: Work on this many slots at a time; by default on all that the device can take.
        quotas: Tenant -> most claims of it in this launch; its other tasks are then shut out.
        trace: Write the times of every turn there, for Perfetto or chrome://tracing; see `vyrectl.launching.trace`. Or
            what is called with them.
        trace_records: Turns that the trace has room for; later ones are counted and dropped.
        fault_unknown: Go on although tasks would only be faulted, for want of an operation or of a buffer.
        drive: What works the open session instead of `vyrectl.launching.rounds.Drain`, which ends when it is drained.
        saving: Saves the ring before any other output and collects what fails, for a caller that tells it.

    Returns:
        What was done; `ended` says how it ended.

    Raises:
        RingFormatError: The ring has no slots.
        UnrunnableTasksError: Claimable tasks have an undefined operation or lack a buffer, and not `fault_unknown`;
            nothing was claimed.
        UsageError: The ring's slots are read-only, or an option is out of range.
        DeviceError: No usable device, a build that fails, a device that dies.
        InvalidInputError: Operations that clash, a control buffer that is too short.
        VerifyError: `verify`, and a promise was broken; the ring's slots are then those of before, unless in place.
        OutputsError: Some outputs could not be saved, all others were; its `report` says what the launch did.
    """
    if not isinstance(ring, Ring):
        with Ring.open(ring, writable=True, role="launch") as opened:
            whole = Saving(first=opened.save)
            report = launch(
                opened,
                device=device,
                ops=ops,
                buffers=buffers,
                epoch=epoch,
                control=control,
                debug_log=debug_log,
                where=where,
                workers=workers,
                work_group_size=work_group_size,
                ticket=ticket,
                age_threshold=age_threshold,
                max_steps=max_steps,
                timeout=timeout,
                verify=verify,
                mode=mode,
                plan=plan,
                policy=policy,
                limits=limits,
                quotas=quotas,
                fast_index=fast_index,
                shard_slots=shard_slots,
                trace=trace,
                trace_records=trace_records,
                saving=whole,
                fault_unknown=fault_unknown,
            )
        return _all_saved(whole, report)
    called_at = time.monotonic()
    max_steps, timeout = optional_integer("max_steps", max_steps), optional_seconds("timeout", timeout)
    _check_ring(ring, writes=place is None)
    _check_mode(mode)
    check_choice(plan)
    if policy is not None and plan != AUTO:
        raise UsageError("a policy is for the plan auto", fix="Leave out the policy, or give plan='auto'")
    table = BufferTable.of(buffers)
    table.check_outputs(ring.path, places=True)
    keeper = saving or Saving()
    sources = tuple(op if isinstance(op, OpSource) else load_source(Path(op)) for op in ops)
    started_control = start_control(control, epoch)
    workplace = _Workplace(ring.slots, place)
    before, named = census(ring.slots)
    opening = time.monotonic()
    backend = choose_backend(device)
    wishes = Wishes(
        mode=None if mode == "auto" else mode,
        age_threshold=optional_integer("age_threshold", age_threshold),
        workers=optional_integer("workers", workers, least=1),
        work_group_size=optional_integer("work_group_size", work_group_size, least=1),
    )
    settings = settle(_plan(plan, before, backend, wishes, policy), wishes)
    job = Job(
        slots=ring.slots,
        control=started_control,
        buffers=table,
        ops=sources,
        gate=control is not None,
        selected=with_empty_slots(
            selected_slots(ring.slots, where, op_codes(sources)),
            ring.slots,
            spawning_in_use(ring.slots, sources, named),
        ),
        age_threshold=settings.age_threshold,
        workers=wishes.workers,
        work_group_size=wishes.work_group_size,
        ticket=optional_integer("ticket", ticket, least=1),
        place=workplace,
        live=live,
        mode=settings.mode,
        verify=verify,
        quotas=checked_quotas(quotas or {}),
        fast_index=fast_index,
        shard_slots=optional_integer("shard_slots", shard_slots, least=1),
        debug_log=start_debug_log(debug_log),
        follow=drive is not None,
        op_handles=named,
        trace=0
        if trace is None
        else integer("trace_records", trace_records, least=1, most=MOST_TRACE_RECORDS),
    )
    if not fault_unknown:
        job = _refuse_unrunnable(job, getattr(backend, "defines", ()), ring.name)
    faulted_before = FaultedBefore(
        ring.slots, None if live is not None else before.counts[TaskState.FAULTED] > 0
    )
    check = _start_check(job) if verify else None
    with closing(backend.open(job)) as session:
        if warm_up := getattr(session, "warm_up", None):
            warm_up()
        opened_at = time.monotonic()
        bounds = _limits(limits, max_steps, timeout, called_at)
        bounds.started()
        course = _drain(session, bounds) if drive is None else drive(session, bounds)
        bounds.finishing()
        bring = None if check is not None else getattr(session, "bring_slots", None)
        after = workplace.slots if bring is not None else session.slots()
        if bring is not None:
            bring(after, spoils=place is not None)
        ended_control, ended_log = session.control(), session.debug_log()
        session.finish()
        table.bring_back()
        turns = None if trace is None else _trace_of(session, backend.name)
        closed_at = time.monotonic()
        compiled = getattr(session, "compile_seconds", 0.0)
        worked = working_seconds(closed_at - opened_at, compiled, session.device_seconds)
        if check is not None:
            check.raise_violations(session, after, ended_control, drained=course.ended == "drained")
        if after is not workplace.slots:
            copy_slots(workplace.slots, after)
    if control is not None:
        control[:] = ended_control
    if debug_log is not None:
        debug_log[:] = ended_log
    keeper.begin()
    outputs = tuple(str(path) for path in table.save_outputs(keeper))
    if live is None:
        table.finish_outputs()
    traced = None
    if turns is not None and trace is not None:
        if callable(trace):
            trace(turns)
        else:
            traced = keeper.keep(trace, partial(_save_trace, Path(trace), turns, backend.name, sources))
    ended = tally_slots(workplace.slots)
    remaining, left_alone = remainder(workplace.slots, job, ended_control, session.tally().quota_left, ended)
    launched = Launched(
        len(ring), before.snapshot(lenient=True).schedulable_count, session.facts(), ended.max_priority_age
    )
    report = LaunchReport(
        device=backend.name,
        ended=course.ended,
        slots=len(ring),
        rounds=course.rounds,
        indexed=course.indexed,
        resumed=course.resumed + session.tally().joined,
        epoch=int(ended_control[control_abi.EPOCH.first]),
        tally=session.tally(),
        device_seconds=session.device_seconds,
        wall_seconds=worked,
        build_seconds=closed_at - opening - worked,
        outputs=outputs,
        verified=check is not None,
        control=ended_control,
        debug_log=ended_log,
        remaining=remaining,
        left_alone=left_alone,
        geometry=session.facts(),
        states_before=before.counts,
        states_after=ended.counts,
        plan=plan_record(settings, launched),
        quotas=job.quotas,
        trace=traced,
        not_saved=tuple(keeper.failure_records()),
        partials=tuple(found.to_record() for found in table.found),
        faults=faulted_before.groups(workplace.slots) if ended.counts[TaskState.FAULTED] else (),
        op_names={code: name for name, code in op_codes(sources).items()},
    )
    return report if saving is not None else _all_saved(keeper, report)


def _all_saved(saving: Saving, report: LaunchReport) -> LaunchReport:
    """The report, when every output was saved; else it goes with the error."""
    try:
        saving.raise_failures()
    except OutputsError as error:
        error.report = report
        raise
    return report


def _refuse_unrunnable(job: Job, defines: Iterable[int], ring: str) -> Job:
    """Refuse a job that would fault tasks at once; else the job, without the paused tasks that it would fault later."""
    found, asleep = survey(job, defined(job.ops, frozenset(defines)))
    refuse(found, ring)
    if asleep is None or job.follow:
        return job
    return replace(job, selected=~asleep if job.selected is None else job.selected & ~asleep)


def _trace_of(session: Session, device: str) -> Trace:
    found = getattr(session, "trace", None)
    if found is None:
        raise DeviceError("this backend cannot trace", where=device, fix="Leave out the trace")
    turns: Trace = found()
    return turns


def _save_trace(path: Path, turns: Trace, device: str, sources: Sequence[OpSource]) -> dict[str, Any]:
    from vyrectl.launching.trace import save_trace

    return save_trace(path, turns, device, {code: name for name, code in op_codes(sources).items()})


def _start_check(job: Job) -> Check:
    from vyrectl.launching.verify import Check

    return Check(job)


def _drain(session: Session, limits: Limits) -> Course:
    return Drain(session, limits).run()


def _plan(
    plan: Plan | str, tally: StateTally, backend: Backend, wishes: Wishes, policy: LaunchPolicy | None
) -> Plan | None:
    """The plan to launch by, if any."""
    if isinstance(plan, Plan):
        return plan
    device = getattr(backend, "device", None)
    limits = REFERENCE_LIMITS if device is None else device.limits
    return plan_for(tally, limits, wishes.workers, policy) if plan == AUTO else None


class _Workplace:
    """Remembers which memory the backend was given."""

    def __init__(self, slots: SlotArray, place: Place | None) -> None:
        self.slots = slots
        self._place = place

    def __call__(self, shares: bool) -> tuple[SlotArray, bool]:
        if self._place is None:
            return self.slots, False
        self.slots, direct = self._place(shares)
        return self.slots, direct


def choose_backend(device: Any = None) -> Backend:
    """The backend that `device` stands for.

    Raises:
        DeviceError: No usable device.
        UsageError: No device has that name.
    """
    import os

    if not isinstance(device, str) and hasattr(device, "open"):
        backend: Backend = device
        return backend
    if (device or os.environ.get("VYRECTL_DEVICE")) == REFERENCE:
        from vyrectl.engine.reference import ReferenceBackend

        return ReferenceBackend()
    from vyrectl.opencl.backend import OpenCLBackend

    return OpenCLBackend(device)


def start_control(given: NDArray[np.uint32] | None, epoch: int | None) -> NDArray[np.uint32]:
    """The control buffer that a launch starts with: a copy of the given one, or a fresh one that lets all in.

    Raises:
        InvalidInputError: Shorter than 160 words, or no writable array of words.
        UsageError: An epoch outside u32.
    """
    if given is None:
        words = np.zeros(control_abi.OBSERVABLE_FIRST + OBSERVABLE_WORDS, np.uint32)
        words[control_abi.TENANT_BASE.first] = control_abi.TENANT_MASKS.first
        words[control_abi.TENANT_MASKS.first : control_abi.TENANT_MASKS.end] = control_abi.TENANT_OPEN
        quota = control_abi.TENANT_QUOTA
        words[quota.first : quota.end] = control_abi.DEFAULT_TENANT_QUOTA
    elif len(check_words("control", given)) < control_abi.OBSERVABLE_FIRST:
        raise InvalidInputError(
            f"the control buffer has {len(given)} words and needs {control_abi.OBSERVABLE_FIRST} at least",
            where="control",
            fix="Give a whole control buffer (spec 3.1)",
        )
    else:
        words = np.array(given, dtype=np.uint32)
    if epoch is not None:
        words[control_abi.EPOCH.first] = integer("epoch", epoch)
    return words


def start_debug_log(given: NDArray[np.uint32] | None) -> NDArray[np.uint32]:
    """The debug log that a launch starts with: a copy of the given one, or a fresh one of 64 records.

    Raises:
        InvalidInputError: Not a single word, or no writable array of words.
    """
    if given is None:
        return new_debug_log(DEFAULT_DEBUG_RECORDS)
    if not len(check_words("debug_log", given)):
        raise InvalidInputError(
            "the debug log has no word for its cursor",
            where="debug_log",
            fix="Give a whole debug log (spec 3.2)",
        )
    return np.array(given, dtype=np.uint32)


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise UnknownNameError("mode", mode, MODES)


def _check_ring(ring: Ring, *, writes: bool) -> None:
    if not len(ring):
        raise RingFormatError(
            "an empty ring has nothing to launch",
            where=ring.name,
            fix="Build one with tasks: `build` takes a table, or --synthetic 1000",
        )
    if writes and not ring.slots.flags.writeable:
        raise UsageError(
            "the ring is read-only and a launch changes it",
            where=ring.name,
            fix="Open it with Ring.open(path, writable=True)",
        )


def selected_slots(slots: SlotArray, where: str | None, codes: Mapping[str, int]) -> NDArray[np.bool_] | None:
    """Which slots a `--where` expression selects, bool, shape (n,); None when there is none."""
    if where is None:
        return None
    from vyrectl.ring.select import select

    mask = np.zeros(len(slots), bool)
    mask[select(slots, spec=None, where=where, everything=False, op_codes=codes)] = True
    return mask


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


def _limits(given: Limits | None, max_steps: int | None, timeout: float | None, now: float) -> Limits:
    limits = given or Limits()
    if max_steps is not None:
        limits.max_steps = max_steps
    if timeout is not None:
        limits.deadline = now + timeout
    return limits
