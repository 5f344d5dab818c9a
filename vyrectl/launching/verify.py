"""Proves after a launch what it did: every claim by one worker, every turn ended once, nothing else touched.

The backend keeps a witness a slot (who holds it, claims, ends by outcome, what it saw go wrong); this module
compares it with the ring before and after, and a small ring's words with the reference backend's. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.opcodes import SHUTDOWN
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import DeviceSession, Job
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.family import as_counted, spawning_in_use
from vyrectl.engine.quotas import Quotas
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.engine.reference_ops import SUM
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.errors import VerifyError
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.task.arrays import SlotArray, apply_transition, copy_of

CLAIMED_TWICE, ENDED_BY_OTHER = 1, 2
DONE, YIELDED, PAUSED, REQUEUED, FAULTED = range(5)

KEPT_WORDS = ("op_handle", "tenant_id", "input_handle", "output_handle", "param", "task_id", "parent_task_id")
"""Words that no turn may change (1, 2, 4-6, 10, 11)."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise.

    Attributes:
        promise: What was promised, in a few words.
        count: Slots that break it.
        slot: The first of them.
        meaning: One line.
    """

    promise: str
    count: int
    slot: int
    meaning: str

    def __str__(self) -> str:
        slots = "slot" if self.count == 1 else f"{self.count} slots, the first is slot"
        return f"{self.promise}: {self.meaning} ({slots} {self.slot})"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is compared.

    Attributes:
        before: The ring at the start, shape (n,).
        after: The ring at the end, shape (n,).
        witness: What the backend noted, shape (n,).
        may_run: Which slots the launch was allowed to claim or resume, bool, shape (n,).
        drained: The launch says that nothing claimable is left.
    """

    before: SlotArray
    after: SlotArray
    witness: NDArray[np.void]
    may_run: Mask
    drained: bool

    @property
    def claims(self) -> NDArray[np.int64]:
        """Claims per slot."""
        return self.witness["claims"].astype(np.int64)

    def ends(self, outcome: int) -> NDArray[np.int64]:
        """Turns of a slot that ended with an outcome."""
        return self.witness["ends"][:, outcome].astype(np.int64)

    def rise(self, counter: str) -> NDArray[np.int64]:
        """By how much a counter rose."""
        return self.after[counter].astype(np.int64) - self.before[counter].astype(np.int64)


def violations(evidence: Evidence) -> list[Violation]:
    """Every promise that the evidence breaks; empty when all are kept."""
    found = []
    for promise, (meaning, check) in PROMISES.items():
        broken = np.flatnonzero(check(evidence))
        if broken.size:
            found.append(Violation(promise, int(broken.size), int(broken[0]), meaning))
    return found


def _claimed_twice(e: Evidence) -> Mask:
    return np.asarray(e.witness["violations"] == CLAIMED_TWICE)


def _ended_by_other(e: Evidence) -> Mask:
    return np.asarray(e.witness["violations"] >= ENDED_BY_OTHER)


def _unbalanced(e: Evidence) -> Mask:
    ends: NDArray[np.int64] = e.witness["ends"].sum(axis=1, dtype=np.int64)
    return np.asarray((e.claims != ends) | (e.witness["owner"] != 0))


def _counters(e: Evidence) -> Mask:
    requeues = e.ends(REQUEUED)
    yields_wrong = e.rise("yield_count") != e.ends(YIELDED)
    requeues_wrong = (e.rise("requeue_count") != requeues) | (e.rise("age_ticks") != requeues)
    return np.asarray(yields_wrong | requeues_wrong)


def _ended_twice(e: Evidence) -> Mask:
    return e.ends(DONE) + e.ends(FAULTED) > 1


def _wrong_state(e: Evidence) -> Mask:
    state = e.after["state"]
    ended = (e.ends(DONE) > 0) | (e.ends(FAULTED) > 0)
    wanted = np.where(e.ends(DONE) > 0, int(TaskState.DONE), int(TaskState.FAULTED))
    resting = _in(state, TaskState.YIELDED, TaskState.REQUEUED, TaskState.PAUSED, TaskState.READY)
    return np.asarray((e.claims > 0) & np.where(ended, state != wanted, ~resting))


def _kept_words(e: Evidence) -> Mask:
    changed = np.zeros(len(e.before), bool)
    for name in KEPT_WORDS:
        changed |= e.before[name] != e.after[name]
    return np.asarray(changed | ((e.before["priority"] != e.after["priority"]) & (e.ends(REQUEUED) == 0)))


def _untouched(e: Evidence) -> Mask:
    """Unclaimed slots are as they were, or Paused ones resumed by the book."""
    idle = e.claims == 0
    differs = idle & (e.before != e.after)
    resumed = differs & e.may_run & (e.before["state"] == int(TaskState.PAUSED))
    at = np.flatnonzero(resumed & (e.before["resume_epoch"] != NEVER_EPOCH))
    by_the_book = np.zeros(len(e.before), bool)
    by_the_book[at] = apply_transition(e.before[at], "resume") == e.after[at]
    return np.asarray(differs & ~by_the_book)


def _not_its_business(e: Evidence) -> Mask:
    claimable = _in(e.before["state"], *SCHEDULABLE, TaskState.PAUSED) & e.may_run
    return (e.claims > 0) & ~claimable


def _left_over(e: Evidence) -> Mask:
    if not e.drained:
        return np.zeros(len(e.before), bool)
    return _in(e.after["state"], *SCHEDULABLE) & e.may_run


def _in(words: NDArray[np.uint32], *states: TaskState) -> Mask:
    return np.isin(words, [int(state) for state in states])


PROMISES: dict[str, tuple[str, Callable[[Evidence], Mask]]] = {
    "claimed-once": ("a claim met another owner", _claimed_twice),
    "ended-by-claimer": ("a turn was ended by a worker that did not hold the slot", _ended_by_other),
    "claims-balance": ("claims are not dones + yields + pauses + requeues + faults", _unbalanced),
    "counters-exact": (
        "yield_count, requeue_count or age_ticks did not rise by the turns counted",
        _counters,
    ),
    "ended-once": ("Done and Faulted more than once", _ended_twice),
    "state-agrees": ("the state is not what the last turn left", _wrong_state),
    "words-kept": ("a word changed that no turn may change", _kept_words),
    "unclaimed-kept": ("an unclaimed slot changed, other than by a resume", _untouched),
    "only-claimable": ("a slot was claimed that this launch had no claim to", _not_its_business),
    "nothing-left": ("the launch says drained and claimable work is left", _left_over),
}
"""Name -> meaning and check; each check gives the slots that break the promise."""


REFERENCE_SLOTS = 4096
"""Rings up to this many slots are also run on the reference backend."""

REFERENCE_BUFFER_BYTES = 1 << 26


def private_copy(job: Job) -> Job | None:
    """A copy of a job for the reference backend to run later, or None when it cannot judge it.

    It cannot judge large rings, operations in OpenCL C, a SHUTDOWN opcode, quotas or children (which tasks they
    stop and which slots these get depends on the order), or a sum over a buffer that other tasks write.
    """
    if (
        len(job.slots) > REFERENCE_SLOTS
        or job.ops
        or job.quotas
        or spawning_in_use(job.slots)
        or (job.slots["op_handle"] == SHUTDOWN).any()
    ):
        return None
    rows = job.buffers.by_handle
    if sum(buffer.array.nbytes for buffer in rows.values()) > REFERENCE_BUFFER_BYTES:
        return None
    sums = job.slots["input_handle"][job.slots["op_handle"] == SUM]
    if any(handle in rows and rows[handle].writable for handle in sums.tolist()):
        return None
    table: dict[int | str, Buffer] = {h: Buffer(b.array.copy(), b.writable) for h, b in rows.items()}
    if job.buffers.arguments is not None:
        table["args"] = job.buffers.arguments
    return replace(
        job,
        slots=job.slots.copy(),
        control=job.control.copy(),
        buffers=BufferTable(table),
        shared=replace(job.shared, place=None),
    )


def reference_differences(job: Job, after: SlotArray) -> list[Violation]:
    """Run a job's copy on the reference backend and compare every word of the ring."""
    session = ReferenceBackend().open(job)
    Drain(session, Limits()).run()
    differing = np.flatnonzero(session.slots() != after)
    if not differing.size:
        return []
    meaning = "the slot ends with other words than on the reference backend"
    return [Violation("equals-reference", int(differing.size), int(differing[0]), meaning)]


def quota_violations(quotas: Quotas, slots: SlotArray, witness: NDArray[np.void]) -> list[Violation]:
    """Tenants that made more claims than their quota.

    Args:
        quotas: Tenant -> most claims.
        slots: The ring, shape (n,).
        witness: What the backend noted, shape (n,).
    """
    found = []
    for tenant, most in quotas.items():
        at = np.flatnonzero((slots["tenant_id"] == tenant) & (witness["claims"] > 0))
        claims = int(witness["claims"][at].sum(dtype=np.uint64))
        if claims > most:
            meaning = f"tenant {tenant} made {claims} claims and its quota is {most}"
            found.append(Violation("quota-kept", len(at), int(at[0]), meaning))
    return found


class Check:
    """Remembers a job before its launch and judges it afterwards."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._before = copy_of(job.slots)
        self._copy = private_copy(job)

    def raise_violations(
        self, session: DeviceSession, after: SlotArray, control: NDArray[np.uint32], *, drained: bool
    ) -> None:
        """Judge.

        Raises:
            VerifyError: Naming every broken promise, with how many slots break it and the first of them.
        """
        job = self._job
        may_run = np.ones(len(after), bool) if job.selected is None else job.selected.copy()
        if job.gate:
            may_run &= tenants_admitted(after, job.control) | tenants_admitted(after, control)
        left_nothing = drained and not job.gate and not job.quotas
        before = as_counted(self._before, after, spawning_in_use(self._before, job.ops, job.op_handles))
        found = violations(Evidence(before, after, session.witness(), may_run, left_nothing))
        found += quota_violations(self._job.quotas, after, session.witness())
        if session.tally().lost:
            found.append(
                Violation("queued-once", session.tally().lost, 0, "a claim met a slot that was not claimable")
            )
        if self._copy is not None and drained:
            found += reference_differences(self._copy, after)
        if found:
            named = (replace(one, slot=job.part.number_of(one.slot)) for one in found)
            raise VerifyError(
                "; ".join(map(str, named)),
                fix="The device or an operation breaks the protocol; keep the ring",
            )
