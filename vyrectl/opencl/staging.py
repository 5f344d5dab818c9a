"""Copies between the host's memory and a device's own, in pieces through pinned memory, on several threads.

A driver copies pageable memory at a fraction of what the way to the device carries. So each thread moves a piece into
pinned memory of its own, has the device fetch it from there, and fills a second piece meanwhile; the other way round
when it reads. The invariants: a pinned piece is written again only when the device is through with it, and there are at
most `MOST_THREADS` times two of them. Imports numpy; pyopencl comes with the context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vyrectl.opencl.handles import Handle
from vyrectl.task.parts import in_parts, processors

PIECE_BYTES = 4 << 20
PIECES_EACH = 2
MOST_THREADS = 8

LEAST_BYTES = 4 * PIECE_BYTES
"""Fewer are copied by the driver alone."""


class Staging:
    """Pinned pieces of one context, and a queue for their copies; for one caller after another.

    Args:
        cl: The pyopencl module.
        context: pyopencl context.
        threads: How many; as many as there are processors, up to `MOST_THREADS`, when None.
    """

    def __init__(self, cl: Handle, context: Handle, threads: int | None = None) -> None:
        self._cl, self._queue = cl, cl.CommandQueue(context)
        self._lock = Lock()
        self._threads = threads or max(1, min(MOST_THREADS, processors()))
        self._pieces = [[self._pinned(context) for _ in range(PIECES_EACH)] for _ in range(self._threads)]

    def write(self, buffer: Handle, data: NDArray[np.uint8], offset: int = 0) -> None:
        """Copy bytes into a buffer; they are there when this returns."""

        def move(thread: int) -> None:
            busy: list[Handle] = [None] * PIECES_EACH
            for number, (first, end) in enumerate(self._share(thread, len(data))):
                at = number % PIECES_EACH
                if busy[at] is not None:
                    busy[at].wait()
                piece = self._pieces[thread][at][1][: end - first]
                piece[:] = data[first:end]
                busy[at] = self._cl.enqueue_copy(
                    self._queue, buffer, piece, dst_offset=offset + first, is_blocking=False
                )
                self._queue.flush()
            _wait_for(busy)

        self._on_threads(move)

    def read(self, data: NDArray[np.uint8], buffer: Handle, offset: int = 0) -> None:
        """Fill bytes from a buffer."""

        def move(thread: int) -> None:
            under_way: list[tuple[Handle, NDArray[np.uint8], int, int]] = []
            for number, (first, end) in enumerate(self._share(thread, len(data))):
                if len(under_way) == PIECES_EACH:
                    _land(data, *under_way.pop(0))
                piece = self._pieces[thread][number % PIECES_EACH][1][: end - first]
                event = self._cl.enqueue_copy(
                    self._queue, piece, buffer, src_offset=offset + first, is_blocking=False
                )
                self._queue.flush()
                under_way.append((event, piece, first, end))
            for one in under_way:
                _land(data, *one)

        self._on_threads(move)

    def _pinned(self, context: Handle) -> tuple[Handle, NDArray[np.uint8]]:
        cl = self._cl
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.ALLOC_HOST_PTR
        buffer = cl.Buffer(context, flags, PIECE_BYTES)
        ways = cl.map_flags.READ | cl.map_flags.WRITE
        memory, _ = cl.enqueue_map_buffer(self._queue, buffer, ways, 0, (PIECE_BYTES,), np.uint8)
        return buffer, memory

    def _share(self, thread: int, size: int) -> Iterator[tuple[int, int]]:
        """The pieces of so many bytes that a thread moves."""
        for first in range(thread * PIECE_BYTES, size, self._threads * PIECE_BYTES):
            yield first, min(first + PIECE_BYTES, size)

    def _on_threads(self, move: Callable[[int], None]) -> None:
        with self._lock:
            in_parts(self._threads, lambda thread, end: move(thread), self._threads)


def _land(data: NDArray[np.uint8], event: Handle, piece: NDArray[np.uint8], first: int, end: int) -> None:
    event.wait()
    data[first:end] = piece


def _wait_for(events: list[Handle]) -> None:
    for event in events:
        if event is not None:
            event.wait()
