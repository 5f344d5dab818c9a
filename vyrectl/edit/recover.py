"""Puts the orphans of a dead launch back: tasks that are Running while nobody runs them.

May import numpy. A ring does not hold the state that a claim replaced, so an orphan goes on from its last
published continuation (words 7 and 8, which a claim leaves alone): by default it is requeued as spec 1.6 says,
with its own words and priority. Turns and edits that a killed launch in place had begun to write are finished first, by
whoever takes the lock (`vyrectl.sidecar.crash`). The invariant: only Running slots change, only while nobody holds the
ring, and every byte around them stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import ORPHANED
from vyrectl.abi.limits import MAX_SLOTS, SLOT_BYTES, U32_MAX
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.edit.arguments import Act, holding_arguments, sparing, tell_spared
from vyrectl.edit.edit import Edit
from vyrectl.edit.write import edit_ring
from vyrectl.errors import FileError, RingHeldError, UnknownNameError
from vyrectl.files.replace import StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, holder_of
from vyrectl.files.temporary import abandoned_files
from vyrectl.ring.looking import open_to_write
from vyrectl.shapes import Among, Count, Word
from vyrectl.sidecar.crash import preview
from vyrectl.sidecar.hold import Hold, hold
from vyrectl.sidecar.settlement import Settlement
from vyrectl.task.arrays import SlotArray, apply_transition, whole
from vyrectl.task.lifecycle import TRANSITIONS

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "requeued": ("requeue",),
    "yielded": ("yield",),
    "ready": ("pause", "resume"),
    "faulted": ("fault",),
}
"""What an orphan can become -> the lifecycle actions that make it so, one after the other.

`ready` counts nothing: pausing and resuming is the one way of spec 1.6 from Running to Ready.
"""

DEFAULT_OUTCOME = "requeued"

_ROLE = "recover"

Choose = Callable[[SlotArray], NDArray[np.int64]]
"""Gives the slot numbers that may be recovered, sorted."""


_Become = TypedDict("_Become", {"as": Annotated[str, Among(OUTCOMES)]})


class RecoveryRecord(_Become):
    """A recovery without its slots."""

    ring: str
    slots: Count
    recovered_count: Count
    refused: list[Count]
    not_chosen: Count
    schedulable: Count
    unknown: Count
    left_over_bytes: Count
    abandoned: list[str]
    finished: list[Count]
    faulted: list[Count]
    epoch: Word | None
    dry_run: bool
    backup: str | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery did, or would do.

    Attributes:
        ring: Path of the ring as it was given.
        slots: Slots that were looked at.
        outcome: What the orphans became, a key of `OUTCOMES`.
        edit: The recovered slots, before and after.
        refused: Orphans left as they are because a counter is at its end; slot numbers, int64, shape (n,).
        not_chosen: Orphans that were not to be recovered.
        schedulable: Slots a launch will claim afterwards.
        unknown: Slots with a state word outside spec 1.3, left as they are.
        left_over_bytes: Bytes after the last whole slot, left as they are.
        abandoned: Temporary files of killed writers beside the ring, before the recovery.
        finished: Slots whose turn or edit was half written and has been finished, or would be.
        faulted: Orphans of operations that may not run twice; they are Faulted, or would be.
        epoch: Where the dead launch's epoch stood; None when nothing says so.
        dry_run: True when nothing was written.
        backup: The old ring's new name, or None.
    """

    ring: str
    slots: int
    outcome: str
    edit: Edit
    refused: NDArray[np.int64]
    not_chosen: int
    schedulable: int
    unknown: int
    left_over_bytes: int
    abandoned: tuple[str, ...]
    dry_run: bool
    backup: str | None = None
    finished: tuple[int, ...] = ()
    faulted: tuple[int, ...] = ()
    epoch: int | None = None

    @property
    def is_complete(self) -> bool:
        """True when no orphan that was chosen is left."""
        return not len(self.refused)

    def to_record(self) -> RecoveryRecord:
        """The recovery without its slots, as JSON shows it."""
        return {
            "ring": self.ring,
            "slots": self.slots,
            "as": self.outcome,
            "recovered_count": len(self.edit),
            "refused": self.refused.tolist(),
            "not_chosen": self.not_chosen,
            "schedulable": self.schedulable,
            "unknown": self.unknown,
            "left_over_bytes": self.left_over_bytes,
            "abandoned": list(self.abandoned),
            "finished": list(self.finished),
            "faulted": list(self.faulted),
            "epoch": self.epoch,
            "dry_run": self.dry_run,
            "backup": self.backup,
        }


def recover_ring(
    path: StrPath,
    *,
    outcome: str = DEFAULT_OUTCOME,
    choose: Choose | None = None,
    partial: bool = False,
    backup: bool = False,
    dry_run: bool = False,
    offset: int = 0,
    count: int | None = None,
    force: bool = False,
) -> Recovery:
    """Put the orphans of a ring back.

    Args:
        path: The ring file.
        outcome: What they become, a key of `OUTCOMES`.
        choose: Which slots may be recovered; all by default.
        partial: Recover the whole slots of a file that ends in a part of one; that part is kept.
        backup: Keep the old file as ``PATH.bak``, or ``PATH.bak.1`` and so on where there is one already.
        dry_run: Only say what would be done.
        offset: Bytes before the first slot, for a ring that lies inside a larger file.
        count: Its slots; by default everything up to the end.
        force: Also recover what does not look like a ring.

    Raises:
        UnknownNameError: No such outcome.
        FileError: The ring cannot be read or written. The old bytes stay.
        RingFormatError: The file is not a whole number of slots, and `partial` is False.
        NotARingError: It does not look like a ring, and `force` is False.
        RingHeldError: A live process holds the ring, and with it perhaps these tasks.
    """
    if outcome not in OUTCOMES:
        raise UnknownNameError("outcome", outcome, tuple(OUTCOMES))
    holder = holder_of(path)
    if holder is not None:
        raise RingHeldError(path, holder)
    abandoned = tuple(abandoned_files(path))
    plan = _Recovering(outcome, choose, force=force)
    window = _Window(path, offset, count, partial=partial, force=force)
    kept = None
    if dry_run:
        plan.settled = settled = _would_settle(path)
        with open_to_write(path, offset=offset, count=window.count, force=force) as ring:
            plan(ring.slots)
    else:
        open_to_write(path, offset=offset, count=window.count, force=force).close()
        with hold(path, role=_ROLE) as held:
            kept, settled = window.write(plan, held, backup=backup), held.settled
    return replace(
        plan.report,
        ring=str(path),
        left_over_bytes=window.left_over,
        abandoned=abandoned,
        dry_run=dry_run,
        finished=settled.finished,
        faulted=settled.faulted,
        epoch=settled.epoch,
        backup=kept,
    )


def recovered(before: SlotArray, numbers: NDArray[np.int64], outcome: str) -> SlotArray:
    """Running slots as they are after their recovery; words that the lifecycle does not name stay.

    Args:
        before: Running slots, `SLOT_DTYPE`, shape (n,); not changed.
        numbers: Their numbers, for errors.
        outcome: A key of `OUTCOMES`.

    Raises:
        CounterOverflowError: A counter that would rise is at its end.
    """
    after = before
    for action in OUTCOMES[outcome]:
        arguments = TRANSITIONS[action].arguments
        given = {"code": ORPHANED} if "code" in arguments else dict.fromkeys(arguments, 0)
        after = apply_transition(after, action, numbers, **given)
        for argument, field in arguments.items():
            if argument != "code":
                after[field] = before[field]
    return after


class _Recovering:
    """Plans the edit, and notes what else the ring holds."""

    report: Recovery

    def __init__(self, outcome: str, choose: Choose | None, *, force: bool) -> None:
        self._outcome = outcome
        self._force = force
        self._choose = choose
        self.settled = Settlement()

    def __call__(self, slots: SlotArray) -> Edit:
        slots = _patched(slots, self.settled)
        states = slots["state"]
        orphans = np.flatnonzero(states == int(TaskState.RUNNING))
        chosen = orphans if self._choose is None else np.intersect1d(orphans, self._choose(slots))
        full = self._at_end(slots, chosen)
        numbers = chosen[~full]
        before = whole(slots)[numbers].view(SLOT_DTYPE)
        edit = Edit(numbers, before, self._act(slots)(before, numbers))
        if not self._force:
            tell_spared(slots, numbers, _ROLE)
        self.report = Recovery(
            ring="-",
            slots=len(slots),
            outcome=self._outcome,
            edit=edit,
            refused=chosen[full],
            not_chosen=len(orphans) - len(chosen),
            schedulable=_count(states, SCHEDULABLE) + _count(edit.after["state"], SCHEDULABLE),
            unknown=int(np.count_nonzero(states >= len(TaskState))),
            left_over_bytes=0,
            abandoned=(),
            dry_run=False,
        )
        return edit

    def _act(self, slots: SlotArray) -> Act:
        def act(before: SlotArray, which: NDArray[np.int64]) -> SlotArray:
            return recovered(before, which, self._outcome)

        return act if self._force else sparing(slots, act, _ROLE)

    def _at_end(self, slots: SlotArray, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the slots have a counter at its end that would have to rise."""
        full = np.zeros(len(numbers), np.bool_)
        for action in OUTCOMES[self._outcome]:
            for counter in TRANSITIONS[action].counters:
                full |= slots[counter][numbers] == U32_MAX
        if full.any() and not self._force:
            full &= ~holding_arguments(slots, numbers)
        return full


def _patched(slots: SlotArray, settled: Settlement) -> SlotArray:
    """The slots as they are once a dead launch's work is finished."""
    if not len(settled):
        return slots
    patched = whole(slots).copy().view(SLOT_DTYPE)
    for number, words in settled.words.items():
        patched[number] = words
    return patched


def _count(states: NDArray[np.uint32], wanted: frozenset[TaskState]) -> int:
    return int(np.count_nonzero(np.isin(states, [int(state) for state in wanted])))


class _Window:
    """Which slots of which file are looked at."""

    def __init__(self, path: StrPath, offset: int, count: int | None, *, partial: bool, force: bool) -> None:
        self._path = path
        self._offset = offset
        self._force = force
        rest = max(_size(path) - offset, 0) if partial and count is None else 0
        self.left_over = rest % SLOT_BYTES
        """Bytes after the last whole slot, 0 unless such a file is accepted."""
        self.count = min(rest // SLOT_BYTES, MAX_SLOTS) if self.left_over else count

    def write(self, plan: _Recovering, held: Hold, *, backup: bool) -> str | None:
        """Carry the plan out; returns the backup's name."""
        edit = edit_ring(
            self._path,
            plan,
            backup=backup,
            role=_ROLE,
            held=held,
            offset=self._offset,
            count=self.count,
            force=self._force,
        )
        return edit.backup


def _would_settle(path: StrPath) -> Settlement:
    """What taking the lock would finish of a dead launch's work."""
    if not os.path.lexists(os.path.realpath(path) + LIVE_SUFFIX):
        return Settlement()
    return preview(path)


def _size(path: StrPath) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="open the ring") from error
