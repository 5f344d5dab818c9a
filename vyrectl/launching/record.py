"""What a launch leaves in a replay log (spec 3.7): endings, or publications as the runtime's own logs hold them.

Devices keep no list of their turns, so the records come from the ring before and after, in the order of the slots; a
slot that several tasks went through gives one record, of the last. `timestamp_ns` is the end of the launch, `epoch` the
one it started with (with which it can be run again), the arguments are words 4 to 7 as they were before.

*Endings*: one for each slot that changed and is Done or Faulted now. The evidence is the state, `program_bug` with the
fault code for a faulted task, and the FNV-1a hash of the slot's 64 bytes.

*Publications*: one for each task that the launch took up, whatever became of it. The evidence keeps the state of a
publication, Ready, so that no reader takes it for an ending. There is some only where a task faulted or has an output:
the buffer that the output handle of a user operation names, as the launch left it. Imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.opcodes import is_system_opcode
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import MissingExtraError
from vyrectl.protocol.replay import (
    FNV_BASIS,
    FNV_PRIME,
    MARKER,
    MAX_CAPACITY,
    RECORD_BYTES,
    FailureClass,
    LogKind,
)
from vyrectl.ring.replay_log import ReplayLog
from vyrectl.task.arrays import SlotArray, whole
from vyrectl.task.distinct import distinct

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
DIGEST_BYTES = 8
"""Of BLAKE3, as a publication keeps them."""

_FRESH = (int(TaskState.EMPTY), int(TaskState.DONE))


@dataclass(frozen=True, slots=True)
class LaunchLog:
    """A replay log that a launch appends to at its end.

    Attributes:
        path: The file; a missing one is created.
        kind: What its records stand for; endings or publications.
        capacity: Records that a new one has room for; by default as many as the ring has slots.
    """

    path: Path
    kind: LogKind = LogKind.ENDINGS
    capacity: int | None = None

    def check(self) -> None:
        """Find out before the launch whether its records can be kept.

        Raises:
            ReplayLogError: The file is no replay log, or holds records of the other kind.
            FileError: It cannot be opened, or a missing one cannot be created.
            MissingExtraError: Publications are asked for and nothing here makes their digests.
        """
        if self.kind is LogKind.PUBLICATIONS:
            blake3_digest(b"")
        ReplayLog.check(self.path, self.kind)


def record_launch(
    log: LaunchLog, before: SlotArray, after: SlotArray, epoch: int, buffers: BufferTable | None = None
) -> int:
    """Append the records of a launch to a log.

    Args:
        log: Where the records go.
        before: The ring as it was, shape (n,).
        after: As it is, likewise.
        epoch: At which the launch started.
        buffers: What handles stand for, as the launch left it; only publications need it.

    Returns:
        How many records it wrote.

    Raises:
        FileError: The log cannot be written.
        ReplayLogError: The file is no replay log.
    """
    moment = time.time_ns()
    if log.kind is LogKind.PUBLICATIONS:
        chunks = published_records(before, after, epoch, moment, buffers or BufferTable())
    else:
        chunks = ended_records(before, after, epoch, moment)
    capacity = default_capacity(len(after)) if log.capacity is None else log.capacity
    with ReplayLog.open_or_create(log.path, capacity) as opened:
        count = 0
        for records in chunks:
            opened.append_packed(memoryview(records.tobytes()))
            count += len(records)
        opened.sync()
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
            records = _records(old[numbers], new[numbers], numbers + start, epoch, timestamp_ns)
            records["slot_status"] = new["state"][numbers]
            records["output_digest"] = slot_digests(new[numbers])
            yield records


def published_records(
    before: SlotArray, after: SlotArray, epoch: int, timestamp_ns: int, buffers: BufferTable
) -> Iterator[NDArray[np.void]]:
    """The records of the tasks that the launch took up, in chunks of `RECORD_DTYPE`, in slot order."""
    digests = {handle: blake3_digest(one.array) for handle, one in buffers.by_handle.items()}
    for start in range(0, len(after), CHUNK_SLOTS):
        old, new = (slots[start : start + CHUNK_SLOTS] for slots in (before, after))
        numbers = np.flatnonzero((whole(old) != whole(new)) & (new["state"] != int(TaskState.EMPTY)))
        if len(numbers):
            records = _records(old[numbers], new[numbers], numbers + start, epoch, timestamp_ns)
            outputs = _output_digests(new[numbers], digests)
            records["output_digest"] = outputs
            told = (outputs != 0) | (records["failure_class"] != 0)
            records["slot_status"] = np.where(told, int(TaskState.READY), 0)
            yield records


def blake3_digest(data: bytes | NDArray[np.generic]) -> int:
    """The digest of an output as the runtime has it: the first 8 bytes, little-endian, of BLAKE3.

    Raises:
        MissingExtraError: The package blake3 is not installed.
    """
    try:
        from blake3 import blake3
    except ImportError:
        raise MissingExtraError("recording publications", "blake3", "record") from None
    raw = data if isinstance(data, bytes) else np.ascontiguousarray(data).reshape(-1).view(np.uint8).data
    return int.from_bytes(blake3(raw).digest(length=DIGEST_BYTES), "little")


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
    records["failure_class"] = np.where(faulted, int(FailureClass.PROGRAM_BUG), 0)
    records["backend_code"] = np.where(faulted, new["continuation_data"], 0)
    return records


def _output_digests(slots: SlotArray, digests: Mapping[int, int]) -> NDArray[np.uint64]:
    """Digest of each task's output, shape (n,); 0 where it has none."""
    found = np.zeros(len(slots), np.uint64)
    ops = distinct(slots["op_handle"]).tolist()
    user = np.isin(slots["op_handle"], [op for op in ops if not is_system_opcode(op)])
    for handle, digest in digests.items():
        found[user & (slots["output_handle"] == handle)] = digest
    return found


def _published(old: SlotArray, new: SlotArray) -> NDArray[np.bool_]:
    """Which slots hold a task that came while the launch ran; booleans, shape (n,)."""
    other = np.isin(old["state"], _FRESH)
    for name in _SAME_TASK:
        other |= old[name] != new[name]
    return other
