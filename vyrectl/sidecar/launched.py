"""Where the workers of a ring's launch say what they have in hand: the live sidecar, or the board of one on a copy.

A launch on a copy holds the ring by its lock, or has left a note (`vyrectl.sidecar.note`) where its result goes
elsewhere; then a ring may have several, and is found by the name of a result too. Standard library only.
The invariant: nothing is written.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import SidecarError
from vyrectl.files.replace import StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, holder_of
from vyrectl.files.window import open_regular
from vyrectl.shell import command_line
from vyrectl.sidecar.board import mark_of, open_boards, open_order, ops_given, takes_feed
from vyrectl.sidecar.note import Note, notes_about
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.sidecar.workers import Seats, Worker, busy, noted, of_device

_PID = re.compile(r"pid ([0-9]+) \(")


@dataclass(frozen=True, slots=True)
class Launched:
    """The workers of one launch, or of all that work on copies of one ring.

    Attributes:
        ring: The ring's file as it was named, or the file that a result is to be.
        held_by: Who holds it, None for nobody.
        lives: The launch lives.
        in_place: It works, or worked, on the file itself.
        workers: All of them: with a task first, the longest turn before the others.
        notes: The launches, where their results go elsewhere.
    """

    ring: str
    held_by: str | None
    lives: bool
    in_place: bool
    workers: Sequence[Worker]
    notes: Sequence[Note] = ()

    @property
    def busy(self) -> Sequence[Worker]:
        """Those that have something in hand."""
        return [one for one in self.workers if one.slot is not None]


def workers_of(ring: Path) -> Launched:
    """What the workers of a ring's launch have in hand now, or had when it died.

    Who holds the ring goes first, then launches that read it, then those whose result it will be, then a dead one.

    Args:
        ring: A ring, or the file that the result of a launch will be.

    Raises:
        SidecarError: No launch has left anything to show.
        FileError: The ring cannot be looked at.
    """
    holder = holder_of(ring)
    notes = notes_about(ring) if holder is None else []
    return _of_notes(ring, notes) if notes else _at_ring(ring, holder)


def workers_left(ring: Path) -> Launched:
    """The same of the ring's file alone, whoever reads it.

    Raises:
        SidecarError: No launch has left anything to show.
        FileError: The ring cannot be looked at.
    """
    return _at_ring(ring, holder_of(ring))


def _at_ring(ring: Path, holder: str | None) -> Launched:
    fd, _ = open_regular(ring, os.O_RDONLY)
    try:
        if os.path.lexists(os.path.realpath(ring) + LIVE_SUFFIX):
            return _in_place(ring, holder, fd)
    finally:
        os.close(fd)
    return _on_copy(ring, holder)


def way_in(ring: StrPath, holder: str | None) -> str:
    """What to do for somebody who wants to change what runs and finds no launch in place.

    Args:
        ring: The ring's file.
        holder: Who holds it, as its lock says; None for nobody.
    """
    notes = notes_about(ring) if holder is None else []
    if holder is None and not notes:
        return f"Start one: {command_line('launch', file=ring)}"
    places = [(one.mark, one.pid) for one in notes] or _place(ring, holder)
    boards = [board for mark, pid in places for board in open_boards(mark, pid).values()]
    if not boards:
        return "Wait for it to end"
    feeds = False
    for board in boards:
        with board:
            feeds |= takes_feed(board)
    feed = "publish through its --feed, " * feeds
    ends = f"end it in order: kill -TERM {' '.join(str(pid) for _, pid in places)}"
    return f"It works on a copy, which nobody changes from outside: {feed}wait for it, or {ends}"


def ops_of_copy(ring: Path, holder: str, notes: Sequence[Note] = ()) -> frozenset[int]:
    """Operations that launches on a copy were given beside the shipped ones; none where they do not say.

    Args:
        ring: The ring's file.
        holder: Who holds it, as its lock says.
        notes: The launches, where nobody holds it.

    Raises:
        OSError: The ring is gone.
    """
    found: set[int] = set()
    for mark, pid in [(one.mark, one.pid) for one in notes] or _place(ring, holder):
        for board in open_boards(mark, pid).values():
            with board:
                found |= ops_given(board)
    return frozenset(found)


def workers_noted(notes: Sequence[Note]) -> list[Worker]:
    """What the workers of these launches have in hand; each with its launch, where there are several."""
    several = len(notes) > 1
    found = [
        replace(one, launch=note.pid) if several else one
        for note in notes
        for one in _of_copy(note.mark, note.pid) or ()
    ]
    return _ordered(found)


def pid_of(holder: str | None) -> int | None:
    """The process of a holder, as a lock says it."""
    found = None if holder is None else _PID.match(holder)
    return None if found is None else int(found[1])


def _place(ring: StrPath, holder: str | None) -> list[tuple[str, int]]:
    """By what the boards of a launch that holds its ring are found, if it says its process."""
    pid = pid_of(holder)
    return [] if pid is None else [(mark_of(ring), pid)]


def _in_place(ring: Path, holder: str | None, fd: int) -> Launched:
    with Sidecar.open(ring, writable=False) as sidecar:
        if not sidecar.belongs_to(os.fstat(fd)):
            raise _nothing(ring, "what lies beside it belongs to another file that had its name")
        if not sidecar.layout.watch:
            raise _nothing(
                ring, "its launch was started with --no-watch, or by an older vyrectl", watched=False
            )
        lives = sidecar.launch_lives()
        found = noted(Seats.in_sidecar(sidecar), is_running=_state_reader(fd))
    return Launched(str(ring), holder, lives, True, _ordered(found))


def _of_notes(ring: Path, notes: Sequence[Note]) -> Launched:
    workers = workers_noted(notes)
    if not workers:
        who = " and ".join(map(str, notes))
        raise _nothing(ring, f"{who} has no workers yet, or was started with --no-watch", soon=True)
    return Launched(str(ring), None, True, False, workers, notes)


def _on_copy(ring: Path, holder: str | None) -> Launched:
    if holder is None:
        raise _nothing(ring, "no launch is running this ring, and none has died over it in place")
    found = next((_of_copy(*place) for place in _place(ring, holder)), None)
    if found is None and "(launch" in holder and pid_of(holder) is not None:
        raise _nothing(
            ring, f"{holder} shows no workers yet: it gets its device ready, or compiles", soon=True
        )
    if found is None:
        raise _nothing(ring, f"{holder} holds the ring, and is no launch whose workers may be looked at")
    if not found:
        raise _nothing(ring, f"{holder} has no workers yet, or was started with --no-watch", watched=False)
    return Launched(str(ring), holder, True, False, _ordered(found))


def _of_copy(mark: str, pid: int) -> list[Worker] | None:
    """The workers of a launch on a copy; None where it has no board that may be looked at."""
    boards = open_boards(mark, pid)
    if not boards:
        return None
    order = open_order(mark, pid)
    return [one for device, board in boards.items() for one in _on_board(board, device, order)]


def _on_board(board: mmap.mmap, device: str, order: mmap.mmap | None) -> list[Worker]:
    """The workers of one device; "" for the only one."""
    with board, memoryview(board).cast("B") as data, data.cast("I") as words:
        found = noted(Seats.on_board(words))
    return [of_device(one, device, order) for one in found] if device else found


def _ordered(workers: Sequence[Worker]) -> list[Worker]:
    return [*busy(workers), *(one for one in workers if one.slot is None)]


def _state_reader(fd: int) -> Callable[[int], bool]:
    def is_running(slot: int) -> bool:
        word = os.pread(fd, WORD_BYTES, slot * SLOT_BYTES)
        return int.from_bytes(word, "little") == TaskState.RUNNING

    return is_running


def _nothing(ring: Path, what: str, *, watched: bool = True, soon: bool = False) -> SidecarError:
    """The error for a ring whose workers cannot be shown."""
    again = command_line("launch", file=ring)
    if soon:
        return SidecarError(what, where=str(ring), fix=f"Ask again: {command_line('workers', file=ring)}")
    fix = f"Start one: {again}" if watched else f"Launch it without --no-watch: {again}"
    return SidecarError(what, where=str(ring), fix=fix)
