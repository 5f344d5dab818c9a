"""The runtime view of a ring and its control buffer (spec 3.8): occupancy, depth, idle share, fairness, watchdog.

It counts; it does not look at single tasks. Unknown states are counted, not refused. Standard library only.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, RingFormatError
from vyrectl.protocol.control import ControlView, decode_control
from vyrectl.protocol.words import Data

PPM = 1_000_000
BPS = 10_000

STATUS_FIELDS = ("empty", "published", "claimed", "done", "wait_io", "yield_count", "requeue", "fault")
"""Fields of `Occupancy` in the order of the state words."""

COUNTERS = (
    "total_slots",
    "queue_depth",
    "gpu_idle_slots",
    "gpu_idle_ppm",
    "frontier_density_bps",
    "occupancy_proxy_bps",
    "drained_slots",
    "unreclaimed_done_slots",
    "tenant_fairness_total",
    "tenant_fairness_skew",
    "priority_fairness_total",
    "requeue_slots",
    "fault_slots",
)
"""Keys of `RuntimeView.counters`."""

ACTIVE_STATES = frozenset(
    {TaskState.READY, TaskState.RUNNING, TaskState.PAUSED, TaskState.YIELDED, TaskState.REQUEUED}
)
"""States in which a slot has work that is not at its end."""

_STATE = struct.Struct("<I60x")


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Slots by status, under the ring protocol's names."""

    empty: int = 0
    published: int = 0
    claimed: int = 0
    done: int = 0
    wait_io: int = 0
    yield_count: int = 0
    requeue: int = 0
    fault: int = 0
    unknown: int = 0

    @classmethod
    def of_counts(cls, counts: Sequence[int], unknown: int = 0) -> Occupancy:
        """From slots per state word 0 to 7."""
        return cls(*(*counts, unknown))

    @classmethod
    def of_ring(cls, ring: Data) -> Occupancy:
        """Counted over the bytes of a ring.

        Raises:
            RingFormatError: No whole number of slots.
        """
        _check_ring(ring)
        counts = [0] * (len(TaskState) + 1)
        for (state,) in _STATE.iter_unpack(ring):
            counts[min(state, len(TaskState))] += 1
        return cls(*counts)

    @property
    def total(self) -> int:
        """All slots."""
        return self.filled + self.empty

    @property
    def filled(self) -> int:
        """All but Empty ones."""
        return self.depth + self.done

    @property
    def depth(self) -> int:
        """All but Empty and Done ones: the queue's depth."""
        waiting = self.published + self.claimed + self.wait_io + self.yield_count + self.requeue
        return waiting + self.fault + self.unknown


@dataclass(frozen=True, slots=True)
class RuntimeView:
    """A ring and its control buffer at one moment.

    Attributes:
        control: The decoded control buffer.
        occupancy: The ring's slots by status.
    """

    control: ControlView
    occupancy: Occupancy

    @property
    def idle_ppm(self) -> int:
        """Empty slots, in millionths of all."""
        return _share(self.occupancy.empty, self.occupancy.total, PPM)

    @property
    def density_bps(self) -> int:
        """Depth, in ten-thousandths of all slots."""
        return _share(self.occupancy.depth, self.occupancy.total, BPS)

    @property
    def occupancy_bps(self) -> int:
        """Slots that are not Empty, in ten-thousandths of all."""
        return _share(self.occupancy.filled, self.occupancy.total, BPS)

    @property
    def tenant_fairness_skew(self) -> int:
        """Largest less smallest of the tenants' claim counters that are not zero."""
        counted = [count for count in self.control.tenant_fairness if count]
        return max(counted) - min(counted) if counted else 0

    def counters(self) -> dict[str, int]:
        """The numbers of spec 3.8 under the runtime's names, `COUNTERS`."""
        values = (
            self.occupancy.total,
            self.occupancy.depth,
            self.occupancy.empty,
            self.idle_ppm,
            self.density_bps,
            self.occupancy_bps,
            self.control.done_count,
            self.occupancy.done,
            sum(self.control.tenant_fairness),
            self.tenant_fairness_skew,
            sum(self.control.priority_fairness),
            self.occupancy.requeue,
            self.occupancy.fault,
        )
        return dict(zip(COUNTERS, values, strict=True))


def runtime_view(control: Data, ring: Data) -> RuntimeView:
    """The view of a control buffer and of a ring's bytes.

    Raises:
        WireBufferError: The control buffer is misaligned or has fewer than 160 words.
        RingFormatError: The ring is no whole number of slots.
    """
    return RuntimeView(decode_control(control), Occupancy.of_ring(ring))


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Whether a queue moves, from two views.

    Attributes:
        done_delta: Slots drained between them.
        queue_depth: Of the later view.
        fault_slots: Faulted slots of the later view.
        requeue_slots: Slots that wait for a requeue, of the later view.
        gpu_idle_ppm: Idle time of the device in parts per million, of the later view.
        suspected_stall: Work is queued, nothing was drained, and no slot is faulted.
    """

    done_delta: int
    queue_depth: int
    fault_slots: int
    requeue_slots: int
    gpu_idle_ppm: int
    suspected_stall: bool


def watchdog(drained_before: int, now: Mapping[str, int]) -> Watchdog:
    """Compare with an earlier moment.

    Args:
        drained_before: DONE_COUNT then.
        now: `RuntimeView.counters` now.

    Raises:
        InvalidInputError: DONE_COUNT went backwards.
    """
    drained, depth, faults = now["drained_slots"], now["queue_depth"], now["fault_slots"]
    if drained < drained_before:
        raise InvalidInputError(
            f"DONE_COUNT went back from {drained_before} to {drained}",
            fix="Compare two views of one run, the earlier one first",
        )
    return Watchdog(
        done_delta=drained - drained_before,
        queue_depth=depth,
        fault_slots=faults,
        requeue_slots=now["requeue_slots"],
        gpu_idle_ppm=now["gpu_idle_ppm"],
        suspected_stall=depth > 0 and drained == drained_before and not faults,
    )


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot as the runtime's telemetry lists it.

    Attributes:
        slot: Index.
        state: State word.
        tenant_id: Tenant.
        opcode: Operation.
        arguments: Words 4 to 6.
    """

    slot: int
    state: int
    tenant_id: int
    opcode: int
    arguments: tuple[int, int, int]

    @property
    def is_active(self) -> bool:
        """It has work that is not at its end."""
        return self.state in ACTIVE_STATES


def slot_views(ring: Data) -> Iterator[SlotView]:
    """Every slot of a ring.

    Raises:
        RingFormatError: No whole number of slots.
    """
    _check_ring(ring)
    for number, words in enumerate(SLOT_STRUCT.iter_unpack(ring)):
        yield SlotView(number, words[0], words[2], words[1], (words[4], words[5], words[6]))


REQUIRED, LOOKAHEAD = 0, 1
"""Second argument of a window's slot."""


@dataclass(frozen=True, slots=True)
class Window:
    """Slots that belong together: one ticket (first argument) of one windowed operation.

    Attributes:
        ticket: The first argument.
        tenant_id: Of the first such slot.
        opcode: Id of the windowed operation.
        required_slots: Slots whose second argument is 0.
        lookahead_slots: Slots whose second argument is 1.
        states: Slots by state word; unknown ones are left out.
    """

    ticket: int
    tenant_id: int
    opcode: int
    required_slots: int = 0
    lookahead_slots: int = 0
    states: dict[int, int] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Some slot of it has work that is not at its end."""
        return any(self.states.get(int(state)) for state in ACTIVE_STATES)

    def with_slot(self, slot: SlotView) -> Window:
        """The window with one slot more."""
        states = dict(self.states)
        if slot.state < len(TaskState):
            states[slot.state] = states.get(slot.state, 0) + 1
        return replace(
            self,
            required_slots=self.required_slots + (slot.arguments[1] == REQUIRED),
            lookahead_slots=self.lookahead_slots + (slot.arguments[1] == LOOKAHEAD),
            states=states,
        )

    def to_record(self) -> dict[str, object]:
        """Under the runtime's names; Empty slots have none."""
        counts = {name: self.states.get(word, 0) for word, name in enumerate(STATUS_FIELDS) if word}
        return {
            "ticket": self.ticket,
            "tenant_id": self.tenant_id,
            "opcode": self.opcode,
            "required_slots": self.required_slots,
            "lookahead_slots": self.lookahead_slots,
            **counts,
            "is_active": self.is_active,
        }


def windows(slots: Iterator[SlotView], opcodes: Collection[int]) -> list[Window]:
    """The windows of these operations, by ticket, then by operation."""
    found: dict[tuple[int, int], Window] = {}
    for slot in slots:
        if slot.opcode in opcodes:
            key = (slot.arguments[0], slot.opcode)
            window = found.get(key) or Window(slot.arguments[0], slot.tenant_id, slot.opcode)
            found[key] = window.with_slot(slot)
    return [found[key] for key in sorted(found)]


def _share(part: int, total: int, whole: int) -> int:
    return part * whole // total if total else 0


def _check_ring(ring: Data) -> None:
    if len(ring) % SLOT_BYTES:
        raise RingFormatError.left_over_bytes(len(ring), slot_bytes=SLOT_BYTES)
