"""What the workers of every device of a launch have in hand, as the command that launched them sees it.

Each device's process writes to a board of its own (`vyrectl.sidecar.board`), made before it is forked, and says when it
takes up a shard and whether it works where the command sees the slots. Slots are called as in the ring wherever they
lie. The invariant: a device without a shard has no workers. Standard library only until slots are gathered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.files.replace import StrPath
from vyrectl.sidecar.board import introduce, make_board, make_order
from vyrectl.sidecar.workers import IsRunning, Looked, Seats, Worker, Workers, WorkerWatch

if TYPE_CHECKING:
    import mmap

    import numpy as np
    from numpy.typing import NDArray

LOOK_SECONDS = 0.1
"""Between two looks; more where a look takes long."""

MOST_SHARE = 0.01
"""Of the time, what looks may take."""


@dataclass(slots=True)
class _Board:
    memory: mmap.mmap
    watch: WorkerWatch | None = None
    is_seen: bool = True


class Boards:
    """The boards of one launch.

    Args:
        ring: Its file, by which others find them.
        devices: What its devices are called.
        is_running: Whether a place is Running, of slots that the command sees.
    """

    def __init__(self, ring: StrPath, devices: Sequence[str], is_running: IsRunning) -> None:
        self._ring, self._is_running = ring, is_running
        self._boards = {device: _Board(make_board(ring, device)) for device in devices}
        self._order: mmap.mmap | None = None
        self._workers = Workers()
        self._due = 0.0

    def gathered(self, order: NDArray[np.int64]) -> None:
        """Slots lie in another order; whoever finds the boards finds it too."""
        self._order = make_order(self._ring, order.astype("<u4").tobytes())

    def memory(self, device: str) -> mmap.mmap:
        """The board of a device, for its process."""
        return self._boards[device].memory

    def begin(self, device: str, *, seen: bool) -> None:
        """A device has taken up a shard.

        Args:
            device: Which.
            seen: It works where the command sees the slots.
        """
        board = self._boards[device]
        board.watch, board.is_seen = WorkerWatch(self._is_running if seen else None, writes=True), seen

    def end(self, device: str) -> None:
        """It has none any more."""
        board = self._boards[device]
        board.watch, board.is_seen = None, True
        Seats.forget(_words(board))

    @property
    def is_busy(self) -> bool:
        """Some device is at work."""
        return any(board.watch is not None for board in self._boards.values())

    @property
    def hides_slots(self) -> bool:
        """Some device works on copies that nobody else sees."""
        return not all(board.is_seen for board in self._boards.values())

    def workers(self) -> Sequence[Worker]:
        """What every worker has in hand, as of a moment ago, by device."""
        now, spent = time.monotonic(), time.thread_time()
        if now >= self._due:
            self._workers = Workers(look for device in self._boards for look in self._look(device))
            self._due = now + max(LOOK_SECONDS, (time.thread_time() - spent) / MOST_SHARE)
        return self._workers

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """The launch stands still with these at work, or gets on (none)."""
        for device, board in self._boards.items():
            _place(board).note_hung([one for one in workers if one.device == device])

    def given(self, ops: Sequence[int]) -> None:
        """The launch was given these operations beside the shipped ones."""
        for board in self._boards.values():
            introduce(board.memory, ops)

    def _look(self, device: str) -> Iterator[Looked]:
        board = self._boards[device]
        if board.watch is not None:
            yield replace(board.watch.look(_place(board)), device=device, order=self._order)


def _words(board: _Board) -> memoryview:
    return memoryview(board.memory).cast("B").cast("I")


def _place(board: _Board) -> Seats:
    return Seats.on_board(_words(board))
