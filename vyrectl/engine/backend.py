"""What a backend is: something that opens a job and works it off round by round.

`vyrectl.launching` drives any of them through this Protocol: the OpenCL backend, the reference backend, and in
tests a backend that fails on purpose. Imports numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.engine import WITNESS
from vyrectl.abi.limits import DEBUG_RECORD_WORDS, DEFAULT_DEBUG_RECORDS
from vyrectl.abi.outcomes import OUTCOMES, OutcomeWord
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import OpSource
from vyrectl.engine.options import EngineOptions
from vyrectl.engine.quotas import Quotas
from vyrectl.policy.policy import AGE_THRESHOLD, JIT_QUEUE_LEN
from vyrectl.task.arrays import SlotArray

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace
    from vyrectl.telemetry.snapshot import StateTally

WITNESS_DTYPE = dtype_of(WITNESS)
"""What a verified job keeps for a slot."""

Place = Callable[[bool], tuple[SlotArray, bool]]
"""Gets whether the device can work on the host's memory itself, seen by whoever maps it; gives the slots to work on and
whether to do so. Either way the slots hold the result at the end."""


@dataclass(frozen=True, slots=True)
class LiveMemory:
    """Memory in which a running job meets its host and other processes; layout in `vyrectl.abi.live`.

    Attributes:
        words: What the kernel gets as its live buffer, u32, page-aligned.
        control: The control buffer to work on, u32, page-aligned.
        capacity: Places of the inbox.
        workers: Redo records.
        watch_first: First word of the workers' seats in `words`.
    """

    words: NDArray[np.uint32]
    control: NDArray[np.uint32]
    capacity: int
    workers: int
    watch_first: int = 0


class Live(Protocol):
    """Makes the live memory of a job that a device works on in place."""

    def open(
        self, workers: int, control: NDArray[np.uint32], watch: int = 0, stride: int = 0
    ) -> LiveMemory | None:
        """The memory for so many workers, with a copy of this control buffer; None for none.

        Args:
            workers: How many.
            control: The control buffer to begin with.
            watch: Workers' seats in it (`vyrectl.abi.watch`), 0 for none.
            stride: Words of each.

        Raises:
            FileError: It cannot be made.
        """

    def mark(self) -> None:
        """Called before each index: changes from here on are news."""

    def tell_quotas(self, left: Mapping[int, int]) -> None:
        """Called after each run that claimed of bounded tenants: tenant -> claims left."""


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """How a job meets its host, and others, while it runs; by default it works on a copy and meets nobody.

    Attributes:
        place: Asked for the memory to work in once the device is known; see `Place`.
        live: Makes the memory that others may see and change while the job runs in place; None for none.
        board: Memory in which whoever drives the job sees its workers (`vyrectl.abi.watch`), u32, page-aligned; None
            where nobody does.
        follow: The job goes on when it is drained: others reach it beside its rounds.
    """

    place: Place | None = None
    live: Live | None = None
    board: NDArray[np.uint32] | None = None
    follow: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class RingPart:
    """What a job's slots are called, where they are a part of a ring.

    Attributes:
        first_slot: What the first of them is called.
        numbers: What each is called, where they are gathered from all over a ring; they then have names of their own
            while they run, from `first_slot` on.
        first_child_id: task_id of a child in the first slot, the others follow; None for a range that is free here.
        ring_slots: Slots of the whole ring, by which the program is chosen: parts of all lengths are run by one. 0
            where nobody says.
    """

    first_slot: int = 0
    numbers: NDArray[np.int64] | None = None
    first_child_id: int | None = None
    ring_slots: int = 0

    def number_of(self, slot: int) -> int:
        """What a slot of these is called."""
        return slot + self.first_slot if self.numbers is None else int(self.numbers[slot])

    def cut(self, part: slice) -> RingPart:
        """The same of a part of these."""
        numbers = None if self.numbers is None else self.numbers[part]
        return replace(self, first_slot=self.first_slot + part.start, numbers=numbers)


MODES = ("auto", "jit", "interpreter")
"""Which operations are compiled: those that the ring uses (jit), all (interpreter), or as it suits both (auto)."""

JIT_SLOTS = JIT_QUEUE_LEN
"""Rings from this many slots on are compiled for under `auto`."""


@dataclass(frozen=True, slots=True, eq=False)
class Job(EngineOptions):
    """Everything a backend needs to run a ring; what was asked of the engine it inherits.

    Attributes:
        slots: The ring, shape (n,), of `SLOT_DTYPE`; a backend works on its own copy.
        control: Control buffer (spec 3.1), u32, at least 160 words; a backend works on its own copy.
        buffers: What handles stand for; writable arrays are changed by `DeviceSession.finish`.
        ops: User sources beside the shipped operations.
        gate: Whether the control buffer's tenant masks shut tenants out.
        selected: Which slots may be claimed, bool, shape (n,); None for all.
        age_threshold: Ticks that lift a task by one class; 0 for no lift.
        mode: One of `MODES`.
        quotas: Most claims of the tenants that are bounded; see `vyrectl.engine.quotas`.
        debug_log: Debug log (spec 3.2) to start from, u32, at least one word; a backend works on its own copy.
        trace: Turns to note the times of, at most; 0 for no trace. A session then has `trace()`.
        op_handles: Every op_handle that some slot names, or more; None when that is not known.
        mirror: Tasks that only end are ended in a mirror of the ring, which needs a copy that nobody else sees; None
            for long rings on devices with memory of their own.
        part: What the slots are called, where they are a part of a longer ring.
        shared: How the job meets its host and others while it runs.
    """

    slots: SlotArray
    control: NDArray[np.uint32]
    buffers: BufferTable
    ops: tuple[OpSource, ...] = ()
    gate: bool = False
    selected: NDArray[np.bool_] | None = None
    age_threshold: int = AGE_THRESHOLD
    mode: str = "auto"
    quotas: Quotas = field(default_factory=dict)
    debug_log: NDArray[np.uint32] = field(default_factory=lambda: new_debug_log(DEFAULT_DEBUG_RECORDS))
    trace: int = 0
    op_handles: frozenset[int] | None = None
    mirror: bool | None = None
    part: RingPart = RingPart()
    shared: Sharing = Sharing()

    @property
    def ring_slots(self) -> int:
        """Slots of the ring that these are, or are a part of."""
        return max(len(self.slots), self.part.ring_slots)

    def layout(self) -> tuple[NDArray[np.void], int]:
        """`BufferTable.layout` with a row for the debug log behind those that handles reach."""
        return self.buffers.layout(behind=self.debug_log)


def new_debug_log(records: int) -> NDArray[np.uint32]:
    """An empty debug log with room for so many records, u32, shape (1 + 4 * records,)."""
    return np.zeros(1 + DEBUG_RECORD_WORDS * records, np.uint32)


@dataclass(frozen=True, slots=True)
class RoundIndex:
    """What an index pass found.

    Attributes:
        classes: Claimable tasks per class (5 numbers).
        resumed: Paused tasks that became Ready.
        shut_out: Schedulable tasks whose tenant is not let in.
        whole: All of the ring was looked at, not a part of it.
        first_visit: This part was looked at for the first time.
    """

    classes: tuple[int, ...]
    resumed: int
    shut_out: int
    whole: bool = True
    first_visit: bool = False

    @property
    def claimable(self) -> int:
        """Tasks of all classes."""
        return sum(self.classes)


@dataclass(slots=True)
class Tally:
    """What a launch has counted so far.

    Attributes:
        claims: Won claims.
        lost: Claims that met a slot somebody else had changed.
        by_priority: Claims per priority word 0-4.
        by_op: op_handle -> outcome name -> turns that ended so; the key None gathers ops that nothing
            defines.
        quota_left: Claims left to each tenant that is bounded.
        spawned: Tasks that operations put into Empty slots.
        joined: Parents that became Ready because their last child had ended.
    """

    claims: int = 0
    lost: int = 0
    by_priority: list[int] = field(default_factory=lambda: [0] * 5)
    by_op: dict[int | None, Counter[str]] = field(default_factory=dict)
    quota_left: dict[int, int] = field(default_factory=dict)
    spawned: int = 0
    joined: int = 0

    def outcomes(self) -> dict[OutcomeWord, int]:
        """Turns per outcome, over all ops."""
        return {name: sum(ends[name] for ends in self.by_op.values()) for name in OUTCOMES}

    def and_then(self, later: Tally) -> Tally:
        """Both counts together; quotas left are those of the later."""
        by_op = {op: Counter(ends) for op, ends in self.by_op.items()}
        for op, ends in later.by_op.items():
            by_op.setdefault(op, Counter()).update(ends)
        return replace(
            later,
            claims=self.claims + later.claims,
            lost=self.lost + later.lost,
            by_priority=[a + b for a, b in zip(self.by_priority, later.by_priority, strict=True)],
            by_op=by_op,
            spawned=self.spawned + later.spawned,
            joined=self.joined + later.joined,
        )


Interrupt = Callable[[], str | None]
"""Gives the reason to stop, the value of an `Ending` (`vyrectl.engine.endings`), or None."""


class Beside(Protocol):
    """A way to a job's memory beside its running kernel, where the host does not share it; the caller locks."""

    capacity: int
    """Places of the inbox among the live words (`vyrectl.abi.live`)."""

    def slots(self, first: int, count: int) -> SlotArray:
        """A copy of consecutive slots as they are now."""

    def write_words(self, slot: int, word: int, words: NDArray[np.uint32]) -> None:
        """Write consecutive words of a slot, or of several, from one of them on."""

    def control(self, word: int) -> int:
        """One word of the control buffer."""

    def write_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer."""

    def live(self, word: int) -> int:
        """One of the live words."""

    def write_live(self, word: int, value: int) -> None:
        """Write one of the live words."""

    def finish(self) -> None:
        """Wait until every write has been made."""


class BringSlots(Protocol):
    """Puts the ring into an array of the host's."""

    def __call__(self, into: SlotArray, *, spoils: bool = False) -> None:
        """Bring it.

        Args:
            into: Contiguous, shape (slots,).
            spoils: It may hold a part of the result where the device fails; else it is changed whole or not at all.
        """


class DeviceSession(Protocol):
    """A job on its device; called from one thread: index, run, run ..., index, run ..., finish, close.

    Every session inherits from here. What comes first each has of its own; behind it stands what only some devices can
    do, as it is for a session that cannot.
    """

    @property
    def device_seconds(self) -> float:
        """Time the device itself was busy with this job, as far as it can tell."""

    def index(self) -> RoundIndex:
        """Resume what is due, find what is claimable, line it up."""

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """Claim and run tasks of this round, in its order; yielded and requeued ones come again where the backend can.

        `interrupt` is asked while the device works; once it gives a reason, workers finish what they hold and leave.

        Args:
            most: About how many claims to make before returning; exactly the most there may be when `strict`.
            interrupt: Gives a reason to leave early, or none.
            strict: Make no claim beyond `most`.

        Returns:
            True when this round has more to claim.
        """

    def tally(self) -> Tally:
        """Counts over all rounds so far."""

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""

    def write_control(self, word: int, value: int) -> None:
        """Set one control word, between runs."""

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""

    def slots(self) -> SlotArray:
        """The ring: a copy, or the very memory that `Sharing.place` gave to work on."""

    def witness(self) -> NDArray[np.void]:
        """Per slot, what a job with `verify` noted (`WITNESS_DTYPE`), shape (slots,)."""

    def finish(self) -> None:
        """Bring the writable buffers back into the job's arrays."""

    def facts(self) -> dict[str, int]:
        """How the job was spread: workers, work_group_size, ticket, rung; empty where there is no such thing."""

    def close(self) -> None:
        """Release the device; safe to call twice."""

    def count_states(self) -> StateTally | None:
        """What a snapshot counts of the ring, once nothing runs; None where the host counts it quicker itself."""
        return None

    @property
    def compile_seconds(self) -> float:
        """Seconds that first dispatches waited for a compiler before they began."""
        return 0.0

    @property
    def bytes_beside_ring(self) -> int | None:
        """Device memory that the engine takes beside the ring, the buffers and the control buffer; None: not known."""
        return None

    def warm_up(self) -> None:
        """Have everything compiled as it will be run; looks at no slot."""
        return

    @property
    def rounds_at_once(self) -> bool:
        """Whether `round` is quicker than `index`, then `run`."""
        return False

    def round(self, most: int, interrupt: Interrupt) -> tuple[RoundIndex, bool]:
        """`index`, then `run` without a strict bound, waited for once where the device can."""
        return self.index(), self.run(most, interrupt)

    @property
    def bring_slots(self) -> BringSlots | None:
        """Brings the ring into an array at once; None where `slots` is the only way."""
        return None

    def trace(self) -> Trace | None:
        """The turns that a job with `trace` noted; None where that cannot be done."""
        return None

    def memory(self) -> tuple[SlotArray, NDArray[np.uint32]] | None:
        """The ring and the control buffer themselves, to look at and write beside the rounds; None where they are not.

        Neither here nor through `side`: the job cannot be followed.
        """
        return None

    def side(self) -> Beside | None:
        """Another way to the memory of a job that follows; None where there is none, or `memory` is one."""
        return None

    @property
    def polls(self) -> bool:
        """Whether workers take slots that others offer, and heed the wish that they leave."""
        return False

    @property
    def spawns(self) -> bool:
        """Whether tasks may put children into Empty slots."""
        return False

    @property
    def bring_outputs(self) -> Callable[[], None] | None:
        """Copies the writable buffers into the job's arrays beside a running kernel; None where nothing need be.

        For any thread, and without effect once the session is closed.
        """
        return None


class Backend(Protocol):
    """Something that can run a ring."""

    name: str
    """What a report calls it."""

    def open(self, job: Job) -> DeviceSession:
        """Prepare a job: build programs, move the ring.

        Raises:
            DeviceError: The device cannot take it.
        """
