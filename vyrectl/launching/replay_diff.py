"""A replay log run again: its records against a fresh ring on the reference backend, up to the first divergence.

Imports numpy. A record stands for a task that the ring holds already (its words must agree), or, where its slot is
Empty or Done, for one that is published there first. Records go in waves: a slot that comes a second time begins a
new one, after the tasks before it have run. What a record has no evidence of is not compared. Nothing but a copy is at
stake, so tasks that can only fault are run as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.faults import fault_name
from vyrectl.abi.states import SCHEDULABLE, TaskState, state_name
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import SlotStatusError, UsageError
from vyrectl.launching.backends import REFERENCE
from vyrectl.launching.record import ARGUMENTS, ended, slot_digests
from vyrectl.launching.run import launch
from vyrectl.protocol.publish import plan_publication, task_words
from vyrectl.protocol.replay import ReplayRecord
from vyrectl.ring.file import Ring
from vyrectl.shapes import Count
from vyrectl.task.arrays import SlotArray

_HELD = frozenset({*SCHEDULABLE, TaskState.PAUSED})


class DivergenceRecord(TypedDict):
    """Where a replay parts from its log; see `Divergence`."""

    record: Count | None
    slot: Count
    what: str
    logged: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where log and replay part.

    Attributes:
        record: Index of the record, from the oldest; None when the log has none for the slot.
        slot: Slot index.
        what: Which word or number.
        logged: As the log has it.
        replayed: As the ring or the replay has it.
    """

    record: int | None
    slot: int
    what: str
    logged: str
    replayed: str

    def to_record(self) -> DivergenceRecord:
        """Everything by name."""
        return cast(DivergenceRecord, asdict(self))


@dataclass(slots=True)
class ReplayDiff:
    """What a replay found.

    Attributes:
        divergence: The first one, or None.
        compared: Records whose evidence agreed.
        without_evidence: Records that ran and say nothing about how the task ended.
        published: Records that were published into free slots.
        waves: Launches that it took.
    """

    divergence: Divergence | None = None
    compared: int = 0
    without_evidence: int = 0
    published: int = 0
    waves: int = 0


def replay_against(
    records: Sequence[ReplayRecord],
    slots: SlotArray,
    *,
    buffers: BufferTable | None = None,
    control: NDArray[np.uint32] | None = None,
    complete: bool = True,
    digests: bool = True,
) -> ReplayDiff:
    """Run a log's records again.

    Args:
        records: From the oldest.
        slots: The fresh ring, shape (n,); changed.
        buffers: What handles stand for; writable arrays are changed.
        control: Control buffer to start from; changed. Each wave starts at the epoch of its first record.
        complete: Whether the log has a record for every task, so that one without is a divergence.
        digests: Compare output_digest, which only logs of `launch --record` hold in this form.
    """
    ring, found = Ring.from_slots(slots), ReplayDiff()
    table = buffers or BufferTable()
    for wave in _waves(records):
        found.divergence = _first(_placements(wave, slots, found))
        if found.divergence is not None:
            return found
        before = slots.copy()
        report = launch(
            ring,
            device=REFERENCE,
            buffers=table,
            control=control,
            epoch=wave[0][1].epoch,
            fault_unknown=True,
        )
        control = report.control
        found.waves += 1
        found.divergence = _first(_comparisons(wave, slots, found, digests=digests))
        if found.divergence is None and complete and found.waves == 1:
            found.divergence = _unlogged(before, slots, records)
        if found.divergence is not None:
            return found
    return found


Numbered = tuple[int, ReplayRecord]


def _waves(records: Sequence[ReplayRecord]) -> Iterator[list[Numbered]]:
    wave: list[Numbered] = []
    taken: set[int] = set()
    for numbered in enumerate(records):
        slot = numbered[1].slot
        if slot in taken:
            yield wave
            wave, taken = [], set()
        wave.append(numbered)
        taken.add(slot)
    if wave:
        yield wave


def _first(found: Iterator[Divergence | None]) -> Divergence | None:
    return next((one for one in found if one is not None), None)


def _placements(wave: Sequence[Numbered], slots: SlotArray, found: ReplayDiff) -> Iterator[Divergence | None]:
    """Put each record's task into its slot, or find it there."""
    numbers = np.array([record.slot for _, record in wave], np.int64)
    there = slots[numbers[numbers < len(slots)]]
    words = zip(*(there[name].tolist() for name in ("state", *COMPARED)), strict=True)
    for index, record in wave:
        if record.slot >= len(slots):
            yield Divergence(index, record.slot, "slot", str(record.slot), f"the ring has {len(slots)}")
            return
        state, *task = next(words)
        held = state in _HELD
        yield _same_task(index, record, task) if held else _published(index, record, slots, found)


def _published(index: int, record: ReplayRecord, slots: SlotArray, found: ReplayDiff) -> Divergence | None:
    try:
        words = task_words(record.tenant_id, record.opcode, record.arguments)
        plan_publication(memoryview(slots.view(np.uint8).data), record.slot, [words])
    except UsageError as error:
        return Divergence(index, record.slot, "opcode", f"0x{record.opcode:x}", error.what)
    except SlotStatusError as error:
        return Divergence(index, record.slot, "state", "a task to run", state_name(error.state))
    slots[record.slot] = words
    found.published += 1
    return None


COMPARED = ("tenant_id", "op_handle", *ARGUMENTS)
"""Words of a task that a record holds."""


def _same_task(index: int, record: ReplayRecord, task: Sequence[int]) -> Divergence | None:
    logged = (record.tenant_id, record.opcode, *record.arguments)
    for name, word, there in zip(COMPARED, logged, task, strict=True):
        if there != word:
            return Divergence(index, record.slot, name, str(word), str(there))
    return None


def _comparisons(
    wave: Sequence[Numbered], slots: SlotArray, found: ReplayDiff, *, digests: bool
) -> Iterator[Divergence | None]:
    """Each record's evidence against its slot; counts those that agree."""
    ran = slots[np.array([record.slot for _, record in wave], np.int64)]
    columns = (ran["state"].tolist(), ran["continuation_data"].tolist(), slot_digests(ran).tolist())
    for (index, record), state, data, digest in zip(wave, *columns, strict=True):
        code = data if state == TaskState.FAULTED else 0
        yield _compared(index, record, found, (state, code, digest if digests else None))


def _compared(
    index: int, record: ReplayRecord, found: ReplayDiff, got: tuple[int, int, int | None]
) -> Divergence | None:
    told, (state, code, digest) = record.evidence, got
    if told is None or not told.is_ending:
        found.without_evidence += 1
        return None
    if told.slot_status != state:
        came = f"{state_name(state)} ({fault_name(code)})" if code else state_name(state)
        return Divergence(index, record.slot, "state", state_name(told.slot_status), came)
    if told.backend_code != code:
        return Divergence(index, record.slot, "fault code", str(told.backend_code), str(code))
    if digest is not None and told.output_digest != digest:
        return Divergence(
            index, record.slot, "output_digest", f"0x{told.output_digest:016x}", f"0x{digest:016x}"
        )
    found.compared += 1
    return None


def _unlogged(before: SlotArray, slots: SlotArray, records: Sequence[ReplayRecord]) -> Divergence | None:
    """A task that ended in the replay and has no record."""
    logged = np.zeros(len(slots), bool)
    logged[[record.slot for record in records]] = True
    numbers = np.flatnonzero(ended(before, slots) & ~logged)
    if not len(numbers):
        return None
    slot = int(numbers[0])
    return Divergence(None, slot, "record", "none", state_name(int(slots["state"][slot])))
