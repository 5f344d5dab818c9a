"""Disk space for mapped files: taken before the first store, and what they hold stays."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import does_not_apply
from vyrectl.errors import FileError
from vyrectl.files.room import take_room
from vyrectl.ring import store
from vyrectl.ring.file import Ring
from vyrectl.ring.store import fill_holes
from vyrectl.sidecar.hold import hold

SIZE = 300_001


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """A file with a hole of megabytes' length before its last byte."""
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.pwrite(opened, b"begin", 0)
    os.pwrite(opened, b"middle", 100_000)
    os.ftruncate(opened, SIZE)
    yield opened
    os.close(opened)


def room(fd: int) -> int:
    return os.fstat(fd).st_blocks * 512


def refuse(fd: int, offset: int, size: int) -> None:
    raise OSError(errno.EOPNOTSUPP, "not here")


@pytest.mark.parametrize("how", ["system", "refused", "missing"])
def test_a_hole_is_filled_and_what_is_there_stays(fd: int, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if room(fd) >= SIZE:
        does_not_apply("this file system has no holes")
    if how == "refused":
        monkeypatch.setattr(os, "posix_fallocate", refuse)
    elif how == "missing":
        monkeypatch.delattr(os, "posix_fallocate")
    before = os.pread(fd, SIZE, 0)
    take_room(fd, SIZE)
    assert room(fd) >= SIZE
    assert os.fstat(fd).st_size == SIZE
    assert os.pread(fd, SIZE, 0) == before


@pytest.mark.parametrize("how", ["system", "refused"])
def test_a_file_grows_to_its_length(fd: int, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "refused":
        monkeypatch.setattr(os, "posix_fallocate", refuse)
    take_room(fd, 2 * SIZE)
    assert os.fstat(fd).st_size == 2 * SIZE
    assert room(fd) >= 2 * SIZE
    assert not any(os.pread(fd, SIZE, SIZE))


def test_a_file_without_holes_is_left_alone(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    take_room(fd, SIZE)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    monkeypatch.setattr(os, "pwrite", refuse)
    take_room(fd, SIZE)


def test_a_full_disk_is_an_error(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        take_room(fd, 2 * SIZE)


def test_a_ring_with_holes_gets_its_room_before_it_runs_in_place(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    with path.open("wb") as stream:
        stream.truncate(64 * mmap.PAGESIZE)
    if path.stat().st_blocks:
        does_not_apply("this file system has no holes")
    with Ring.open(path) as ring:
        assert len(ring) == mmap.PAGESIZE
    assert not path.stat().st_blocks, "reading takes no room"
    with hold(path, role="test") as held, Ring.attach(path, held) as ring:
        assert path.stat().st_blocks * 512 >= path.stat().st_size
        assert not ring.slots["state"].any()


def test_the_holes_of_a_ring_are_filled_once(
    fd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if room(fd) >= SIZE:
        does_not_apply("this file system has no holes")
    path = tmp_path / "file"
    before = path.read_bytes()
    fill_holes(path)
    assert room(fd) >= SIZE
    assert path.read_bytes() == before
    monkeypatch.setattr(store, "open_regular", refuse)
    fill_holes(path)


def test_a_ring_without_a_place_for_its_holes_is_an_error(
    fd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "has_room", lambda status: False)
    monkeypatch.setattr(store, "take_room", full)
    with pytest.raises(FileError, match="cannot take the ring's room") as caught:
        fill_holes(tmp_path / "file")
    assert caught.value.where == str(tmp_path / "file")
    with pytest.raises(FileError, match="cannot take the ring's room"):
        fill_holes(tmp_path / "missing")


def test_holes_are_filled_before_a_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ring.bin"
    with path.open("wb") as stream:
        stream.truncate(64 * mmap.PAGESIZE)
    if path.stat().st_blocks:
        does_not_apply("this file system has no holes")
    fill_holes(path)
    assert path.stat().st_blocks * 512 >= path.stat().st_size == 64 * mmap.PAGESIZE
    monkeypatch.setattr("vyrectl.ring.store.open_regular", refuse)
    fill_holes(path)
    with pytest.raises(FileError, match="take the ring's room"):
        fill_holes(tmp_path / "missing.bin")
