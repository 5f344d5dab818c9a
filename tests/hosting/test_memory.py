"""Where the slots of a launch are, as its parent sees them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.hosting.memory import IN_MEMORY, Memory


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """Of a launch that works in another file, whose third task is Running."""
    ring = write_ring(tmp_path / "ring.bin", *[slot(state=1)] * 4)
    work = write_ring(tmp_path / "work.tmp", *[slot(state=3)] * 2, slot(state=2, task_id=7), slot(state=1))
    made = Memory(ring, 256)
    made.where = IN_MEMORY
    made.look_into(str(work))
    yield made
    made.close()


def test_a_file_that_is_worked_in_is_seen(memory: Memory, tmp_path: Path) -> None:
    found = memory.glance()
    assert found is not None
    assert sum(found.counts) == 4
    assert [(one.slot, one.task_id) for one in memory.running() or ()] == [(2, 7)]
    assert memory.whole() == (tmp_path / "work.tmp").read_bytes()
    assert [memory._is_running(place) for place in range(4)] == [False, False, True, False]


@pytest.mark.parametrize("left", [0, 64, 100])
def test_a_file_that_is_cut_short_is_no_end_of_whoever_looks(
    memory: Memory, tmp_path: Path, left: int
) -> None:
    os.truncate(tmp_path / "work.tmp", left)
    memory.glance()
    assert (memory.whole(), memory.running(), memory._is_running(2)) == (None, None, False)


def test_a_file_that_cannot_be_read_shows_nothing(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, size_bytes: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pread", refuse)
    assert (memory.whole(), memory.running()) == (None, None)


def test_a_file_that_is_gone_shows_nothing(tmp_path: Path) -> None:
    memory = Memory(write_ring(tmp_path / "ring.bin", slot(state=1)), 64)
    memory.where = IN_MEMORY
    memory.look_into(str(tmp_path / "gone"))
    assert (memory.glance(), memory.whole(), memory.running()) == (None, None, None)
    memory.close()
