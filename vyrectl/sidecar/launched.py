"""Where the workers of a ring's launch say what they have in hand: the live sidecar, or the board of one on a copy.

Standard library only. The invariant: nothing is written.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.errors import SidecarError
from vyrectl.files.replace import StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, holder_of
from vyrectl.files.window import open_regular
from vyrectl.shell import command_line
from vyrectl.sidecar.board import open_boards, open_order, ops_given, takes_feed
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.sidecar.workers import Seats, Worker, busy, noted, of_device

_PID = re.compile(r"pid ([0-9]+) \(")


@dataclass(frozen=True, slots=True)
class Launched:
    """The workers of one launch.

    Attributes:
        ring: The ring's file as it was named.
        held_by: Who holds it, None for nobody.
        lives: The launch lives.
        in_place: It works, or worked, on the file itself.
        workers: All of them: with a task first, the longest turn before the others.
    """

    ring: str
    held_by: str | None
    lives: bool
    in_place: bool
    workers: Sequence[Worker]

    @property
    def busy(self) -> Sequence[Worker]:
        """Those that have something in hand."""
        return [one for one in self.workers if one.slot is not None]


def workers_of(ring: Path) -> Launched:
    """What the workers of a ring's launch have in hand now, or had when it died.

    Raises:
        SidecarError: No launch has left anything to show.
        FileError: The ring cannot be looked at.
    """
    holder = holder_of(ring)
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
    if holder is None:
        return f"Start one: {command_line('launch', file=ring)}"
    pid = _PID.match(holder)
    boards = open_boards(ring, int(pid[1])) if pid is not None else {}
    if pid is None or not boards:
        return "Wait for it to end"
    feeds = False
    for board in boards.values():
        with board:
            feeds |= takes_feed(board)
    feed = "publish through its --feed, " * feeds
    ends = f"end it in order: kill -TERM {pid[1]}"
    return f"It works on a copy, which nobody changes from outside: {feed}wait for it, or {ends}"


def ops_of_copy(ring: Path, holder: str) -> frozenset[int]:
    """Operations that a launch on a copy was given beside the shipped ones; none where it does not say.

    Args:
        ring: The ring's file.
        holder: Who holds it, as its lock says.
    """
    pid = _PID.match(holder)
    found: set[int] = set()
    for board in (open_boards(ring, int(pid[1])) if pid else {}).values():
        with board:
            found |= ops_given(board)
    return frozenset(found)


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


def _on_copy(ring: Path, holder: str | None) -> Launched:
    if holder is None:
        raise _nothing(ring, "no launch is running this ring, and none has died over it in place")
    pid = _PID.match(holder)
    boards = open_boards(ring, int(pid[1])) if pid else {}
    if pid is not None and not boards and "(launch" in holder:
        raise _nothing(
            ring, f"{holder} shows no workers yet: it gets its device ready, or compiles", soon=True
        )
    if pid is None or not boards:
        raise _nothing(ring, f"{holder} holds the ring, and is no launch whose workers may be looked at")
    order = open_order(ring, int(pid[1]))
    found = [one for device, board in boards.items() for one in _on_board(board, device, order)]
    if not found:
        raise _nothing(ring, f"{holder} has no workers yet, or was started with --no-watch", watched=False)
    return Launched(str(ring), holder, True, False, _ordered(found))


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
