"""The runtime's view of a ring and its control buffer (spec 3.8), as a part of `snapshot`. Standard library only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict, cast

from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TRANSITIONABLE, TaskPriority, priority_name
from vyrectl.errors import InvalidInputError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.control import ControlView, decode_control
from vyrectl.protocol.partitions import Partitions
from vyrectl.protocol.runtime import STATUS_FIELDS, Occupancy, RuntimeView, watchdog
from vyrectl.ring.kinds import FileKind
from vyrectl.ring.refusals import refuse_beside
from vyrectl.shapes import Count, Keyed, Word

_PRIORITY = FIELD_INDEX["priority"]


class ClassRow(TypedDict):
    """Open tasks of one class, by the partition that they lie in and by word 3."""

    priority: str
    first_slot: Count
    end_slot: Count
    open_by_partition: Count
    open_by_word: Count


class WatchdogRecord(TypedDict):
    """Whether the queue moved; see `vyrectl.protocol.runtime.Watchdog`."""

    done_delta: Count
    queue_depth: Count
    fault_slots: Count
    requeue_slots: Count
    gpu_idle_ppm: Count
    suspected_stall: bool


class RuntimeRecord(TypedDict):
    """The view (spec 3.8), under the runtime's names; the counters are `vyrectl.protocol.runtime.COUNTERS`."""

    control: str
    shutdown: bool
    epoch: Word
    occupancy: Annotated[Mapping[str, Count], Keyed((*STATUS_FIELDS, "unknown"))]
    total_slots: Count
    queue_depth: Count
    gpu_idle_slots: Count
    gpu_idle_ppm: Count
    frontier_density_bps: Count
    occupancy_proxy_bps: Count
    drained_slots: Count
    unreclaimed_done_slots: Count
    tenant_fairness_total: Count
    tenant_fairness_skew: Count
    priority_fairness_total: Count
    requeue_slots: Count
    fault_slots: Count
    classes: list[ClassRow]
    watchdog: NotRequired[WatchdogRecord]


def runtime_record(control: Path, counts: Sequence[int], unknown: int, data: memoryview) -> RuntimeRecord:
    """The view, under the runtime's names.

    Args:
        control: The control buffer.
        counts: Slots per state word 0 to 7.
        unknown: Slots in an unknown state.
        data: The ring's whole slots.

    Raises:
        FileError: It cannot be read.
        WireBufferError: It is no control buffer.
    """
    words, decoded = read_control(control)
    view = RuntimeView(decoded, Occupancy.of_counts(counts, unknown))
    record = {
        "control": str(control),
        "shutdown": view.control.shutdown,
        "epoch": view.control.epoch,
        "occupancy": asdict(view.occupancy),
        **view.counters(),
        "classes": _classes(words, data),
    }
    return cast(RuntimeRecord, record)


def read_control(path: Path) -> tuple[bytes, ControlView]:
    """A control buffer's bytes, and what they say.

    Raises:
        FileError: It cannot be read.
        OtherKindError: It is a file of another kind.
        WireBufferError: It is no control buffer.
    """
    words = read_whole(path, doing="read the control buffer")
    refuse_beside(words, str(path), FileKind.CONTROL)
    try:
        return words, decode_control(words)
    except InvalidInputError as error:
        raise error.at(str(path)) from None


def _classes(control: bytes, data: memoryview) -> list[ClassRow]:
    """Open tasks of each class, by partition (words 129-134) and by word 3; nothing without partitions."""
    partitions = Partitions.of_control(control)
    if partitions is None:
        return []
    offsets = partitions.offsets
    states, priorities = (memoryview(data).cast("I")[word::SLOT_WORDS] for word in (0, _PRIORITY))
    last = int(max(TaskPriority))
    open_classes = [
        (partitions.index(slot), min(priority, last))
        for slot, (state, priority) in enumerate(zip(states, priorities, strict=True))
        if state in TRANSITIONABLE
    ]
    by_partition = Counter(partition for partition, _ in open_classes)
    by_word = Counter(word for _, word in open_classes)
    return [
        {
            "priority": priority_name(one),
            "first_slot": offsets[one],
            "end_slot": offsets[one + 1],
            "open_by_partition": by_partition[one],
            "open_by_word": by_word[one],
        }
        for one in TaskPriority
    ]


def put_watchdog(runtime: RuntimeRecord, drained_before: int) -> None:
    """Add `watchdog`: whether the queue moved since DONE_COUNT was `drained_before`.

    Raises:
        InvalidInputError: DONE_COUNT went backwards; the error names the control buffer.
    """
    try:
        found = watchdog(drained_before, cast(Mapping[str, int], runtime))
        runtime["watchdog"] = cast(WatchdogRecord, asdict(found))
    except InvalidInputError as error:
        raise error.at(runtime["control"]) from None
