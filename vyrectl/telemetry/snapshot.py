"""TaskQueueSnapshot (spec 1.7), and how it is applied to a launch request.

Two ways lead to the same eight numbers: `tally_bytes` walks a small ring with the standard library (no numpy
import), `tally_slots` counts an array with numpy (`census`). Tests hold them to each other.

A snapshot of a ring that a launch is changing is exact about no instant: every slot is counted once, in a
state that it had while the ring was read, but two slots may be seen at different moments. A task that moves to
another slot meanwhile can be counted twice or not at all; in one that only changes state, never. Sums over
time (`delta`) are as good as the ring is quiet.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from operator import index
from sys import byteorder
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS, U32_MAX, U64_MAX
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, RingFormatError, SnapshotOverflowError, UnknownStateError
from vyrectl.markup import html_record
from vyrectl.policy.widths import Widths
from vyrectl.records import says_derived
from vyrectl.shapes import LongWord, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vyrectl.policy.request import LaunchRequest
    from vyrectl.task.arrays import SlotArray

SNAPSHOT_WIDTHS = Widths(
    {
        "ready_count": 32,
        "paused_count": 32,
        "yielded_count": 32,
        "requeued_count": 32,
        "running_count": 32,
        "faulted_count": 32,
        "total_requeues": 64,
        "max_priority_age": 32,
    },
    error=InvalidInputError,
)
"""Width of every field of a snapshot, in the spec's order."""

STDLIB_SLOTS = 1 << 14
"""Rings up to this many slots are counted without numpy: importing it takes longer."""


class SnapshotRecord(TypedDict):
    """Queue telemetry: the eight fields of spec 1.7 and the two sums."""

    ready_count: Word
    paused_count: Word
    yielded_count: Word
    requeued_count: Word
    running_count: Word
    faulted_count: Word
    total_requeues: LongWord
    max_priority_age: Word
    schedulable_count: Word
    continuation_pressure: LongWord


@says_derived
@dataclass(frozen=True, slots=True)
class TaskQueueSnapshot:
    """Queue telemetry: the eight fields of spec 1.7; a plain record, nothing is validated before it is used.

    Counts and `max_priority_age` are u32, `total_requeues` is u64. Counts skip Empty and Done slots;
    `total_requeues` and `max_priority_age` run over every slot.
    """

    ready_count: int = 0
    paused_count: int = 0
    yielded_count: int = 0
    requeued_count: int = 0
    running_count: int = 0
    faulted_count: int = 0
    total_requeues: int = 0
    max_priority_age: int = 0

    @classmethod
    def from_slots(cls, slots: SlotArray) -> TaskQueueSnapshot:
        """Count an array of `SLOT_DTYPE`, shape (n,).

        Raises:
            InvalidInputError: Another dtype (another byte order is another one) or shape.
            UnknownStateError: The first state word outside spec 1.3, with its slot.
        """
        from vyrectl.task.arrays import check_slots

        return tally_slots(check_slots("slots", slots)).snapshot()

    @property
    def schedulable_count(self) -> int:
        """ready + yielded + requeued.

        Raises:
            SnapshotOverflowError: Past u32.
        """
        waiting = sum(map(index, (self.ready_count, self.yielded_count, self.requeued_count)))
        return _bounded("schedulable_count", waiting, 32, U32_MAX)

    @property
    def continuation_pressure(self) -> int:
        """yielded + requeued + total_requeues; a requeued task counts twice (spec 1.9).

        Raises:
            SnapshotOverflowError: Past u64.
        """
        pressure = sum(map(index, (self.yielded_count, self.requeued_count, self.total_requeues)))
        return _bounded("continuation_pressure", pressure, 64, U64_MAX)

    def apply_to(self, request: LaunchRequest) -> LaunchRequest:
        """Merge this telemetry into a launch request; every field that spec 1.7 does not name stays.

        Raises:
            SnapshotOverflowError: schedulable_count, continuation_pressure, requeue_count, in this order.
            InvalidInputError: A field of the snapshot or of the request does not fit its width.
        """
        from vyrectl.policy.request import REQUEST_WIDTHS

        telemetry, request = SNAPSHOT_WIDTHS.checked(self), REQUEST_WIDTHS.checked(request)
        queue_len = telemetry.schedulable_count
        pressure = telemetry.continuation_pressure
        requeue_count = _bounded("requeue_count", request.requeue_count + pressure, 64, U64_MAX)
        return replace(
            request,
            queue_len=queue_len,
            requeue_count=requeue_count,
            max_priority_age=max(request.max_priority_age, telemetry.max_priority_age),
        )

    def to_record(self) -> dict[str, int]:
        """The eight fields, then schedulable_count and continuation_pressure: a `SnapshotRecord`."""
        return {
            **asdict(self),
            "schedulable_count": self.schedulable_count,
            "continuation_pressure": self.continuation_pressure,
        }

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `vyrectl snapshot`."""
        return html_record("queue telemetry", self.to_record())


class StateTally(NamedTuple):
    """How many slots are in which state, with the two sums of a snapshot.

    Attributes:
        counts: Slots per known state, in the order of the state words (8 numbers).
        unknown: Slots whose state word is unknown.
        first_unknown: (slot, word) of the first of them, or None.
        total_requeues: Sum of requeue_count over all slots.
        max_priority_age: Maximum of age_ticks over all slots.
    """

    counts: tuple[int, ...]
    unknown: int
    first_unknown: tuple[int, int] | None
    total_requeues: int
    max_priority_age: int

    def snapshot(self, *, lenient: bool = False) -> TaskQueueSnapshot:
        """The snapshot; with `lenient`, unknown states are left out of the counts instead of refused.

        Raises:
            UnknownStateError: An unknown state word, unless lenient.
        """
        if self.first_unknown is not None and not lenient:
            slot, word = self.first_unknown
            raise UnknownStateError(word, slot)
        counts = self.counts
        return TaskQueueSnapshot(
            ready_count=counts[TaskState.READY],
            paused_count=counts[TaskState.PAUSED],
            yielded_count=counts[TaskState.YIELDED],
            requeued_count=counts[TaskState.REQUEUED],
            running_count=counts[TaskState.RUNNING],
            faulted_count=counts[TaskState.FAULTED],
            total_requeues=self.total_requeues,
            max_priority_age=self.max_priority_age,
        )


def tally_bytes(data: bytes | bytearray | memoryview) -> StateTally:
    """Count a ring's bytes with the standard library alone; meant for rings up to `STDLIB_SLOTS`.

    Raises:
        RingFormatError: The length is no multiple of 64.
    """
    if len(data) % SLOT_BYTES:
        raise RingFormatError.left_over_bytes(len(data), slot_bytes=SLOT_BYTES)
    states = column(data, "state")
    counts = [0] * len(TaskState)
    unknown = 0
    first_unknown = None
    for word in set(states):
        if word < len(counts):
            counts[word] = states.count(word)
        else:
            unknown += states.count(word)
            slot = states.index(word)
            if first_unknown is None or slot < first_unknown[0]:
                first_unknown = (slot, word)
    return StateTally(
        counts=tuple(counts),
        unknown=unknown,
        first_unknown=first_unknown,
        total_requeues=sum(column(data, "requeue_count")),
        max_priority_age=max(column(data, "age_ticks"), default=0),
    )


def tally_slots(slots: SlotArray) -> StateTally:
    """Count an array of `SLOT_DTYPE`, shape (n,), with numpy and a thread for each processor."""
    from vyrectl.telemetry.census import count_slots

    return count_slots(slots)


def sum_snapshots(snapshots: Sequence[TaskQueueSnapshot]) -> TaskQueueSnapshot:
    """One snapshot of several rings taken together: counts and requeues add up, the age is the largest."""
    total = {
        name: sum(index(getattr(one, name)) for one in snapshots) for name in asdict(TaskQueueSnapshot())
    }
    total["max_priority_age"] = max((one.max_priority_age for one in snapshots), default=0)
    return TaskQueueSnapshot(**total)


def column(data: bytes | bytearray | memoryview, field: str) -> list[int]:
    """One word of every slot, without numpy.

    Args:
        data: Whole slots.
        field: The word's name (spec 1.2).
    """
    words: list[int] = memoryview(data).cast("B").cast("I")[FIELD_INDEX[field] :: SLOT_WORDS].tolist()
    return words if byteorder == "little" else [int.from_bytes(w.to_bytes(4, "big"), "little") for w in words]


def _bounded(quantity: str, value: int, bits: int, most: int) -> int:
    if value > most:
        raise SnapshotOverflowError(quantity, value, bits)
    return value
