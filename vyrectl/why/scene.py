"""What is known when a queue is asked why it does not move: its slots, who runs it, an earlier look, what lies beside.

Imports numpy. The invariant: a fact that is not known is None or empty, and no rule guesses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import SHUTDOWN, STARVATION_LIMIT, TENANT_FAIRNESS, TENANT_QUOTA
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import Unrunnable
from vyrectl.ring.family import parent_slots
from vyrectl.ring.findings.about import TENANTS, About
from vyrectl.ring.findings.masks import MASKS, Chunk, Mask
from vyrectl.ring.findings.spots import Classes
from vyrectl.sidecar.workers import Worker
from vyrectl.task.arrays import SlotArray
from vyrectl.why.hands import Hands
from vyrectl.why.motion import Motion
from vyrectl.why.turns import Turns

Numbers = NDArray[np.int64]
Lacking = Callable[[SlotArray, Mask], tuple[Mask, Sequence[Unrunnable]]]


class Keeper(Enum):
    """Who runs a ring, as far as that can be told."""

    UNKNOWN = "nobody can be told to hold it"
    NOBODY = "nobody holds it"
    SOMEBODY = "somebody holds it"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the ring.

    Attributes:
        keeper: Whether somebody does.
        name: Who, as the lock says.
        in_place: The launch works on the file itself, so that the slots seen are those it works on.
        feeds: It takes tasks from outside while it runs.
        shows_work: The slots seen are those it works on, though they are not the file.
        reads: Launches work on copies for results that go elsewhere, and nobody holds the file.
        shows_nobody: It shows no workers, so that nothing tells whether it works on the file.
        pids: The processes to end for it to end, where they are known.
        output: The `--output` of its launch, as words of a shell; of several that with the longest turn.
    """

    keeper: Keeper = Keeper.UNKNOWN
    name: str = ""
    in_place: bool = False
    feeds: bool = False
    shows_work: bool = False
    reads: bool = False
    shows_nobody: bool = False
    pids: tuple[int, ...] = ()
    output: str = ""

    @property
    def lives(self) -> bool:
        """Somebody runs the ring."""
        return self.keeper is Keeper.SOMEBODY

    @property
    def on_copy(self) -> bool:
        """Somebody runs it, and the slots seen are not those that are worked on."""
        return self.lives and not self.in_place and not self.shows_work


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """An earlier look at the same ring.

    Attributes:
        slots: `SLOT_DTYPE`, shape (m,).
        seconds: From then to now, or None.
        drained: DONE_COUNT of its control buffer, or None.
        control: The words of its control buffer, or None.
    """

    slots: SlotArray
    seconds: float | None = None
    drained: int | None = None
    control: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """What is known of workers beside which slots they have in hand.

    Attributes:
        others: Those of further launches that have the same slots in hand, in copies of their own.
        died: Slot -> the worker that had it in hand when a launch died over the file, where others read that now.
        hands: What the workers did between the looks, or None.
    """

    others: Sequence[Worker] = ()
    died: Mapping[int, Worker] = field(default_factory=dict)
    hands: Hands | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """What is known of operations.

    Attributes:
        name: An operation by name, else by number.
        spawning: Ids of those that may spawn.
        ending: Ids of those that end at once: what lasts in a turn of theirs waits for a neighbour.
        lacking: Which of some tasks a launch without buffers would refuse, and why; None for not asking.
    """

    name: Callable[[int], str]
    spawning: frozenset[int] = frozenset()
    ending: frozenset[int] = frozenset()
    lacking: Lacking | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """One ring and what is known about it.

    Attributes:
        name: What the ring is called.
        slots: `SLOT_DTYPE`, shape (n,).
        about: Epoch, tenants let in, partitions, operations.
        operations: Their names, and what is known of them.
        holder: Who runs it.
        control: The control buffer's words, or None.
        earlier: An earlier look, or None.
        stalled: The verdict of a saved snapshot beside this ring (`vyrectl.telemetry.delta`), or None.
        turns: What a trace noted, or None.
        workers: Slot -> the worker that has it in hand, or had when its launch died; of several the longest there.
        crew: What else is known of workers.
        quotas: Tenant -> most claims of it in the launch that lives (`--tenant-quota`), and claims left.
        printed: Slot -> its last record in the debug log, in words.
        first_faults: Slot -> the first look (number, name) in which it was Faulted, where there were several.
        places: What stands in the braces of mends: `ring`, `file`, `control` and more.
    """

    name: str
    slots: SlotArray
    about: About
    operations: Operations
    holder: Holder = Holder()
    control: tuple[int, ...] | None = None
    earlier: Earlier | None = None
    stalled: str | None = None
    turns: Turns | None = None
    workers: Mapping[int, Worker] = field(default_factory=dict)
    crew: Crew = Crew()
    quotas: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    printed: Mapping[int, str] = field(default_factory=dict)
    first_faults: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def op_name(self, op_handle: int) -> str:
        """An operation by name, else by number."""
        return self.operations.name(op_handle)

    @cached_property
    def chunk(self) -> Chunk:
        """All slots, with the masks of `check` over them."""
        return Chunk(self.slots, 0, self.about)

    @cached_property
    def away(self) -> Mask:
        """Tasks that a worker has in hand in a copy, whatever the slots seen show."""
        found = np.zeros(len(self.slots), np.bool_)
        if self.holder.on_copy:
            found[[slot for slot in self.workers if slot < len(found)]] = True
        return found

    @cached_property
    def in_hand(self) -> Mask:
        """Tasks that are Running, as far as can be seen; of a file that nobody holds those of copies."""
        return self.away if self.holder.reads else self.state(TaskState.RUNNING) | self.away

    @cached_property
    def queue(self) -> Mask:
        """Slots that are neither Empty nor Done (spec 3.8)."""
        return (self._known & ~self.state(TaskState.EMPTY) & ~self.state(TaskState.DONE)) | self.away

    @cached_property
    def _known(self) -> Mask:
        return self.chunk.lies("state", 0, len(TaskState) - 1)

    def state(self, state: TaskState) -> Mask:
        """Slots in that state."""
        return self.chunk.is_in(state)

    @property
    def epoch(self) -> int:
        """The batch fences so far."""
        return self.about.epoch

    @cached_property
    def masked(self) -> Mask:
        """Slots of tenants without an open mask; none without a control buffer's gate."""
        if self.about.admitted is None:
            return np.zeros(len(self.slots), np.bool_)
        return ~np.isin(self.chunk["tenant_id"], np.array(sorted(self.about.admitted), np.uint32))

    @cached_property
    def spent(self) -> frozenset[int]:
        """Tenants that have spent what the launch gives them, or whose claims have reached their mask's quota."""
        bounded = frozenset(tenant for tenant, (_, left) in self.quotas.items() if not left)
        if self.control is None or self.about.admitted is None:
            return bounded
        quota, claims = (self.control[part.first : part.end] for part in (TENANT_QUOTA, TENANT_FAIRNESS))
        return bounded | {one for one in TENANTS if quota[one] and claims[one] >= quota[one]}

    @cached_property
    def let_in(self) -> Mask:
        """Slots whose tenant may claim."""
        spent = np.isin(self.chunk["tenant_id"], np.array(sorted(self.spent), np.uint32))
        return ~(self.masked | spent)

    @cached_property
    def undefined(self) -> Mask:
        """Open tasks whose operation has no body."""
        found = MASKS["unrunnable-op"](self.chunk)
        found = found | MASKS["undefined-op"](self.chunk) if self.about.ops is not None else found
        return found & ~self.away

    @cached_property
    def guard_locks(self) -> bool:
        """The runtime's starvation guard lets nothing through."""
        classes = Classes()
        classes.add(self.chunk)
        return self.about.starvation >= STARVATION_LIMIT and not classes.below and classes.above.count > 0

    @cached_property
    def claimable(self) -> Mask:
        """Schedulable, let in, of an operation that is known."""
        return self.chunk.claimable & self.let_in & ~self.undefined & ~self.away

    @property
    def shut_down(self) -> bool:
        """The control buffer tells workers to leave."""
        return self.control is not None and self.control[SHUTDOWN.first] != 0

    @cached_property
    def had_turns(self) -> Mask:
        """Tasks that were claimed before, as far as their words tell."""
        counted = (self.chunk["yield_count"] | self.chunk["requeue_count"]) != 0
        begun = self.state(TaskState.RUNNING) | self.state(TaskState.YIELDED) | self.state(TaskState.REQUEUED)
        found: Mask = begun | (counted & self.chunk.plain)
        return found

    @cached_property
    def spawning(self) -> Mask:
        """Tasks of operations that may spawn; a launch takes no others up when their children end."""
        found: Mask = np.isin(self.chunk["op_handle"], sorted(self.operations.spawning))
        return found

    @cached_property
    def parents(self) -> Numbers:
        """The slot of each task's parent, -1 for none, shape (n,)."""
        return parent_slots(self.slots, ~self.chunk.plain)

    @cached_property
    def at_join(self) -> Mask:
        """Parents that wait for their children."""
        never = MASKS["waits-for-ever"](self.chunk)
        named = np.zeros(len(self.slots), np.bool_)
        named[self.parents[self.parents >= 0]] = True
        waits: Mask = never & (self.spawning | named)
        return waits

    @cached_property
    def never(self) -> Mask:
        """Paused until an epoch that does not come, and without a family."""
        return MASKS["waits-for-ever"](self.chunk) & ~self.at_join

    @cached_property
    def due(self) -> Mask:
        """Paused, and their epoch has come."""
        return MASKS["due-epoch"](self.chunk) & ~self.chunk.lies("resume_epoch", NEVER_EPOCH)

    @cached_property
    def left_to_launch(self) -> Mask:
        """Due tasks that the next launch resumes: nobody runs the ring, and no two looks found them forgotten."""
        if self.holder.lives or self.shut_down or self.stalled is not None or self.places.get("span"):
            return np.zeros(len(self.slots), np.bool_)
        if self.motion is None:
            return self.due
        return self.due & ~(self.motion.same & self.motion.still)

    @cached_property
    def taken(self) -> Mask:
        """What workers could claim now, and what a launch would resume first."""
        return self.claimable | (self.left_to_launch & self.let_in & ~self.undefined)

    @cached_property
    def motion(self) -> Motion | None:
        """What happened between the looks, slot by slot."""
        if self.earlier is None:
            return None
        return Motion.between(self.earlier.slots, self.slots, self.chunk.plain, self.earlier.seconds)
