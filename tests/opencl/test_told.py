"""Short buffers come along with each wait: one copy for all of them, and never what was true before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.buffers import BOARD_BYTES
from vyrectl.opencl.queue import DeviceQueue

BEFORE, AFTER = [5, 0, 3, 11], [6, 7, 12, 12]
"""Words that `vyre_probe_atomics` is given, and what it makes of them."""


class Counted:
    """pyopencl, with a count of copies."""

    def __init__(self, cl: Any) -> None:
        self._cl = cl
        self.copies = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cl, name)

    def enqueue_copy(self, *given: Any, **more: Any) -> Any:
        self.copies += 1
        return self._cl.enqueue_copy(*given, **more)


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


def made(queue: DeviceQueue) -> Any:
    """A told buffer that begins with BEFORE."""
    buffer = queue.told(16)
    queue.write(buffer, np.array(BEFORE, np.uint32))
    return buffer


def test_all_come_with_one_copy(queue: DeviceQueue) -> None:
    buffers = [made(queue) for _ in range(3)]
    copies = queue.cl.copies
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=buffers[1])
    queue.wait()
    assert [words_of(queue, one) for one in buffers] == [BEFORE, AFTER, BEFORE]
    assert queue.word(buffers[1], 2) == AFTER[2]
    assert queue.cl.copies == copies + 1


@pytest.mark.parametrize("how", ["write", "word", "clear", "beside"])
def test_what_was_written_since_is_read(queue: DeviceQueue, how: str) -> None:
    buffer, other = made(queue), made(queue)
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
    assert words_of(queue, other) == BEFORE


def test_what_was_written_whole_is_known(queue: DeviceQueue) -> None:
    buffer = made(queue)
    copies = queue.cl.copies
    assert words_of(queue, buffer) == BEFORE
    queue.write_word(buffer, 1, 8)
    assert words_of(queue, buffer) == [5, 8, 3, 11]
    assert queue.cl.copies == copies + 1


def test_what_was_written_in_part_is_read(queue: DeviceQueue) -> None:
    buffer = made(queue)
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=buffer)
    queue.write_word(buffer, 1, 8)
    assert words_of(queue, buffer) == [AFTER[0], 8, *AFTER[2:]]


def test_what_runs_since_is_waited_for(queue: DeviceQueue) -> None:
    buffer = made(queue)
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=buffer)
    assert words_of(queue, buffer) == AFTER
    queue.wait()
    assert words_of(queue, buffer) == AFTER


def test_what_does_not_fit_is_read_when_it_is_wanted(queue: DeviceQueue) -> None:
    short, long = made(queue), queue.told(BOARD_BYTES)
    queue.write(long, np.arange(BOARD_BYTES // 4, dtype=np.uint32))
    queue.enqueue(queue.kernel("vyre_probe_atomics"), 1, 1, words=short)
    queue.wait()
    copies = queue.cl.copies
    assert (words_of(queue, short), queue.word(long, 77)) == (AFTER, 77)
    assert queue.cl.copies == copies + 1


def test_the_next_session_gets_each_in_the_same_place(backend: OpenCLBackend) -> None:
    program = backend.program()
    assert program.station is not None
    found = []
    for _ in range(3):
        queue = DeviceQueue(replace(program, coherent=False))
        found.append(
            [one.int_ptr for one in (queue.told(16), queue.buffer(640), queue.buffer(640), queue.told(99))]
        )
        queue.close()
    assert found[1] == found[2] == found[0]
