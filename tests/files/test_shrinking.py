"""A mapped file that gets shorter is an error for who reads it, and no death."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.live.rings import running
from tests.needs import only_where
from tests.support.rings import slot, write_ring
from vyrectl.edit.editor import LiveRing
from vyrectl.errors import FileError
from vyrectl.files import shrinking
from vyrectl.files.replace import FileIdentity
from vyrectl.files.successor import Successor
from vyrectl.ring.file import READ_BYTES, Ring
from vyrectl.ring.kinds import MAPPED_FROM_BYTES, file_bytes
from vyrectl.sidecar.sidecar import Sidecar

LONG = 4 * READ_BYTES

pytestmark = only_where(
    sys.platform == "linux", "elsewhere a shrinking file is not survived, as files/shrinking.py says"
)


@pytest.fixture(autouse=True)
def surviving() -> Iterator[None]:
    shrinking.survive()
    yield
    shrinking.survive(wanted=False)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.bin"
    path.write_bytes(b"\x01" + bytes(LONG - 1))
    return path


@pytest.mark.parametrize("left", [0, mmap.PAGESIZE, LONG // 2])
def test_what_is_made_of_a_cut_mapping_does_not_pass(long: Path, left: int) -> None:
    ring = Ring.open(long)
    os.truncate(long, left)
    assert int(ring.slots["state"].sum()) <= 1
    with pytest.raises(FileError, match="got shorter while it was read"):
        shrinking.refuse_cut()


def test_a_thread_that_reads_survives_too(long: Path) -> None:
    ring = Ring.open(long)
    slots, found = ring.slots, []
    os.truncate(long, 0)
    helper = Thread(target=lambda: found.append(int(slots["state"].sum())))
    helper.start()
    helper.join()
    assert found == [0]
    assert shrinking.cut_error() is not None


def test_a_file_cut_inside_its_last_page_is_noticed(long: Path) -> None:
    ring = Ring.open(long)
    os.truncate(long, LONG - 64)
    assert ring.data[-1] == 0
    with pytest.raises(FileError, match="got shorter"):
        shrinking.refuse_cut()


def test_a_ring_that_was_closed_is_remembered(long: Path) -> None:
    with Ring.open(long):
        os.truncate(long, 64)
    assert shrinking.cut_error() is not None


def test_a_file_that_was_replaced_is_not_cut(long: Path, tmp_path: Path) -> None:
    ring = Ring.open(long)
    (tmp_path / "other").write_bytes(bytes(64))
    os.replace(tmp_path / "other", long)
    assert len(ring) == LONG // 64
    assert ring.data[0] == 1
    shrinking.refuse_cut()


def test_nothing_is_written_of_a_cut_ring(long: Path, tmp_path: Path) -> None:
    ring = Ring.open(long)
    os.truncate(long, 64)
    with pytest.raises(FileError):
        ring.save(tmp_path / "new.bin")
    assert sorted(os.listdir(tmp_path)) == ["long.bin"]


def test_other_mappings_end_the_process_as_before(tmp_path: Path) -> None:
    script = """
import mmap, os, sys
from vyrectl.files import shrinking
from vyrectl.files.replace import FileIdentity
from vyrectl.files.successor import Successor
from vyrectl.ring.file import Ring
shrinking.survive()
ring = Ring.open(sys.argv[1])
with open(sys.argv[2], "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 8192)
os.truncate(sys.argv[2], 0)
mapped[5000]
"""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(bytes(LONG))
    other.write_bytes(bytes(8192))
    done = subprocess.run(
        [sys.executable, "-c", script, str(one), str(other)], capture_output=True, timeout=60
    )
    assert done.returncode == -7


def test_small_rings_keep_no_file_open_and_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "small.bin"
    path.write_bytes(bytes(64 * 16))
    before = len(os.listdir("/proc/self/fd"))
    rings = [Ring.open(path) for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) == before
    os.truncate(path, 0)
    assert all((ring.slots["state"] == 0).all() for ring in rings)
    shrinking.refuse_cut()


def test_a_file_that_reports_no_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vyrectl.files import window
    from vyrectl.ring import file, steady

    path = tmp_path / "unsized.bin"
    path.write_bytes(np.arange(16, dtype="<u4").tobytes() * 3)

    def unsized(name: object, flags: int) -> tuple[int, os.stat_result]:
        fd, status = window.open_regular(path, flags)
        return fd, os.stat_result([*status[:6], 0, *status[7:]])

    monkeypatch.setattr(file, "open_regular", unsized)
    monkeypatch.setattr(steady, "open_regular", unsized)
    assert len(Ring.open(path)) == 3
    assert len(steady.copy_ring(path).ring) == 3


def test_a_file_that_cannot_be_mapped_is_read(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **named: object) -> None:
        raise OSError(19, "no such device")

    monkeypatch.setattr(mmap, "mmap", refuse)
    with Ring.open(long) as ring:
        assert len(ring) == LONG // 64


def test_a_command_says_it(long: Path) -> None:
    """A reader that takes its time over the answer, while the ring is cut."""
    command = [sys.executable, "-m", "vyrectl", "inspect", str(long), "--format", "csv", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.truncate(long, 64)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1, err
    assert b"got shorter while it was read" in err
    assert b"Traceback" not in err


def test_a_file_that_is_to_take_another_s_place_and_is_cut_short_is_put_nowhere(long: Path) -> None:
    data = long.read_bytes()
    begun = Successor.begin(long, long, FileIdentity.of(long.stat()))
    begun.wait()
    os.truncate(begun.name, mmap.PAGESIZE)
    begun.memory[-1:] = b"x"
    with pytest.raises(FileError, match="got shorter"):
        begun.put()
    begun.discard()
    assert long.read_bytes() == data
    assert [one.name for one in long.parent.iterdir()] == [long.name]


@pytest.mark.parametrize("writable", [False, True])
def test_a_sidecar_that_is_cut_short_ends_nobody_who_looks(tmp_path: Path, *, writable: bool) -> None:
    ring = write_ring(tmp_path / "ring.bin", slot(state=1))
    identity = FileIdentity.of(ring.stat())
    with (
        Sidecar.create(ring, identity, 1, workers=64, control_words=192) as made,
        Sidecar.open(ring, writable=writable) as found,
    ):
        last = len(found.words) - 1
        os.truncate(made.path, mmap.PAGESIZE)
        assert found.words[last] == 0
        found.close()
        with pytest.raises(FileError, match="got shorter"):
            shrinking.refuse_cut()


def test_a_ring_that_is_cut_short_ends_no_editor(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", *[slot(state=1)] * 128)
    with running(ring), LiveRing.open(ring) as live:
        os.truncate(ring, mmap.PAGESIZE)
        assert live.state(127) == 0
    with pytest.raises(FileError, match="got shorter"):
        shrinking.refuse_cut()


def test_a_file_of_any_kind_that_is_cut_short_ends_nobody_who_looks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2 * MAPPED_FROM_BYTES)
    with file_bytes(path) as data:
        os.truncate(path, mmap.PAGESIZE)
        assert data[-1] == 0
    with pytest.raises(FileError, match="got shorter"):
        shrinking.refuse_cut()
