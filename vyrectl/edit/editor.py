"""Editing a ring while a launch runs it: an editor acts as one more worker.

May import numpy. For each slot: claim it by compare-and-swap to Running, write its words, count it if it becomes
claimable, publish its state, offer it to the workers, ring the bell. What it is about to do stands in its seat
in the sidecar before it does it, so that an editor that dies half-way is finished by others (`vyrectl.sidecar.crash`).
The invariants: a slot that is Running is never touched, and no editor holds a slot while the launch writes its last
words.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import live as abi
from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS, U32_MAX
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, SidecarError
from vyrectl.files import shrinking
from vyrectl.files.locks import pid_namespace
from vyrectl.files.replace import StrPath
from vyrectl.files.shrinking import Watched
from vyrectl.files.uninterrupted import uninterrupted
from vyrectl.files.window import open_regular
from vyrectl.sidecar.atomics import Atomics, atomics
from vyrectl.sidecar.process import Process
from vyrectl.sidecar.sidecar import Sidecar

Words = NDArray[np.uint32]
"""Slots as words, u32, shape (n, 16)."""

RUNNING = int(TaskState.RUNNING)
_SCHEDULABLE = np.array([int(state) for state in SCHEDULABLE], np.uint32)
_LATE = SidecarError("the launch has ended", fix="Run the command again")


@dataclass(slots=True)
class Answer:
    """What became of a batch.

    Attributes:
        done: Which of the slots were changed, bool, shape (n,).
        pushed: Every slot that is claimable now is in the inbox; the others wait for the next round's index.
    """

    done: NDArray[np.bool_]
    pushed: bool = True


class LiveRing:
    """A ring that a launch runs, and its sidecar, opened by an editor. Close it, or use it with `with`.

    One thread at a time may use it; others open their own.

    Attributes:
        path: Path of the ring, which a launch holds.
        sidecar: `RING.live` of the launch, open.
        words: The ring's words, shape (slots, 16), in the file that the kernel works on; torn while others write.
    """

    def __init__(
        self, path: StrPath, sidecar: Sidecar, mapping: mmap.mmap, watched: Watched | None = None
    ) -> None:
        self.path = os.fspath(path)
        self.sidecar = sidecar
        self._mapping, self._watched = mapping, watched
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
        self._atomics: Atomics = atomics()
        self.words: Words = np.frombuffer(mapping, "<u4").reshape(-1, SLOT_WORDS)
        self._all = sidecar.array()
        self._row = _take_row(sidecar)
        self._seat = _Seat.of(self._all, sidecar.records.editor_base(self._row))

    @classmethod
    def open(cls, path: StrPath) -> LiveRing:
        """Open a ring that is running in place.

        Raises:
            SidecarError: No launch in place runs it, it lets nobody in, or too many processes edit it.
            FileError: It may not be written.
            MissingLibraryError: libatomic is not installed.
        """
        sidecar = Sidecar.open(path)
        try:
            sidecar.await_open()
            return cls(path, sidecar, *_map(path, sidecar))
        except BaseException:
            sidecar.close()
            raise

    def close(self) -> None:
        """Give the editor's seat back and let go of both files."""
        shrinking.look(self._watched)
        _leave_row(self.sidecar, self._row)
        del self.words, self._all, self._seat
        self.sidecar.close()

    def __enter__(self) -> LiveRing:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.words)

    def address_of(self, slot: int) -> int:
        """Where a slot's first word, its state, lies in memory."""
        return self._base + slot * SLOT_BYTES

    def state(self, slot: int) -> int:
        """The state word of a slot."""
        return self._atomics.load(self.address_of(slot))

    def read(self, slot: int, tries: int = 64) -> NDArray[np.uint32]:
        """A slot's 16 words once two reads agree; as they were last after `tries`."""
        seen: NDArray[np.uint32] = self.words[slot].copy()
        for _ in range(tries):
            again: NDArray[np.uint32] = self.words[slot].copy()
            if (again == seen).all():
                break
            seen = again
        return seen

    def write(self, numbers: Sequence[int], before: Words, after: Words) -> Answer:
        """Change slots that still hold what they held when they were looked at.

        Args:
            numbers: Slots, at most `EDITOR_BATCH`, without repeats.
            before: What each must hold, shape (n, 16); none of them Running.
            after: What each is to hold; none of them Running.

        Returns:
            Which were changed; the others are as they were or as others made them.

        Raises:
            SidecarError: The launch has ended or is about to; nothing was changed.
        """
        chosen = np.asarray(numbers, np.int64)
        with self.sidecar.inbox.publishing(), uninterrupted():
            won = self._claim(chosen, before, after)
            done = won.copy()
            done[won] = (self.words[chosen[won], 1:] == before[won, 1:]).all(axis=1)
            back = won & ~done
            self._put_back(chosen[back], before[back])
            pushed = self._publish(chosen[done], before[done], after[done])
            self.sidecar.ring_bell()
        return Answer(done, pushed)

    def _claim(self, numbers: NDArray[np.int64], before: Words, after: Words) -> NDArray[np.bool_]:
        seat, count = self._seat, len(numbers)
        seat.slots[:count] = numbers + 1
        seat.before[:count] = before[:, 0]
        seat.after[:count] = after
        self._phase(abi.PHASE_CLAIMING, count)
        if self.sidecar.load(abi.WORD["STATE"]) != abi.STATE_OPEN:
            self._phase(abi.PHASE_REST, 0)
            raise _LATE
        base, cas = self._base, self._atomics.cas
        pairs = zip(numbers.tolist(), before[:, 0].tolist(), strict=True)
        return np.array([cas(base + number * SLOT_BYTES, state, RUNNING) for number, state in pairs], bool)

    def _put_back(self, numbers: NDArray[np.int64], before: Words) -> None:
        """Slots that came back to the same state with other words: somebody worked on them in between."""
        for number, state in zip(numbers.tolist(), before[:, 0].tolist(), strict=True):
            self._atomics.store(self._base + number * SLOT_BYTES, state)
        self._offer(numbers, before)

    def _publish(self, numbers: NDArray[np.int64], before: Words, after: Words) -> bool:
        seat, count = self._seat, len(numbers)
        if not count:
            self._phase(abi.PHASE_REST, 0)
            return True
        self.sidecar.records.forget(set(numbers.tolist()))
        seat.slots[:] = 0
        seat.slots[:count] = numbers + 1
        seat.after[:count] = after
        self._phase(abi.PHASE_WRITING, count)
        self.words[numbers, 1:] = after[:, 1:]
        new = np.isin(after[:, 0], _SCHEDULABLE) & ~np.isin(before[:, 0], _SCHEDULABLE)
        if new.any():
            self.sidecar.inbox.count_accepted(int(new.sum()))
        self._phase(abi.PHASE_PUBLISHING, count)
        for number, state in zip(numbers.tolist(), after[:, 0].tolist(), strict=True):
            self._atomics.store(self._base + number * SLOT_BYTES, state)
        pushed = self._offer(numbers, after)
        self._phase(abi.PHASE_REST, 0)
        return pushed

    def _offer(self, numbers: NDArray[np.int64], words: Words) -> bool:
        """Push what is claimable: a worker that met the slot while it was held here has dropped its ticket."""
        claimable = numbers[np.isin(words[:, 0], _SCHEDULABLE)].tolist()
        return self.sidecar.inbox.push_many(claimable, ring=False) == len(claimable)

    def _phase(self, phase: int, count: int) -> None:
        base = self.sidecar.records.editor_base(self._row)
        if phase:
            self._all[base + abi.EDITOR_COUNT] = count
        self.sidecar.store(base + abi.EDITOR_PHASE, phase)


@dataclass(frozen=True, slots=True)
class _Seat:
    """Views of one editor's seat."""

    slots: NDArray[np.uint32] = field(repr=False)
    before: NDArray[np.uint32] = field(repr=False)
    after: Words = field(repr=False)

    @classmethod
    def of(cls, words: NDArray[np.uint32], base: int) -> _Seat:
        slots, before, after = (base + at for at in (abi.EDITOR_SLOTS, abi.EDITOR_BEFORE, abi.EDITOR_AFTER))
        rows = words[after : base + abi.EDITOR_WORDS].reshape(abi.EDITOR_BATCH, SLOT_WORDS)
        return cls(words[slots:before], words[before:after], rows)


def _map(path: StrPath, sidecar: Sidecar) -> tuple[mmap.mmap, Watched | None]:
    fd, status = open_regular(path, os.O_RDWR)
    try:
        if not sidecar.belongs_to(status) or status.st_size != sidecar.layout.slots * SLOT_BYTES:
            raise SidecarError(
                "the launch runs another file than the one that the path names now", where=os.fspath(path)
            )
        mapping = mmap.mmap(fd, status.st_size)
        return mapping, shrinking.watch(mapping, os.fspath(path), status)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="map the ring") from error
    finally:
        os.close(fd)


def _take_row(sidecar: Sidecar) -> int:
    """An editor's seat of this process: a free one, or one whose owner died at rest."""
    me = Process.current()
    for row in range(abi.EDITORS):
        base = sidecar.records.editor_base(row)
        owner = sidecar.load(base + abi.EDITOR_PID)
        if owner and not _is_abandoned(sidecar, row):
            continue
        if sidecar.cas(base + abi.EDITOR_PID, owner, _TAKING):
            sidecar.store(base + abi.EDITOR_START_LOW, me.start & U32_MAX)
            sidecar.store(base + abi.EDITOR_START_HIGH, me.start >> 32 & U32_MAX)
            sidecar.store(base + abi.EDITOR_NAMESPACE, pid_namespace() & U32_MAX)
            sidecar.records.lock_editor(row)
            sidecar.store(base + abi.EDITOR_PID, me.pid)
            return row
    raise SidecarError(
        f"{abi.EDITORS} processes are editing this ring already",
        where=sidecar.path,
        fix="Try again when one of them has ended",
    )


_TAKING = U32_MAX
"""Stands for a pid while a seat changes hands; no process has it."""


def _is_abandoned(sidecar: Sidecar, row: int) -> bool:
    base = sidecar.records.editor_base(row)
    if (
        sidecar.load(base + abi.EDITOR_PHASE) != abi.PHASE_REST
        or sidecar.records.editor_process(row).pid == _TAKING
    ):
        return False
    return not sidecar.records.editor_lives(row)


def _leave_row(sidecar: Sidecar, row: int) -> None:
    base = sidecar.records.editor_base(row)
    sidecar.store(base + abi.EDITOR_PID, 0)
