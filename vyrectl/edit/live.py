"""An edit of a ring that is running: planned on a steady copy, then carried out slot by slot.

May import numpy. `vyrectl.edit.write.edit_ring` comes here when a launch in place holds the ring. The invariant: an
edit that is illegal for a slot as it was looked at changes nothing; afterwards the answer names every slot that was
not changed and what was met there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import live as abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.abi.states import TaskState, state_name
from vyrectl.dataclass import dataclass
from vyrectl.edit.edit import Edit, planned
from vyrectl.edit.editor import LiveRing, Words
from vyrectl.errors import FileError, LifecycleError, LiveEditError, RingHeldError, SidecarError
from vyrectl.files.replace import StrPath, back_up_copy
from vyrectl.ring.steady import copy_ring
from vyrectl.sidecar.launched import way_in
from vyrectl.task.arrays import SlotArray, whole

PATIENCE_SECONDS = 1.0
"""How long an edit waits for slots that a worker holds, in all."""

_RUNNING = int(TaskState.RUNNING)
_NAP_SECONDS = 0.001


@dataclass(slots=True)
class _Missed:
    """A slot that is not changed (yet)."""

    number: int
    state: int
    why: LifecycleError | None = None


def edit_live(
    path: StrPath, plan: Callable[[SlotArray], Edit], *, backup: bool = False, held_by: RingHeldError
) -> Edit:
    """Carry out an edit on a ring that a launch in place is running.

    The plan sees a copy in which every slot is whole. A slot that has moved on by the time it is claimed gets the same
    action if its new words allow it (`Edit.again`), a Running one is waited for, all of them for a second at most.

    Args:
        path: A ring that a launch holds; its sidecar lies beside it.
        plan: As for `vyrectl.edit.write.edit_ring`.
        backup: Keep the copy that was looked at as ``PATH.bak``, or ``PATH.bak.1`` and so on.
        held_by: What to raise when no launch in place runs the ring.

    Returns:
        The edit as it was made.

    Raises:
        RingHeldError: `held_by`: the holder is no launch in place.
        LiveEditError: Some slots were not changed; the error names them.
        LifecycleError: A slot that may not take the action; nothing was changed.
        MissingLibraryError: libatomic is not installed.
    """
    try:
        live = LiveRing.open(path)
    except SidecarError as error:
        held_by.fix = _way_in(path, held_by, error)
        raise held_by from None
    with live:
        copy = copy_ring(path)
        edit = planned(copy.ring, plan)
        changes = edit.changes()
        _refuse_running(changes, path)
        kept = back_up_copy(path, [copy.ring.data]) if (backup or edit.keeps) and len(changes) else None
        return replace(_Course(live, edit).run(), backup=kept)


def _way_in(path: StrPath, held_by: RingHeldError, error: FileError) -> str:
    if held_by.by_another_name:
        return f"{held_by.fix}; a launch in place is reached by the name that it was given"
    if held_by.holder is None or "launch" not in held_by.holder:
        return held_by.fix or ""
    if error.where is not None and "no launch" not in error.what:
        return f"{error.what}. {error.fix or ''}".strip()
    return way_in(path, held_by.holder)


def _refuse_running(changes: Edit, path: StrPath) -> None:
    made = np.flatnonzero((changes.after["state"] == _RUNNING) & (changes.before["state"] != _RUNNING))
    if len(made):
        raise _made_running(f"{path}, slot {int(changes.numbers[made[0]])}")


def _made_running(where: str) -> LiveEditError:
    return LiveEditError(
        "a slot of a ring that is running cannot be made Running by hand",
        where=where,
        fix="Choose another state, or wait for the launch to end",
    )


class _Course:
    """One edit on its way: batches, then again those that moved on."""

    def __init__(self, live: LiveRing, edit: Edit) -> None:
        self._live = live
        self._again = edit.again
        self._changes = edit.changes()
        self._total = len(edit)
        self._missed: list[_Missed] = []
        self._made: list[tuple[NDArray[np.int64], Words, Words]] = []

    def run(self) -> Edit:
        try:
            for numbers, before, after in _batches(self._changes):
                self._write(numbers, before, after)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while any(missed.why is None for missed in self._missed) and time.monotonic() < deadline:
                time.sleep(_NAP_SECONDS)
                self._try_again()
        except SidecarError as error:
            raise self._incomplete(error.what) from None
        if self._missed:
            raise self._incomplete(None)
        return self._as_made()

    def _write(self, numbers: NDArray[np.int64], before: Words, after: Words) -> None:
        at_rest = before[:, 0] != _RUNNING
        done = np.zeros(len(numbers), bool)
        if at_rest.any():
            done[at_rest] = self._live.write(numbers[at_rest].tolist(), before[at_rest], after[at_rest]).done
        if done.any():
            self._made.append((numbers[done], before[done], after[done]))
        for number in numbers[~done].tolist():
            self._missed.append(_Missed(number, self._live.state(number)))

    def _try_again(self) -> None:
        waiting, self._missed = self._missed, []
        for missed in waiting:
            state = missed.state if missed.why else self._live.state(missed.number)
            if missed.why or state == _RUNNING or self._again is None:
                self._missed.append(_Missed(missed.number, state, missed.why))
                continue
            numbers = np.array([missed.number], np.int64)
            before = self._live.read(missed.number).reshape(1, SLOT_WORDS)
            try:
                after = self._again(before.view(SLOT_DTYPE)[:, 0], numbers).view(np.uint32).reshape(1, -1)
            except LifecycleError as error:
                self._missed.append(_Missed(missed.number, int(before[0, 0]), error))
                continue
            if (after == before).all():
                continue
            if int(after[0, 0]) == _RUNNING:
                raise _made_running(f"{self._live.path}, slot {missed.number}")
            self._write(numbers, before, after)

    def _incomplete(self, ended: str | None) -> LiveEditError:
        done = sum(len(numbers) for numbers, _, _ in self._made)
        left = len(self._changes) - done
        illegal = [missed.why for missed in self._missed if missed.why is not None]
        error = LiveEditError(
            _story(done, left, self._missed, ended),
            where=self._live.path,
            fix="Run the command again for the slots that are left",
            changed=done,
            missed=[(missed.number, missed.state) for missed in self._missed],
        )
        if illegal and len(illegal) == left:
            error.exit_code = LifecycleError.exit_code
        return error

    def _as_made(self) -> Edit:
        """The edit with the words that were really met and written."""
        if not self._made:
            return Edit(self._changes.numbers[:0], self._changes.before[:0], self._changes.after[:0])
        numbers = np.concatenate([part[0] for part in self._made])
        order = np.argsort(numbers, kind="stable")
        before, after = (
            np.ascontiguousarray(np.concatenate([part[side] for part in self._made])[order])
            .view(SLOT_DTYPE)
            .reshape(-1)
            for side in (1, 2)
        )
        return Edit(numbers[order], before, after)


def _batches(changes: Edit) -> Iterator[tuple[NDArray[np.int64], Words, Words]]:
    before, after = (_words(slots) for slots in (changes.before, changes.after))
    for start in range(0, len(changes), abi.EDITOR_BATCH):
        part = slice(start, start + abi.EDITOR_BATCH)
        yield changes.numbers[part], before[part], after[part]


def _words(slots: SlotArray) -> Words:
    words: Words = np.ascontiguousarray(whole(slots)).view(np.uint32).reshape(-1, SLOT_WORDS)
    return words


def _story(done: int, left: int, missed: list[_Missed], ended: str | None) -> str:
    shown = ", ".join(f"slot {one.number} is {state_name(one.state)}" for one in missed[:4])
    more = f" and {len(missed) - 4} more" if len(missed) > 4 else ""
    why = "; ".join(part for part in (ended, shown + more) if part)
    return f"{done} of {done + left} slots were changed, {left} were not: {why}"
