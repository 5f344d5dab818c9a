"""Reading rings that others change: whole slots, and a watcher that outlives whatever happens to the file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from vyrectl.errors import FileError, RingFormatError
from vyrectl.ring import steady
from vyrectl.ring.steady import RingWatch, copy_ring, is_held
from vyrectl.sidecar.hold import hold


def filled(path: Path, *values: int) -> Path:
    path.write_bytes(b"".join(bytes([value]) * 64 for value in values))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "ring.bin", 1, 2, 3)


def test_a_copy_is_what_the_file_held(path: Path) -> None:
    copy = copy_ring(path)
    before = path.read_bytes()
    filled(path, 9, 9, 9)
    assert (bytes(copy.ring.data), copy.ring.name, copy.unsteady) == (before, str(path), 0)
    assert bytes(copy_ring(path, offset=64, count=1).ring.data) == b"\x09" * 64


def test_windows_and_files_are_checked(path: Path, tmp_path: Path) -> None:
    with pytest.raises(RingFormatError, match="past the end"):
        copy_ring(path, offset=999)
    with pytest.raises(FileError, match="no such file"):
        copy_ring(tmp_path / "nothing")
    with pytest.raises(FileError, match="is a directory"):
        copy_ring(tmp_path)


def test_a_free_ring_is_read_once_and_a_held_one_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    real = os.pread

    def counted(fd: int, length: int, place: int) -> bytes:
        reads.extend([length] if length == 192 else [])
        return real(fd, length, place)

    monkeypatch.setattr("vyrectl.ring.steady.os.pread", counted)
    copy_ring(path)
    assert (is_held(path), reads) == (False, [192])
    with hold(path, role="launch"):
        assert is_held(path)
        copy_ring(path)
    assert reads == [192, 192, 192]


def test_a_lock_that_may_not_be_looked_at_counts_as_held(path: Path) -> None:
    Path(f"{path}.lock").symlink_to("elsewhere")
    assert is_held(path)


def test_moving_slots_are_read_until_they_rest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slot 1 is torn at the first read and changes once more; slot 2 never rests."""
    one, two, three = (bytes([value]) * 64 for value in (1, 2, 3))
    torn = b"\x07" * 32 + b"\x02" * 32
    restless = (bytes([value]) * 64 for value in range(100, 200))
    answers = {192: iter([one + torn + three, one + two + next(restless)]), 64: iter([])}
    again = iter([b"\x04" * 64, b"\x04" * 64])

    real, ring = os.pread, os.stat(path)

    def moving(fd: int, length: int, place: int) -> bytes:
        if not os.path.samestat(os.fstat(fd), ring):
            return real(fd, length, place)
        if length == 192:
            return next(answers[192])
        return next(again) if place == 64 else next(restless)

    monkeypatch.setattr("vyrectl.ring.steady.os.pread", moving)
    with hold(path, role="launch"):
        copy = copy_ring(path)
    assert bytes(copy.ring.data[:128]) == one + b"\x04" * 64
    assert copy.unsteady == 1
    assert len(set(copy.ring.data[128:192])) == 1


def test_a_ring_that_shrinks_while_it_is_read_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "CHUNK_BYTES", 64)
    real = os.pread

    def shrinking(fd: int, length: int, place: int) -> bytes:
        os.truncate(path, 100)
        return real(fd, length, place)

    monkeypatch.setattr("vyrectl.ring.steady.os.pread", shrinking)
    with pytest.raises(FileError, match="got shorter while it was read"):
        copy_ring(path)


def test_a_watch_follows_the_path(path: Path, tmp_path: Path) -> None:
    watch = RingWatch(path)
    assert [watch.look().event, watch.look().event] == [None, None]
    filled(tmp_path / "new.bin", 4, 5, 6).replace(path)
    look = watch.look()
    assert (look.event, look.ring and bytes(look.ring.data[:1])) == ("replaced by another file", b"\x04")
    os.truncate(path, 64)
    assert watch.look().event == "truncated from 3 to 1 slots"
    with path.open("ab") as stream:
        stream.write(bytes(128))
    assert watch.look().event == "grown from 1 to 3 slots"
    path.unlink()
    look = watch.look()
    assert (look.event, look.ring, look.error and look.error.kind) == ("gone", None, "file")
    assert watch.look().event is None
    filled(path, 1)
    assert (watch.look().event, watch.look().event) == ("back", None)
    os.truncate(path, 63)
    look = watch.look()
    assert (look.event, look.error and look.error.kind) == ("unreadable", "ring_format")
    os.truncate(path, 64)
    assert watch.look().event == "back"


def test_a_watch_reads_to_the_same_place(path: Path) -> None:
    watch = RingWatch(path)
    first = watch.look().ring
    assert first is not None
    data = first.data
    filled(path, 7, 8, 9)
    second = watch.look().ring
    assert second is not None
    assert (second.data.obj is data.obj, bytes(data)) == (True, path.read_bytes())


def test_watches_of_two_threads_do_not_meet(path: Path) -> None:
    found: list[bytes] = []

    def look() -> None:
        watch = RingWatch(path)
        for _ in range(20):
            ring = watch.look().ring
            found.append(bytes(ring.data) if ring else b"")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {path.read_bytes()}
