"""Tasks that a launch would claim only to fault them: nothing defines their operation, or a buffer is missing.

A fault overwrites continuation_data, which is what a stranger's ring was kept for. So a launch counts these tasks
before anything is claimed, and refuses (`UnrunnableTasksError`) unless it is told to go on. The invariant: what is
counted here would have been Faulted as unknown_op, reserved_op or bad_handle on its first turn. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.opcodes import DFA_STEP, PACKED_SLOT
from vyrectl.abi.states import TaskState
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.op_handles import ARGUMENT_TABLE, Need, Test, needs_of
from vyrectl.engine.ops import OpSource, op_codes, runnable_sources
from vyrectl.engine.quotas import tenants_spent
from vyrectl.engine.schedule import tenants_admitted
from vyrectl.errors import Unrunnable, UnrunnableTasksError
from vyrectl.protocol.packed import MOST_RUN, OP_ARGUMENTS
from vyrectl.task.arrays import SlotArray, is_schedulable

CHUNK_SLOTS = 1 << 20
"""Slots that are looked at together, so that memory stays bounded."""

MOST_ROWS = 4096
"""Different reasons that are told apart; tasks of further ones are counted with the last."""

_PAYLOAD_FIRST_WORD, _PAYLOAD_WORDS = 4, 12
_COMPARE = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_Key = tuple[int, int | str | None, int | None]
"""Operation, the handle that is missing, the inner operation that nothing defines."""


class Defined:
    """The operations of a launch, and what each needs.

    Args:
        sources: The user's sources beside the shipped ones.
        extra: Ids that the backend itself brings a body for.
    """

    def __init__(self, sources: Sequence[OpSource] = (), extra: Iterable[int] = ()) -> None:
        everything = runnable_sources(sources)
        known = {op.id for source in everything for op in source.ops} | set(extra)
        self.known = frozenset(known - {DFA_STEP})
        self.ids = np.array(sorted(self.known), np.uint32)
        self._source_of = {op.id: source for source in everything for op in source.ops}
        self._sources = tuple(sources)

    def needs_of(self, op: int) -> tuple[Need, ...]:
        """What each task of an operation needs; a source is read only for the operations that a ring names."""
        source = self._source_of.get(op)
        return () if source is None else needs_of(source).get(op, ())

    @property
    def names(self) -> Mapping[int, str]:
        """Id -> name of every operation that has one."""
        return {code: name for name, code in op_codes(self._sources).items()}

    def may_lack(self, named: frozenset[int]) -> bool:
        """Whether a task could be faulted for its operation or a buffer, of those that name one of these."""
        return PACKED_SLOT in named or not named <= self.known or any(map(self.needs_of, named))

    def has(self, ops: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which of these ids have a body, bool, the same shape."""
        return np.isin(ops, self.ids)


@lru_cache(maxsize=16)
def defined(sources: tuple[OpSource, ...], extra: frozenset[int]) -> Defined:
    """`Defined`, put together once."""
    return Defined(sources, extra)


def claimable_mask(job: Job, slots: SlotArray) -> NDArray[np.bool_]:
    """Tasks that the first round could claim: schedulable or due, selected, of a tenant that is let in.

    Args:
        job: What says who is selected and let in; of these slots alone.
        slots: Shape (n,).
    """
    epoch = job.control[control_abi.EPOCH.first]
    due = slots["resume_epoch"]
    resumes = (slots["state"] == int(TaskState.PAUSED)) & (due <= epoch) & (due != NEVER_EPOCH)
    mask: NDArray[np.bool_] = resumes | is_schedulable(slots["state"])
    if job.quotas:
        mask &= ~tenants_spent(slots, job.quotas)
    if job.selected is not None:
        mask &= job.selected
    return mask & tenants_admitted(slots, job.control) if job.gate else mask


class Survey:
    """Which tasks a launch would only fault."""

    def __init__(self, defined: Defined, buffers: BufferTable) -> None:
        self._defined = defined
        self._handles = np.array(sorted(buffers.by_handle), np.uint32)
        self._has_arguments = buffers.arguments is not None
        self._rows: dict[_Key, tuple[int, int]] = {}
        self.tasks = 0

    def add(self, slots: SlotArray, which: NDArray[np.bool_], first_slot: int = 0) -> NDArray[np.bool_]:
        """Look at some tasks.

        Args:
            slots: A part of the ring, shape (n,).
            which: Those to look at, bool, shape (n,).
            first_slot: What the first of these slots is called.

        Returns:
            Those that would be faulted, bool, shape (n,).
        """
        found = np.zeros(len(slots), bool)
        reasons: dict[_Key, NDArray[np.bool_]] = {}
        for key, mask in self._reasons(slots, which):
            reasons[key] = reasons[key] | mask if key in reasons else mask
        for key, mask in reasons.items():
            numbers = np.flatnonzero(mask)
            if len(numbers):
                found |= mask
                self._note(key, len(numbers), first_slot + int(numbers[0]))
        self.tasks += int(np.count_nonzero(found))
        return found

    @property
    def rows(self) -> tuple[Unrunnable, ...]:
        """Each reason, the commonest first."""
        names = self._defined.names
        found = (
            Unrunnable(op, names.get(op), handle, inner, count, first)
            for (op, handle, inner), (count, first) in self._rows.items()
        )
        return tuple(sorted(found, key=lambda row: (-row.count, row.op_handle, row.first_slot)))

    def _note(self, key: _Key, count: int, first: int) -> None:
        if key not in self._rows and len(self._rows) >= MOST_ROWS:
            key = next(reversed(self._rows))
        before, earlier = self._rows.get(key, (0, first))
        self._rows[key] = before + count, min(earlier, first)

    def _reasons(
        self, slots: SlotArray, which: NDArray[np.bool_]
    ) -> Iterator[tuple[_Key, NDArray[np.bool_]]]:
        ops = slots["op_handle"]
        lacks = which & ~self._defined.has(ops)
        for op in np.unique(ops[lacks])[:MOST_ROWS].tolist():
            yield (op, None, None), lacks & (ops == op)
        for op in np.unique(ops[which]).tolist():
            if op != PACKED_SLOT and not self._defined.needs_of(op):
                continue
            mine = which & (ops == op)
            reasons = self._inner(slots, mine) if op == PACKED_SLOT else self._handles_of(op, slots, mine)
            yield from reasons

    def _handles_of(
        self, op: int, slots: SlotArray, mine: NDArray[np.bool_]
    ) -> Iterator[tuple[_Key, NDArray[np.bool_]]]:
        for need in self._defined.needs_of(op):
            reaches = mine & ~_has_left(need, slots)
            if need.handle == ARGUMENT_TABLE:
                if not self._has_arguments:
                    yield (op, ARGUMENT_TABLE, None), reaches
                continue
            if isinstance(need.handle, int):
                if need.handle not in self._handles:
                    yield (op, need.handle, None), reaches
                continue
            given = slots[need.handle]
            missing = reaches & ~np.isin(given, self._handles)
            for handle in np.unique(given[missing])[:MOST_ROWS].tolist():
                yield (op, handle, None), missing & (given == handle)

    def _inner(self, slots: SlotArray, mine: NDArray[np.bool_]) -> Iterator[tuple[_Key, NDArray[np.bool_]]]:
        """Packed slots, one of whose operations that would run (spec 3.4) nothing defines."""
        at = np.flatnonzero(mine)
        words = np.ascontiguousarray(slots[at]).view(np.uint32).reshape(len(at), -1)
        payload = np.ascontiguousarray(words[:, _PAYLOAD_FIRST_WORD:]).view(np.uint8)
        count = payload[:, 0].astype(np.int64)
        first = (2 + 2 * count + 3) // 4
        for number in range(MOST_RUN):
            opcode, offset = payload[:, 2 + 2 * number], payload[:, 3 + 2 * number]
            runs = (number < count) & (first + offset + OP_ARGUMENTS <= _PAYLOAD_WORDS)
            lacks = runs & ~self._defined.has(opcode.astype(np.uint32))
            for inner in np.unique(opcode[lacks]).tolist():
                mask = np.zeros(len(slots), bool)
                mask[at[lacks & (opcode == inner)]] = True
                yield (PACKED_SLOT, None, inner), mask


def _has_left(need: Need, slots: SlotArray) -> NDArray[np.bool_]:
    """Tasks that are through before they reach the buffer."""
    left = np.zeros(len(slots), bool)
    for leave in need.unless:
        for tests in leave:
            left |= np.logical_and.reduce([_holds(test, slots) for test in tests])
    return left


def _holds(test: Test, slots: SlotArray) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = _COMPARE[test.sign](slots[test.word].astype(np.int64), test.number)
    return held


def survey(job: Job, defined: Defined) -> tuple[Survey, NDArray[np.bool_] | None]:
    """Look at every task that a launch could claim.

    Args:
        job: The launch: its slots, shape (n,), buffers and argument tables.
        defined: Operations that the launch knows.

    Returns:
        What the first round would fault, and the paused tasks that are not due and would be faulted if the epoch came
        to them, bool, shape (slots,); None when there is none.
    """
    found, later = Survey(defined, job.buffers), Survey(defined, job.buffers)
    waiting: NDArray[np.bool_] | None = None
    if job.op_handles is not None and not defined.may_lack(job.op_handles):
        return found, waiting
    for start in range(0, len(job.slots), CHUNK_SLOTS):
        part = slice(start, start + CHUNK_SLOTS)
        slots = job.slots[part]
        claimable = claimable_mask(_part_of(job, part), slots)
        found.add(slots, claimable, start)
        asleep = later.add(slots, (slots["state"] == int(TaskState.PAUSED)) & ~claimable, start)
        if asleep.any():
            waiting = np.zeros(len(job.slots), bool) if waiting is None else waiting
            waiting[part] = asleep
    return found, waiting


def _part_of(job: Job, part: slice) -> Job:
    from dataclasses import replace

    return job if job.selected is None else replace(job, selected=job.selected[part])


def refuse(found: Survey, ring: str) -> None:
    """Refuse a launch that would fault tasks unseen.

    Raises:
        UnrunnableTasksError: There are such tasks.
    """
    if found.tasks:
        raise UnrunnableTasksError(found.tasks, found.rows, where=None if ring == "-" else ring)
