"""Which of its two readings a slot has: words 4-15 of a *task* (spec 1.2), or up to 12 arguments of a *protocol* slot.

A publisher that was given more than three arguments keeps the rest where a task keeps its continuation, ids and
counters (3.3), and the runtime's hot publisher leaves words 7-15 as they were. The wire does not say which it is, so
that evidence decides, operation by operation, and is kept. Small rings are judged here, one slot after another;
`vyrectl.ring.reading_arrays` judges large ones with the same predicate. Standard library only. The invariant: a ring
that only spec 1.6 has touched since its tasks were made is read as tasks.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, TypedDict

from vyrectl import shapes
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.opcodes import LOAD_MISS, PACKED_SLOT
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskFlag, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import UnknownNameError
from vyrectl.shapes import Among, Count, Like

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Word = int | NDArray[np.uint32]
    Truth = bool | NDArray[np.bool_]

WIRE_PROTOCOL = frozenset({PACKED_SLOT, LOAD_MISS})
"""Operations whose words 4-15 are never a task's, whatever stands there."""

_FEW_UNNAMED = 0xFF
"""Flag words up to this may be a runtime's own bits beside the named ones."""

_SLOT = struct.Struct("<16I")


class Abi(StrEnum):
    """How words 4-15 are to be read."""

    AUTO = "auto"
    """As the evidence says, operation by operation."""
    TASK = "task"
    PROTOCOL = "protocol"


ABIS: Mapping[str, str] = {
    "task": "words 4-15 are a task's (spec 1.2)",
    "protocol": "words 4-15 are up to 12 arguments (spec 3.3)",
    "auto": "as the evidence says, operation by operation; arguments that look like a task's read as a task's",
}
"""Value of `--abi` -> its meaning."""


def parse_abi(text: str) -> Abi:
    """The value of `--abi`.

    Raises:
        UnknownNameError: It is none of the three.
    """
    try:
        return Abi(text.strip().lower())
    except ValueError:
        raise UnknownNameError("--abi", text, tuple(ABIS)) from None


@dataclass(frozen=True, slots=True)
class OperationReading:
    """How the slots of one operation are read.

    Attributes:
        op_handle: Id of the operation whose slots are read so.
        reading: `Abi.TASK` or `Abi.PROTOCOL`.
        slots: Slots of it that are not Empty.
        unlike_tasks: Those whose words 7-15 no task can have come to by spec 1.6.
        like_tasks: Those with a task_id and nothing that speaks against a task.
        first: The first slot that is unlike a task, or None.
        why: The reason in words.
    """

    op_handle: shapes.Word
    reading: Annotated[Abi, Among(("task", "protocol"))]
    slots: Count
    unlike_tasks: Count
    like_tasks: Count
    first: Count | None
    why: str

    def to_record(self) -> dict[str, int | str | None]:
        """Every attribute by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class ReadingsRecord(TypedDict):
    """How words 4-15 were read, and why."""

    asked: Annotated[Abi, Among(ABIS)]
    operations: list[Annotated[dict[str, int | str | None], Like(OperationReading)]]


@dataclass(frozen=True)
class Readings:
    """How the slots of a ring are read.

    Attributes:
        asked: What `--abi` says.
        operations: Every operation that evidence was found about, ascending; the others are read as tasks.
    """

    asked: Abi = Abi.AUTO
    operations: tuple[OperationReading, ...] = ()

    @cached_property
    def protocol_ops(self) -> frozenset[int]:
        """Operations whose slots hold arguments; of no use where `asked` decides for all."""
        found = (one.op_handle for one in self.operations if one.reading is Abi.PROTOCOL)
        return WIRE_PROTOCOL.union(found)

    @property
    def argument_ops(self) -> frozenset[int] | None:
        """Operations whose slots hold arguments, for sums that are to leave them out; None for every operation."""
        if self.asked is Abi.AUTO:
            return self.protocol_ops
        return None if self.asked is Abi.PROTOCOL else frozenset()

    def is_protocol(self, op_handle: int) -> bool:
        """True when a slot of this operation holds arguments."""
        return self.asked is Abi.PROTOCOL or (self.asked is Abi.AUTO and op_handle in self.protocol_ops)

    @property
    def decided(self) -> tuple[OperationReading, ...]:
        """Operations that evidence, and not the wire, says hold arguments."""
        return tuple(one for one in self.operations if one.reading is Abi.PROTOCOL)

    def to_record(self) -> ReadingsRecord:
        """What was asked and what was found, as JSON shows it."""
        return {"asked": self.asked, "operations": [one.to_record() for one in self.operations]}


AS_TASKS = Readings(Abi.TASK)
"""No slot holds arguments."""


@dataclass(slots=True)
class Evidence:
    """Slots by operation: those that are unlike a task's, and where the first of them is."""

    unlike: Counter[int]
    first: dict[int, int]

    @property
    def suspects(self) -> list[int]:
        """Operations that anything speaks against, ascending; those that the wire has decided left out."""
        return sorted(self.unlike.keys() - WIRE_PROTOCOL)

    def readings(self, present: Counter[int], like: Counter[int]) -> Readings:
        """What the evidence amounts to, once all slots of the suspects that are not Empty are counted."""
        return Readings(Abi.AUTO, tuple(self._read(op, present[op], like[op]) for op in self.suspects))

    def _read(self, op: int, slots: int, like: int) -> OperationReading:
        unlike, first = self.unlike[op], self.first[op]
        reading = Abi.PROTOCOL if unlike > like else Abi.TASK
        why = (
            f"words 7-15 of {unlike} of {slots} slots are no task's (slot {first} first), "
            f"and {like} look like a task's"
        )
        return OperationReading(op, reading, slots, unlike, like, first, why)


def decide_words(slots: Iterable[tuple[int, ...]]) -> Readings:
    """Decide how slots are read, each given as its 16 words."""
    evidence, present, like = Evidence(Counter(), {}), Counter[int](), Counter[int]()
    for number, words in enumerate(slots):
        slot = dict(zip(FIELD_NAMES, words, strict=True))
        op = slot["op_handle"]
        if slot["state"] == int(TaskState.EMPTY):
            continue
        present[op] += 1
        if unlike_task(slot):
            evidence.unlike[op] += 1
            evidence.first.setdefault(op, number)
        elif slot["task_id"]:
            like[op] += 1
    return evidence.readings(present, like)


def decide_bytes(data: bytes | memoryview) -> Readings:
    """Decide how the slots in these bytes are read; a part of a slot at the end is left out."""
    whole = memoryview(data)[: len(data) // SLOT_BYTES * SLOT_BYTES]
    return decide_words(_SLOT.iter_unpack(whole))


def unlike_task(slot: Mapping[str, Word]) -> Truth:
    """True for a slot whose words 7-15 no task comes to; over columns, one truth a slot.

    A Ready task was just made, or was resumed and says so. Just made, it has no continuation, except in the
    runtime's automata worklist: REQUEUE_REQUESTED, pc a byte index, data the state that is also its param. A Running
    or Faulted one that has a place to go on, or an epoch, came to it by a turn, which is counted, or by a pause, which
    is flagged. In any state, of three marks (many flag bits without a name, a count and a flag of different
    turns, more requeues than ticks of age) one may be an edit; two are arguments.
    """
    flags, state = slot["flags"], slot["state"]
    begun = (slot["continuation_pc"] | slot["continuation_data"] | slot["resume_epoch"]) != 0
    unresumed = (flags & int(TaskFlag.RESUME_READY)) == 0
    stale = (flags & int(TaskFlag.PAUSED | TaskFlag.YIELDED)) != 0
    unnamed = flags > _FEW_UNNAMED
    uncounted = ((flags & int(TaskFlag.YIELDED)) != 0) & (slot["yield_count"] == 0)
    unaged = slot["requeue_count"] > slot["age_ticks"]
    odd_ready = (state == int(TaskState.READY)) & (stale | (begun & unresumed & (_is_automata(slot) == 0)))
    stopped = (state == int(TaskState.RUNNING)) | (state == int(TaskState.FAULTED))
    placed = (slot["continuation_pc"] | slot["resume_epoch"]) != 0
    turned = (slot["requeue_count"] | slot["yield_count"]) != 0
    flagged = (flags & int(TaskFlag.PAUSED | TaskFlag.RESUME_READY | TaskFlag.REQUEUE_REQUESTED)) != 0
    odd_stop = stopped & placed & (turned == 0) & (flagged == 0)
    paused = (flags & int(TaskFlag.PAUSED | TaskFlag.RESUME_READY | TaskFlag.YIELDED)) != 0
    requeued = (flags & int(TaskFlag.REQUEUE_REQUESTED)) != 0
    uncounted |= stopped & (
        ((slot["requeue_count"] != 0) & (requeued == 0)) | ((slot["yield_count"] != 0) & (paused == 0))
    )
    marked = (unnamed & uncounted) | (unnamed & unaged) | (uncounted & unaged)
    known = (state > int(TaskState.EMPTY)) & (state < len(TaskState))
    return odd_ready | odd_stop | (marked & known)


def _is_automata(slot: Mapping[str, Word]) -> Truth:
    turns = slot["resume_epoch"] | slot["age_ticks"] | slot["requeue_count"] | slot["yield_count"]
    flagged = slot["flags"] == int(TaskFlag.REQUEUE_REQUESTED)
    return flagged & (slot["continuation_data"] == slot["param"]) & (turns == 0)
