"""The first part of a launch: everything checked and put together before a device is asked for anything.

Imports numpy. The invariant: what is refused here is refused before anything was claimed, compiled or written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.declared import checked
from vyrectl.engine.backend import MODES, Backend, DeviceSession, Job, Live, Place, Sharing, new_debug_log
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.family import spawning_in_use, with_empty_slots
from vyrectl.engine.ops import load_sources, op_codes
from vyrectl.engine.quotas import checked_quotas
from vyrectl.engine.saving import Saving
from vyrectl.errors import InvalidInputError, RingFormatError, UnknownNameError, UsageError
from vyrectl.files.place import check_place
from vyrectl.launching.backends import choose_backend
from vyrectl.launching.faults import FaultedBefore
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.plan import (
    AUTO,
    REFERENCE_LIMITS,
    Plan,
    Settings,
    Wishes,
    check_choice,
    choose_settings,
    plan_for,
)
from vyrectl.launching.rounds import Course, Limits
from vyrectl.launching.unrunnable import defined, refuse, survey
from vyrectl.numbers import integer
from vyrectl.ring.file import Ring
from vyrectl.ring.outputs import STDOUT_NAMES
from vyrectl.task.arrays import SlotArray, check_words
from vyrectl.telemetry.census import Census, census
from vyrectl.telemetry.snapshot import StateTally

if TYPE_CHECKING:
    from vyrectl.launching.verify import Check

OBSERVABLE_WORDS = 32
"""Observable words of a control buffer that a launch makes itself."""

"""What `device` is called to run without OpenCL."""

Drive = Callable[[DeviceSession, Limits], Course]
"""Works an open session until the end of a launch, and says how it went."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a launch is joined to by whoever runs it for somebody else.

    Attributes:
        place: Where to work instead of the ring's slots, which may then be read-only; see `Place`.
        live: Makes the memory that other processes see and change while the ring is worked on in place. Who gives it
            calls `BufferTable.finish_outputs` once that is put away.
        drive: What works the open session instead of `vyrectl.launching.rounds.Drain`, which ends when it is drained.
        saving: Saves the ring before any other output and collects what fails, for a caller that tells it.
        board: Memory in which the caller sees the workers; see `Sharing.board`.
        counted: The ring as it is counted, or a longer one that this is a part of; None where nobody has.
    """

    place: Place | None = None
    live: Live | None = None
    drive: Drive | None = None
    saving: Saving | None = None
    board: NDArray[np.uint32] | None = None
    counted: Census | None = None


class Workplace:
    """Remembers which memory the backend was given."""

    def __init__(self, slots: SlotArray, place: Place | None) -> None:
        self.slots = slots
        self._place = place

    def __call__(self, shares: bool) -> tuple[SlotArray, bool]:
        """See `vyrectl.engine.backend.Place`."""
        if self._place is None:
            return self.slots, False
        self.slots, direct = self._place(shares)
        return self.slots, direct


@dataclass(frozen=True, slots=True)
class Prepared:
    """A launch that may begin.

    Attributes:
        ring: What is launched, as it was opened.
        options: What was asked for, numbers checked.
        wiring: What it is joined to.
        called_at: `time.monotonic()` from which the timeout counts.
        since: The same from which building counts.
        backend: What runs it.
        job: What the backend is given.
        workplace: Where it works.
        settings: Mode and aging, and the plan behind them.
        before: The ring's states at the start.
        faulted: The tasks that were Faulted at the start.
        check: What `verify` holds the end against, None without.
    """

    ring: Ring
    options: LaunchOptions
    wiring: Wiring
    called_at: float
    since: float
    backend: Backend
    job: Job
    workplace: Workplace
    settings: Settings
    before: StateTally
    faulted: FaultedBefore
    check: Check | None

    @property
    def op_names(self) -> dict[int, str]:
        """Op id -> name, the user's among them."""
        return {code: name for name, code in op_codes(self.job.ops).items()}


def prepare(ring: Ring, asked: LaunchOptions, wiring: Wiring) -> Prepared:
    """Check what is asked for and put the job together; errors as of `vyrectl.launch`."""
    called_at = time.monotonic()
    options = checked(asked)
    _check(ring, options, writes=wiring.place is None)
    table = BufferTable.of(options.buffers)
    table.check_outputs(ring.path, places=True)
    if isinstance(options.trace, str | PathLike) and os.fspath(options.trace) not in STDOUT_NAMES:
        check_place(options.trace)
    sources = load_sources(options.ops)
    control = start_control(options.control, options.epoch)
    before, named = wiring.counted or census(ring.slots)
    since = time.monotonic()
    backend = choose_backend(options.device)
    settings = _settings(options, before, backend)
    workplace = Workplace(ring.slots, wiring.place)
    selected = selected_slots(ring.slots, options.where, op_codes(sources))
    job = Job(
        slots=ring.slots,
        control=control,
        buffers=table,
        ops=sources,
        gate=options.control is not None,
        selected=with_empty_slots(selected, ring.slots, spawning_in_use(ring.slots, sources, named)),
        age_threshold=settings.age_threshold,
        mode=settings.mode,
        quotas=checked_quotas({} if options.quotas is None else options.quotas),
        debug_log=start_debug_log(options.debug_log),
        trace=0 if options.trace is None else options.trace_records,
        op_handles=named,
        shared=Sharing(workplace, wiring.live, wiring.board, follow=wiring.drive is not None),
        **options.for_engine(),
    )
    if not options.fault_unknown:
        job = _refuse_unrunnable(job, getattr(backend, "defines", ()), ring.name)
    are_faulted = None if wiring.live is not None else before.counts[TaskState.FAULTED] > 0
    faulted = FaultedBefore(ring.slots, are_faulted)
    check = _start_check(job) if options.verify else None
    return Prepared(
        ring, options, wiring, called_at, since, backend, job, workplace, settings, before, faulted, check
    )


def _check(ring: Ring, options: LaunchOptions, *, writes: bool) -> None:
    _check_ring(ring, writes=writes)
    if options.mode not in MODES:
        raise UnknownNameError("mode", options.mode, MODES)
    check_choice(options.plan)
    if options.policy is not None and options.plan != AUTO:
        raise UsageError("a policy is for the plan auto", fix="Leave out the policy, or give plan='auto'")


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


def _settings(options: LaunchOptions, before: StateTally, backend: Backend) -> Settings:
    """Mode and aging: as asked for, or as the plan says, which may be made now."""
    wishes = Wishes(
        mode=None if options.mode == AUTO else options.mode,
        age_threshold=options.age_threshold,
        workers=options.workers,
        work_group_size=options.work_group_size,
    )
    if isinstance(options.plan, Plan):
        return choose_settings(options.plan, wishes)
    if options.plan != AUTO:
        return choose_settings(None, wishes)
    device = getattr(backend, "device", None)
    limits = REFERENCE_LIMITS if device is None else device.limits
    plan = plan_for(before, limits, wishes.workers, options.policy)
    return choose_settings(plan, wishes, slow_compiler=getattr(backend, "compiles_slowly", False))


def _refuse_unrunnable(job: Job, defines: Iterable[int], ring: str) -> Job:
    """Refuse a job that would fault tasks at once; else the job, without the paused tasks that it would fault later."""
    found, asleep = survey(job, defined(job.ops, frozenset(defines)))
    refuse(found, ring)
    if asleep is None or job.shared.follow:
        return job
    return replace(job, selected=~asleep if job.selected is None else job.selected & ~asleep)


def _start_check(job: Job) -> Check:
    from vyrectl.launching.verify import Check

    return Check(job)


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


def selected_slots(slots: SlotArray, where: str | None, codes: Mapping[str, int]) -> NDArray[np.bool_] | None:
    """Which slots a `--where` expression selects, bool, shape (n,); None when there is none."""
    if where is None:
        return None
    from vyrectl.ring.select import select

    mask = np.zeros(len(slots), bool)
    mask[select(slots, spec=None, where=where, everything=False, op_codes=codes)] = True
    return mask
