"""Short buffers come along with each wait: one wait for all of them, and never what was true before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.buffers import MOST_TOLD_BYTES
from vyrectl.opencl.queue import DeviceQueue

BEFORE, AFTER = [5, 0, 3, 11], [6, 7, 12, 12]
"""Words that `vyre_probe_atomics` is given, and what it makes of them."""


class Counted:
    """pyopencl, with a count of copies and of those that are waited for."""

    def __init__(self, cl: Any) -> None:
        self._cl = cl
        self.copies = self.waits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cl, name)

    def enqueue_copy(self, *given: Any, is_blocking: bool = True, **more: Any) -> Any:
        self.copies += 1
        self.waits += is_blocking
        return self._cl.enqueue_copy(*given, is_blocking=is_blocking, **more)


@pytest.fixture
def queue(backend: OpenCLBackend) -> Iterator[DeviceQueue]:
    """A CPU device stands in for one with memory of its own."""
    made = DeviceQueue(replace(backend.program(), coherent=False, station=None))
    made.cl = Counted(made.cl)
    yield made
    made.close()


def words_of(queue: DeviceQueue, buffer: Any) -> list[int]:
    words = np.empty(4, np.uint32)
    queue.read(words, buffer)
    return words.tolist()


def test_all_come_with_one_wait(queue: DeviceQueue) -> None:
    made = [queue.filled(np.array(BEFORE, np.uint32)) for _ in range(3)]
    for one in made:
        queue.tell(one, 16)
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=made[1])
    queue.wait()
    counted = queue.cl
    assert (counted.copies, counted.waits) == (6, 4)
    assert [words_of(queue, one) for one in made] == [BEFORE, AFTER, BEFORE]
    assert queue.word(made[1], 2) == AFTER[2]
    assert (counted.copies, counted.waits) == (6, 4)


def test_what_is_known_is_not_read(queue: DeviceQueue) -> None:
    first = np.array(BEFORE, np.uint32)
    buffer = queue.filled(first)
    queue.tell(buffer, 16, first)
    copies = queue.cl.copies
    first[:] = 0
    assert words_of(queue, buffer) == BEFORE
    assert queue.cl.copies == copies


@pytest.mark.parametrize("how", ["write", "word", "clear", "beside"])
def test_what_was_written_since_is_read(queue: DeviceQueue, how: str) -> None:
    buffer = queue.filled(np.array(BEFORE, np.uint32))
    queue.tell(buffer, 16)
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=buffer)
    queue.wait()
    if how == "write":
        queue.write(buffer, np.array([1, 2, 3, 4], np.uint32))
    elif how == "word":
        queue.write_word(buffer, 0, 1)
    elif how == "clear":
        queue.clear(buffer, 8)
    else:
        queue.write_beside(buffer, np.array([9], np.uint32))
    wanted = {
        "write": [1, 2, 3, 4],
        "word": [1, *AFTER[1:]],
        "clear": [0, 0, *AFTER[2:]],
        "beside": [9, *AFTER[1:]],
    }
    assert words_of(queue, buffer) == wanted[how]


def test_what_runs_since_is_waited_for(queue: DeviceQueue) -> None:
    first = np.array(BEFORE, np.uint32)
    buffer = queue.filled(first)
    queue.tell(buffer, 16, first)
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=buffer)
    assert words_of(queue, buffer) == AFTER
    queue.wait()
    assert words_of(queue, buffer) == AFTER


def test_a_part_that_is_not_told_is_read(queue: DeviceQueue) -> None:
    first = np.array(BEFORE, np.uint32)
    buffer = queue.filled(first)
    queue.tell(buffer, 8, np.array([70, 71, 72, 73], np.uint32))
    assert queue.word(buffer, 1) == 71
    assert words_of(queue, buffer) == BEFORE


def test_a_long_buffer_does_not_come_along(queue: DeviceQueue) -> None:
    long = np.zeros(MOST_TOLD_BYTES // 4 + 1, np.uint32)
    buffer = queue.filled(long)
    queue.tell(buffer, long.nbytes, long + 1)
    assert queue.word(buffer, 0) == 0
