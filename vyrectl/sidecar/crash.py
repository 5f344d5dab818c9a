"""What a dead launch had begun is finished here, from the records in the sidecar that it left.

Whoever takes the ring's lock next comes here first (`vyrectl.sidecar.hold`), so that no other part of the project ever
sees a slot that is half written. Standard library only. The invariants: only Running slots change; each is written
with one `pwrite`; the sidecar goes away after the last, so that a death in the middle is made good by the next.

    worker's record       the turn had ended: its words are written once more, the state included
    editor, writing       likewise
    editor, publishing    its words are whole; its state is published when no worker can have claimed the slot since
    editor, claiming      it had changed nothing: the state comes back, unless a worker may have claimed it
    orphan of a once op   Faulted, with the code `orphaned`
    any other orphan      stays Running, for `recover`
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from vyrectl.abi import live as abi
from vyrectl.abi.faults import ORPHANED
from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS
from vyrectl.abi.slot import FIELD_INDEX, SLOT_STRUCT
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.errors import FileError, SidecarError
from vyrectl.files.replace import StrPath
from vyrectl.files.sync import sync_file
from vyrectl.files.window import open_regular
from vyrectl.sidecar.records import RedoRecord
from vyrectl.sidecar.settlement import COMPLETED, RESTORED, Settlement
from vyrectl.sidecar.settlement import ORPHANED as ORPHANED_TASK
from vyrectl.sidecar.sidecar import Sidecar

EDITOR_SECONDS = 2.0
"""How long an editor that outlived its launch may take to finish its batch."""

_NAP_SECONDS = 0.002
_RUNNING = int(TaskState.RUNNING)
_FAULTED = int(TaskState.FAULTED)
_CLAIMABLE = frozenset(int(state) for state in SCHEDULABLE)
_SCAN_BYTES = 1 << 20


def settle(ring: StrPath) -> Settlement:
    """Finish what a dead launch left and remove its sidecar; the caller has taken the ring's lock.

    A sidecar of another file than the one that the path names is removed and not read.

    Raises:
        SidecarError: It is no sidecar of this version, or a living editor does not finish.
        FileError: The ring cannot be written.
    """
    with Sidecar.open(ring) as sidecar:
        if not _belongs(sidecar, ring):
            sidecar.remove()
            return Settlement()
        sidecar.shut_doors(0.0)
        _wait_for_editors(sidecar)
        settlement = _write(ring, sidecar)
        sidecar.remove()
        return settlement


def finish_editors(ring: StrPath, sidecar: Sidecar) -> int:
    """A living launch's, while no kernel runs and no editor may begin: finish what dead editors left.

    Returns:
        How many slots that were.

    Raises:
        FileError: The ring cannot be written.
    """
    fd, status = open_regular(ring, os.O_RDWR)
    try:
        dead = [row for row in sidecar.records.busy_editors() if not sidecar.records.editor_lives(row)]
        changes = _from_editors(fd, status.st_size, sidecar, dead, workers_rest=True)
        for number, words, _ in changes:
            os.pwrite(fd, SLOT_STRUCT.pack(*words), number * SLOT_BYTES)
        for row in dead:
            sidecar.store(sidecar.records.editor_base(row) + abi.EDITOR_PHASE, abi.PHASE_REST)
        return len(changes)
    except OSError as error:
        raise FileError.from_os_error(error, ring, doing="finish what a dead editor left") from error
    finally:
        os.close(fd)


def preview(ring: StrPath) -> Settlement:
    """What `settle` would do; nothing is written.

    Raises:
        SidecarError: There is no sidecar, or none that can be read.
        FileError: The ring cannot be read.
    """
    with Sidecar.open(ring, writable=False) as sidecar:
        if not _belongs(sidecar, ring):
            return Settlement()
        fd, status = open_regular(ring, os.O_RDONLY)
        try:
            return _settlement(fd, status.st_size, sidecar)
        finally:
            os.close(fd)


def _settlement(fd: int, size_bytes: int, sidecar: Sidecar) -> Settlement:
    listed = list(_changes(fd, size_bytes, sidecar))
    kinds = {number: kind for number, _, kind in listed}
    return Settlement(kinds, {number: words for number, words, _ in listed}, sidecar.epoch)


def _belongs(sidecar: Sidecar, ring: StrPath) -> bool:
    try:
        return sidecar.belongs_to(os.stat(ring))
    except OSError:
        return False


def _wait_for_editors(sidecar: Sidecar) -> None:
    deadline = time.monotonic() + EDITOR_SECONDS
    while True:
        living = [row for row in sidecar.records.busy_editors() if sidecar.records.editor_lives(row)]
        if not living:
            return
        if time.monotonic() >= deadline:
            raise SidecarError(
                f"pid {sidecar.records.editor_process(living[0]).pid} is in the middle of an edit of this ring",
                where=sidecar.path,
                fix="Let it go on, or end it",
            )
        time.sleep(_NAP_SECONDS)


def _write(ring: StrPath, sidecar: Sidecar) -> Settlement:
    fd, status = open_regular(ring, os.O_RDWR)
    try:
        settlement = _settlement(fd, status.st_size, sidecar)
        for number, words in settlement.words.items():
            os.pwrite(fd, SLOT_STRUCT.pack(*words), number * SLOT_BYTES)
        if len(settlement):
            sync_file(fd)
        return settlement
    except OSError as error:
        raise FileError.from_os_error(error, ring, doing="finish what a dead launch left") from error
    finally:
        os.close(fd)


_Change = tuple[int, tuple[int, ...], str]
"""A slot, its words as they are to be, and what that means (`vyrectl.sidecar.settlement`)."""


def _changes(fd: int, size_bytes: int, sidecar: Sidecar) -> Iterator[_Change]:
    settled: set[int] = set()
    for number, words, kind in (
        *_from_editors(fd, size_bytes, sidecar, sidecar.records.busy_editors()),
        *_from_workers(fd, size_bytes, sidecar),
    ):
        if number not in settled:
            settled.add(number)
            yield number, words, kind
    once = sidecar.once_ops()
    if once:
        yield from _once(fd, size_bytes, once, settled)


def _slot(fd: int, size_bytes: int, number: int) -> tuple[int, ...] | None:
    """The words of a slot if it is inside the file and Running."""
    if not 0 <= number < size_bytes // SLOT_BYTES:
        return None
    words = SLOT_STRUCT.unpack(os.pread(fd, SLOT_BYTES, number * SLOT_BYTES))
    return words if words[0] == _RUNNING else None


def _from_workers(fd: int, size_bytes: int, sidecar: Sidecar) -> Iterator[_Change]:
    """Of several records for one slot the one with the most turns: the others are published already."""
    latest: dict[int, RedoRecord] = {}
    for record in sidecar.records.redo():
        known = latest.setdefault(record.slot, record)
        if _turns(record) > _turns(known):
            latest[record.slot] = record
    for record in latest.values():
        words = _slot(fd, size_bytes, record.slot)
        if words is None or record.words[0] == _RUNNING:
            continue
        after = tuple(record.words.get(index, word) for index, word in enumerate(words))
        if after[1:] == words[1:] and words[FIELD_INDEX["op_handle"]] in sidecar.once_ops():
            continue  # perhaps published, and claimed again since
        yield record.slot, after, COMPLETED


def _turns(record: RedoRecord) -> int:
    return record.words[FIELD_INDEX["yield_count"]] + record.words[FIELD_INDEX["requeue_count"]]


def _from_editors(
    fd: int, size_bytes: int, sidecar: Sidecar, rows: list[int], *, workers_rest: bool = False
) -> list[_Change]:
    """What dead editors had begun; where workers rest, a Running slot in a seat can only be that editor's."""
    found: dict[int, list[_Change]] = {phase: [] for phase in abi.PHASES_HOLDING}
    for row in rows:
        base = sidecar.records.editor_base(row)
        phase = sidecar.words[base + abi.EDITOR_PHASE]
        for number, before, after in _held(sidecar, base):
            words = _slot(fd, size_bytes, number)
            if words is None or phase not in found:
                continue
            if phase == abi.PHASE_WRITING:
                found[phase].append((number, after, COMPLETED))
            elif phase == abi.PHASE_PUBLISHING and words[1:] == after[1:]:
                if workers_rest or after[0] not in _CLAIMABLE:
                    found[phase].append((number, after, COMPLETED))
            elif phase == abi.PHASE_CLAIMING and (workers_rest or before not in _CLAIMABLE):
                found[phase].append((number, (before, *words[1:]), RESTORED))
    return [change for phase in abi.PHASES_HOLDING for change in found[phase]]


def _held(sidecar: Sidecar, base: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """The slots of an editor's seat: number, the state it replaces, the words to be."""
    words = sidecar.words
    for place in range(min(words[base + abi.EDITOR_COUNT], abi.EDITOR_BATCH)):
        mark = words[base + abi.EDITOR_SLOTS + place]
        if mark:
            first = base + abi.EDITOR_AFTER + place * SLOT_WORDS
            yield mark - 1, words[base + abi.EDITOR_BEFORE + place], tuple(words[first : first + SLOT_WORDS])


def _once(fd: int, size_bytes: int, once: frozenset[int], settled: set[int]) -> Iterator[_Change]:
    for start in range(0, size_bytes // SLOT_BYTES * SLOT_BYTES, _SCAN_BYTES):
        data = memoryview(os.pread(fd, min(_SCAN_BYTES, size_bytes - start), start))
        states = data[: len(data) // SLOT_BYTES * SLOT_BYTES].cast("I")[::SLOT_WORDS]
        for place, state in enumerate(states):
            number = start // SLOT_BYTES + place
            if state != _RUNNING or number in settled:
                continue
            words = list(SLOT_STRUCT.unpack_from(data, place * SLOT_BYTES))
            if words[FIELD_INDEX["op_handle"]] in once:
                words[0], words[FIELD_INDEX["continuation_data"]] = _FAULTED, ORPHANED
                yield number, tuple(words), ORPHANED_TASK
