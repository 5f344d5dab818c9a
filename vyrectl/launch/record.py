"""What a launch leaves in a replay log (spec 3.7): one record for every task that it brought to its end. Imports numpy.

Devices keep no list of their turns, so the records come from the ring before and after: a slot that changed and is Done
or Faulted now gives one, in the order of the slots; a slot that several tasks went through gives one, of the last.
`timestamp_ns` is the end of the launch, `epoch` the one it started with (with which it can be run again), the arguments
are words 4 to 7 as they were before. The evidence is the state, `program_bug` with the fault code for a faulted task,
and the FNV-1a hash of the slot's 64 bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.protocol.replay import (
    FNV_BASIS,
    FNV_PRIME,
    MARKER,
    MAX_CAPACITY,
    RECORD_BYTES,
    FailureClass,
)
from vyrectl.ring.replay_log import ReplayLog
from vyrectl.task.arrays import SlotArray, whole

RECORD_DTYPE = np.dtype(
    [
        ("marker", "<u4"),
        ("timestamp_ns", "<u8"),
        ("slot", "<u4"),
        ("tenant_id", "<u4"),
        ("opcode", "<u4"),
        ("arguments", "<u4", (4,)),
        ("epoch", "<u4"),
        ("slot_status", "<u4"),
        ("failure_class", "<u4"),
        ("backend_code", "<u4"),
        ("output_digest", "<u8"),
    ]
)
"""A record as `vyrectl.protocol.replay` packs it."""

assert RECORD_DTYPE.itemsize == RECORD_BYTES

_SAME_TASK = ("task_id", "op_handle", "tenant_id", "input_handle", "output_handle", "param")
"""Words that no turn changes: a slot in which one differs holds another task than before."""

ARGUMENTS = ("input_handle", "output_handle", "param", "continuation_pc")
CHUNK_SLOTS = 1 << 16

_FRESH = (int(TaskState.EMPTY), int(TaskState.DONE))


def record_launch(path: Path, capacity: int | None, before: SlotArray, after: SlotArray, epoch: int) -> int:
    """Append the records of a launch to a log; a missing log is created.

    Args:
        path: The log.
        capacity: Records that a new log has room for; by default as many as the ring has slots.
        before: The ring as it was, shape (n,).
        after: As it is, likewise.
        epoch: At which the launch started.

    Returns:
        How many tasks ended.

    Raises:
        FileError: The log cannot be written.
        ReplayLogError: The file is no replay log.
    """
    moment = time.time_ns()
    with ReplayLog.open_or_create(
        path, default_capacity(len(after)) if capacity is None else capacity
    ) as log:
        count = 0
        for records in ended_records(before, after, epoch, moment):
            log.append_packed(memoryview(records.tobytes()))
            count += len(records)
        log.sync()
    return count


def default_capacity(slots: int) -> int:
    """Records of a log that nobody gave a size."""
    return min(max(slots, 1), MAX_CAPACITY)


def ended_records(
    before: SlotArray, after: SlotArray, epoch: int, timestamp_ns: int
) -> Iterator[NDArray[np.void]]:
    """The records of the tasks that ended, in chunks of `RECORD_DTYPE`, in slot order."""
    for start in range(0, len(after), CHUNK_SLOTS):
        old, new = (slots[start : start + CHUNK_SLOTS] for slots in (before, after))
        numbers = np.flatnonzero(ended(old, new))
        if len(numbers):
            yield _records(old[numbers], new[numbers], numbers + start, epoch, timestamp_ns)


def ended(before: SlotArray, after: SlotArray) -> NDArray[np.bool_]:
    """Which tasks came to their end: the slot changed, and is Done or Faulted now; booleans, shape (n,)."""
    ends = np.isin(after["state"], (int(TaskState.DONE), int(TaskState.FAULTED)))
    changed: NDArray[np.bool_] = ends & (whole(before) != whole(after))
    return changed


def slot_digests(slots: SlotArray) -> NDArray[np.uint64]:
    """The 64-bit FNV-1a hash of each slot's bytes, shape (n,)."""
    data = np.ascontiguousarray(slots).view(np.uint8).reshape(len(slots), -1)
    values = np.full(len(slots), FNV_BASIS, np.uint64)
    for column in data.T:
        values = (values ^ column) * np.uint64(FNV_PRIME)
    return values


def _records(
    old: SlotArray, new: SlotArray, numbers: NDArray[np.int64], epoch: int, timestamp_ns: int
) -> NDArray[np.void]:
    records = np.zeros(len(numbers), RECORD_DTYPE)
    faulted = new["state"] == int(TaskState.FAULTED)
    records["marker"], records["timestamp_ns"], records["epoch"] = MARKER, timestamp_ns, epoch
    records["slot"], records["tenant_id"], records["opcode"] = numbers, new["tenant_id"], new["op_handle"]
    for place, name in enumerate(ARGUMENTS[:3]):
        records["arguments"][:, place] = new[name]
    records["arguments"][:, 3] = np.where(_published(old, new), new[ARGUMENTS[3]], old[ARGUMENTS[3]])
    records["slot_status"] = new["state"]
    records["failure_class"] = np.where(faulted, int(FailureClass.PROGRAM_BUG), 0)
    records["backend_code"] = np.where(faulted, new["continuation_data"], 0)
    records["output_digest"] = slot_digests(new)
    return records


def _published(old: SlotArray, new: SlotArray) -> NDArray[np.bool_]:
    """Which slots hold a task that came while the launch ran; booleans, shape (n,)."""
    other = np.isin(old["state"], _FRESH)
    for name in _SAME_TASK:
        other |= old[name] != new[name]
    return other
