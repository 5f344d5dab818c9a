"""The reference backend: rounds in plain Python, one task at a time. It judges every other backend.

It is written for reading, not for speed: each claimed slot goes through `vyrectl.task.lifecycle.apply_words`,
each operation has its Python twin in `vyrectl.engine.reference_ops`. Imports numpy for the ring and the
buffers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import faults, watch
from vyrectl.abi.engine import CLASSES
from vyrectl.abi.limits import NEVER_EPOCH, SLOT_WORDS, U32_MAX, WORD_BYTES
from vyrectl.abi.opcodes import METRIC_OPCODES
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.engine.arena import continue_outputs
from vyrectl.engine.backend import WITNESS_DTYPE, DeviceSession, Interrupt, Job, RoundIndex, Tally
from vyrectl.engine.family import Nursery, count_families, eligible_slots, spawning_in_use
from vyrectl.engine.naming import current
from vyrectl.engine.ops import is_own
from vyrectl.engine.quotas import tenants_spent
from vyrectl.engine.reference_env import Body, Env, OpFault, Outcome, Task, yield_
from vyrectl.engine.reference_family import FAMILY_BODIES
from vyrectl.engine.reference_ops import BODIES
from vyrectl.engine.schedule import ClaimLines, class_of, tenants_admitted
from vyrectl.engine.trace import Trace, TurnRecorder
from vyrectl.errors import CounterOverflowError, DeviceError
from vyrectl.protocol.packed import MOST_OPCODE
from vyrectl.task.arrays import SlotArray, apply_transition, copy_of, is_schedulable
from vyrectl.task.lifecycle import apply_words

ASK_EVERY = 256
"""Turns between two looks at whether to stop."""


class ReferenceBackend:
    """Runs rings in plain Python.

    Args:
        bodies: op_handle -> Python body, beside those of the shipped operations.
    """

    name = "reference"

    def __init__(self, bodies: Mapping[int, Body] | None = None) -> None:
        shipped = {**BODIES, **FAMILY_BODIES}
        if not current().shipped:
            shipped = {code: body for code, body in shipped.items() if not is_own(code)}
        self._bodies = {**shipped, **(bodies or {})}

    @property
    def defines(self) -> frozenset[int]:
        """Ids of the operations that have a body here."""
        return frozenset(self._bodies)

    def open(self, job: Job) -> ReferenceSession:
        """Start a job.

        Raises:
            DeviceError: The job brings OpenCL C operations that have no Python body here.
        """
        missing = [op for source in job.ops for op in source.ops if op.id not in self._bodies]
        if missing:
            raise DeviceError(
                f"the reference backend cannot run {missing[0].name!r}, which is OpenCL C",
                where=f"{missing[0].path}, line {missing[0].line}",
                fix="Choose an OpenCL device, or give ReferenceBackend a Python body for it",
            )
        return ReferenceSession(job, self._bodies)


class ReferenceSession(DeviceSession):
    """One job on the reference backend; see `vyrectl.engine.backend.DeviceSession`."""

    device_seconds = 0.0

    def __init__(self, job: Job, bodies: Mapping[int, Body]) -> None:
        continue_outputs(job.buffers, job.slots)
        self._job = job
        self._slots = copy_of(job.slots if job.shared.place is None else job.shared.place(False)[0])
        self._control = job.control.copy()
        self._bodies = bodies
        self._debug_log = job.debug_log.copy()
        inner = {code: body for code, body in bodies.items() if code <= MOST_OPCODE}
        rows = job.buffers.rows
        self._spawning = spawning_in_use(job.slots, job.ops, job.op_handles)
        self._nursery: Nursery | None = None
        if self._spawning:
            eligible = eligible_slots(job, self._slots)
            links = count_families(self._slots, self._spawning, eligible, job.part.first_child_id)
            self._nursery = Nursery(self._slots, links)
        self._env = Env(
            rows,
            job.buffers.argument_handle,
            self._control,
            self._debug_log,
            inner,
            self._nursery,
            job.part.first_slot,
        )
        self._lines = ClaimLines([[]] * CLASSES, 0)
        self._tally = Tally(quota_left=dict(job.quotas))
        self._rows = self._slots.view(np.dtype("<u4")).reshape(-1, SLOT_WORDS)
        self._counts = self._control.data
        self._notes = _Notes(job)

    @property
    def spawns(self) -> bool:
        """Whether tasks may put children into Empty slots."""
        return bool(self._spawning)

    def index(self) -> RoundIndex:
        """Resume what is due and line up what is claimable, each class in slot order."""
        eligible = np.ones(len(self._slots), bool) if self._job.selected is None else self._job.selected
        admitted = self._admitted()
        resumed = self._resume(eligible & admitted)
        schedulable = is_schedulable(self._slots["state"]) & eligible
        claimable = np.flatnonzero(schedulable & admitted)
        classes = class_of(self._slots[claimable], self._job.age_threshold)
        lines = [claimable[classes == number].tolist() for number in range(CLASSES)]
        self._lines = ClaimLines(lines, int(self._control[control_abi.PRIORITY_STARVATION.first]))
        if self._nursery is not None:
            self._nursery.refill()
        return RoundIndex(
            classes=tuple(len(line) for line in lines),
            resumed=resumed,
            shut_out=int(np.count_nonzero(schedulable & ~admitted)),
        )

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """Claim and run tasks one by one; never more than `most`."""
        for turn in range(most):
            stops = turn % ASK_EVERY == 0 and interrupt() is not None
            if stops or self._counts[control_abi.SHUTDOWN.first] or (slot := self._take()) is None:
                break
            self._turn(slot)
        self._control[control_abi.PRIORITY_STARVATION.first] = self._lines.above
        self._notes.rest()
        return len(self._lines) > 0

    def tally(self) -> Tally:
        """Counts so far."""
        return self._tally

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        return self._control.copy()

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._control[word] = value & U32_MAX

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        return self._debug_log.copy()

    def memory(self) -> tuple[SlotArray, NDArray[np.uint32]]:
        """The ring and the control buffer themselves, for others to look at and write beside the rounds."""
        return self._slots, self._control

    def slots(self) -> SlotArray:
        """A copy of the ring."""
        return copy_of(self._slots)

    def trace(self) -> Trace:
        """The turns that were noted."""
        return self._notes.turns.trace()

    def witness(self) -> NDArray[np.void]:
        """Claims and ends per slot, shape (slots,)."""
        return self._notes.witness

    def finish(self) -> None:
        """Nothing to bring back: operations write the job's arrays themselves."""

    def facts(self) -> dict[str, int]:
        """Nothing to tell: there is no geometry."""
        return {}

    def close(self) -> None:
        """Nothing to release."""

    def _take(self) -> int | None:
        """The next slot whose tenant may claim; those passed over leave the order as if they had not stood in it."""
        left = self._tally.quota_left
        if not left:
            return self._lines.take()
        while True:
            above = self._lines.above
            slot = self._lines.take()
            tenant = None if slot is None else int(self._slots["tenant_id"][slot])
            if tenant is None or left.get(tenant, 1):
                return slot
            self._lines.above = above

    def _admitted(self) -> NDArray[np.bool_]:
        within = ~tenants_spent(self._slots, self._tally.quota_left)
        return within & tenants_admitted(self._slots, self._control) if self._job.gate else within

    def _resume(self, candidates: NDArray[np.bool_]) -> int:
        due = self._slots["resume_epoch"]
        epoch = self._control[control_abi.EPOCH.first]
        paused = self._slots["state"] == int(TaskState.PAUSED)
        at = np.flatnonzero(candidates & paused & (due <= epoch) & (due != NEVER_EPOCH))
        if len(at):
            self._slots[at] = apply_transition(self._slots[at], "resume")
        return len(at)

    def _turn(self, slot: int) -> None:
        notes = self._notes
        began = notes.turns.now()
        words: list[int] = self._rows[slot].tolist()
        self._tally.claims += 1
        self._spend(words[2])
        words[0] = int(TaskState.RUNNING)
        task = Task(slot, dict(zip(FIELD_NAMES, words, strict=True)))
        notes.begin(task)
        claimed = notes.turns.now()
        outcome = self._execute(task)
        ran = notes.turns.now()
        kind = self._publish(words, outcome)
        self._rows[slot] = words
        notes.turns.note((began, claimed, ran), task, kind)
        if kind in (OutcomeKind.YIELD, OutcomeKind.REQUEUE):
            self._enqueue(slot)
        if self._nursery is not None:
            joins = task.op_handle in self._spawning and outcome.arguments.get("epoch") == NEVER_EPOCH
            for other in self._nursery.after(slot, kind, joins=joins):
                self._enqueue(other)
            self._tally.spawned, self._tally.joined = self._nursery.spawned, self._nursery.joined
        notes.end(slot, kind)
        self._count(task, kind)

    def _enqueue(self, slot: int) -> None:
        words = self._slots[slot]
        self._lines.append(slot, int(words["priority"]), int(words["age_ticks"]), self._job.age_threshold)

    def _spend(self, tenant: int) -> None:
        left = self._tally.quota_left
        if tenant in left:
            left[tenant] -= 1

    def _execute(self, task: Task) -> Outcome:
        body = self._bodies.get(task.op_handle)
        if body is None:
            return Outcome.engine_fault(faults.UNKNOWN_OP)
        try:
            outcome = body(task, self._env)
        except OpFault as fault:
            return Outcome.engine_fault(fault.code)
        if (
            outcome.joins and self._nursery is None
        ):  # as vyre_join does where nobody spawns: there are no children
            return yield_(outcome.arguments["pc"], outcome.arguments["data"])
        if outcome.kind is OutcomeKind.REQUEUE and outcome.arguments["priority"] not in range(
            len(TaskPriority)
        ):
            return Outcome.engine_fault(faults.BAD_OUTCOME)
        return outcome

    def _publish(self, words: list[int], outcome: Outcome) -> OutcomeKind:
        try:
            apply_words(words, outcome.kind.action, **outcome.arguments)
        except CounterOverflowError:
            apply_words(words, OutcomeKind.FAULT.action, code=faults.COUNTER_OVERFLOW)
            return OutcomeKind.FAULT
        return outcome.kind

    def _count(self, task: Task, kind: OutcomeKind) -> None:
        known = task.op_handle if task.op_handle in self._bodies else None
        by_op = self._tally.by_op
        if known not in by_op:
            by_op[known] = Counter()
        by_op[known][kind.word] += 1
        self._add(control_abi.TENANT_FAIRNESS.first + task.tenant_id % control_abi.TENANT_FAIRNESS.words)
        if task.priority < CLASSES:
            self._tally.by_priority[task.priority] += 1
            self._add(control_abi.PRIORITY_FAIRNESS.first + task.priority)
        if task.op_handle < METRIC_OPCODES and kind is not OutcomeKind.FAULT:
            self._add(control_abi.METRICS.first + task.op_handle)
        if kind is OutcomeKind.DONE:
            self._add(control_abi.DONE_COUNT.first)

    def _add(self, word: int) -> None:
        self._counts[word] = (self._counts[word] + 1) & U32_MAX


class _Notes:
    """What turns leave for others to look at: times, witness, and what is in hand."""

    def __init__(self, job: Job) -> None:
        self.witness = np.zeros(len(job.slots), WITNESS_DTYPE)
        self.turns = TurnRecorder(job.trace)
        self._claims, self._ends = self.witness["claims"], self.witness["ends"]
        self._seat, self._first_slot = _seat(job), job.part.first_slot

    def begin(self, task: Task) -> None:
        """A turn begins: note what is in hand, where somebody may look."""
        seat = self._seat
        seat[watch.OP], seat[watch.TURN] = task.op_handle, (seat[watch.TURN] + 1) & U32_MAX
        seat[watch.SLOT] = self._first_slot + task.slot + 1

    def end(self, slot: int, kind: OutcomeKind) -> None:
        """It has ended so."""
        self._claims[slot] += 1
        self._ends[slot, kind] += 1

    def rest(self) -> None:
        """Nothing is in hand any more."""
        self._seat[watch.SLOT] = 0


def _seat(job: Job) -> memoryview:
    """The seat of the one worker: on the job's board, or where nobody looks."""
    if job.shared.board is None or not job.watch:
        return memoryview(bytearray(watch.LANE_STRIDE * WORD_BYTES)).cast("I")
    head = watch.BOARD_HEAD_WORDS
    job.shared.board[: watch.BOARD_SESSION_WORDS] = 0
    job.shared.board[head : head + watch.LANE_STRIDE] = 0
    job.shared.board[watch.BOARD_STRIDE], job.shared.board[watch.BOARD_SEATS] = watch.LANE_STRIDE, 1
    return job.shared.board[head : head + watch.LANE_STRIDE].data
