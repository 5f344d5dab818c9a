"""Where the workers of a session say what they have in hand: which memory, and how a copy of it reaches the host.

The seats are `vyrectl.abi.watch`'s. They lie in the live sidecar of a launch in place, in the board of whoever drives
the job where the device shares memory with it, else in a buffer that is copied to the board beside the kernel. Imports
numpy. The invariant: a session whose job is not watched has none of it, and its program neither.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import watch as abi
from vyrectl.engine.backend import Interrupt
from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.queue import DeviceQueue

COPY_SECONDS = 0.25
"""Between two copies of a buffer that the host does not share."""


def seat_words(geometry: Geometry) -> int:
    """Words of a seat: columns for work-items of a group, a line for each that is alone."""
    return abi.GROUP_STRIDE if geometry.driver == "group" else abi.LANE_STRIDE


def seat_count(geometry: Geometry) -> int:
    """Seats of a session: one a work-item, as far as the abi goes."""
    most = abi.MOST_SEATS if seat_words(geometry) == abi.GROUP_STRIDE else abi.MOST_LANE_SEATS
    return min(geometry.workers * geometry.work_group_size, most)


def watch_arguments(memory: Handle, first: int, count: int) -> dict[str, object]:
    """What `vyre_run` takes of seats in a buffer, from a word on."""
    return {"watch_words": memory, "watch_first": first, "watch_seats": count}


class WorkerSeats:
    """The seats of one session.

    Args:
        device: Whose buffers.
        geometry: Says how many.
        board: The host's memory for them, or None.
        coherent: The device works on the host's memory.
    """

    def __init__(
        self, device: DeviceQueue, geometry: Geometry, board: NDArray[np.uint32] | None, *, coherent: bool
    ) -> None:
        self._device, self._board = device, board
        self.count, self._stride = seat_count(geometry), seat_words(geometry)
        self._copies = board is not None and not coherent
        self._due = 0.0
        words = self.count * self._stride
        if board is not None:
            board[: abi.BOARD_SESSION_WORDS] = 0
            board[abi.BOARD_HEAD_WORDS : abi.BOARD_HEAD_WORDS + words] = 0
            board[abi.BOARD_STRIDE] = self._stride
            board[abi.BOARD_SEATS] = self.count
        if board is not None and coherent:
            self._buffer, self._first = device.shared(board), abi.BOARD_HEAD_WORDS
        else:
            self._buffer, self._first = device.buffer(words * 4), 0
            device.write(self._buffer, np.zeros(words, np.uint32))

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of them."""
        return watch_arguments(self._buffer, self._first, self.count)

    def watching(self, interrupt: Interrupt) -> Interrupt:
        """The same, and while it is asked the board is kept up to date."""
        if not self._copies:
            return interrupt

        def ask() -> str | None:
            if time.monotonic() >= self._due:
                self.copy()
                self._due = time.monotonic() + COPY_SECONDS
            return interrupt()

        return ask

    def copy(self) -> None:
        """Bring what the workers write to the board, beside a running kernel; the host's own words there stay."""
        if not self._copies or self._board is None:
            return
        first = abi.BOARD_HEAD_WORDS
        part = self._board[first : first + self.count * self._stride]
        if self._stride == abi.GROUP_STRIDE:
            self._device.read_beside(part[: self.count * abi.WORKERS_WORDS], self._buffer)
        else:
            words = np.empty_like(part)
            self._device.read_beside(words, self._buffer)
            own = slice(abi.WORKERS_WORDS)
            part.reshape(-1, self._stride)[:, own] = words.reshape(-1, self._stride)[:, own]
