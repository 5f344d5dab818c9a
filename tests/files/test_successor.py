"""A file that takes another's place, worked on as memory: all of the old bytes at first, and only then at the path."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import signal
from pathlib import Path
from resource import RUSAGE_THREAD, getrusage
from threading import Thread, current_thread
from threading import enumerate as threads

import pytest

from tests.needs import only_where
from vyrectl.errors import FileError
from vyrectl.files import successor
from vyrectl.files.replace import FileIdentity
from vyrectl.files.successor import Successor
from vyrectl.files.temporary import abandoned_files

SIZE = 40_000


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(successor, "PIECE_BYTES", 10_000)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old"
    path.write_bytes(os.urandom(SIZE))
    return path


def begin(path: Path, source: Path, *, forks: bool = False) -> Successor:
    return Successor.begin(path, source, FileIdentity.of(os.stat(source)), forks=forks)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize("forks", [False, True])
def test_it_begins_with_the_old_bytes_and_takes_the_place_once(old: Path, *, forks: bool) -> None:
    data = old.read_bytes()
    old.chmod(0o640)
    begun = begin(old, old, forks=forks)
    begun.wait(10_000, 20_000)
    assert begun.memory[10_000:20_000] == data[10_000:20_000]
    begun.wait()
    begun.memory[:3] = b"new"
    assert old.read_bytes() == data
    assert abandoned_files(old) == []
    kept = begun.put(backup=True, expected=FileIdentity.of(os.stat(old))).backup
    with old.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    begun.discard()
    begun.discard()
    assert old.read_bytes() == b"new" + data[3:]
    assert old.stat().st_mode & 0o777 == 0o640
    assert Path(str(kept)).read_bytes() == data
    assert names(old.parent) == ["old", "old.bak"]


def test_it_may_go_to_another_name_of_the_same_folder(old: Path) -> None:
    begun = begin(old.with_name("new"), old)
    begun.wait()
    begun.move_to(old.with_name("new.partial"))
    begun.put()
    begun.discard()
    assert names(old.parent) == ["new.partial", "old"]
    assert old.with_name("new.partial").read_bytes() == old.read_bytes()


def test_what_is_let_go_of_leaves_nothing(old: Path) -> None:
    data = old.read_bytes()
    begun = begin(old, old)
    begun.wait()
    begun.memory[:] = bytes(SIZE)
    begun.discard()
    assert begun.memory[:] == bytes(SIZE)
    assert old.read_bytes() == data
    assert names(old.parent) == ["old"]


def test_a_forked_child_removes_nothing(old: Path) -> None:
    begun = begin(old, old)
    begun.wait()
    child = os.fork()
    if child == 0:
        begun.discard()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.path.exists(begun.name)
    begun.discard()


def test_who_waits_copies_what_the_copier_could_not(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = successor._copy_piece

    def fails_later(source: int, target: int, at: int, size: int) -> int:
        if at == 20_000:
            raise OSError("not now")
        return maker(source, target, at, size)

    monkeypatch.setattr(successor, "_copy_piece", fails_later)
    begun = begin(old, old)
    begun._joins[0]()
    monkeypatch.undo()
    begun.memory[30_000:31_000] = bytes(1000)
    begun.wait(25_000, 30_000)
    begun.wait(0, 10)
    data = old.read_bytes()
    assert begun.memory[:20_000] == data[:20_000]
    assert begun.memory[25_000:30_000] == data[25_000:30_000]
    assert begun.memory[20_000:25_000] == bytes(5000)
    assert begun.memory[30_000:31_000] == bytes(1000)
    begun.discard()


def test_a_source_that_is_cut_short_is_told(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Successor, "_start", lambda self, *, forks: os.close(self._copiers_line))
    begun = begin(old, old)
    os.truncate(old, 1000)
    with pytest.raises(FileError, match="got shorter") as caught:
        begun.wait()
    assert caught.value.where == str(old)
    begun.discard()


def test_a_copier_of_a_source_that_is_cut_short_leaves_the_rest_to_who_waits(old: Path) -> None:
    identity = FileIdentity.of(os.stat(old))
    begun = Successor.begin(old.with_name("new"), old, identity)
    begun.wait()
    os.truncate(old, 15_000)
    begun._count[:-1] = bytes(8)
    begun._copiers_line = os.dup(begun._line)
    begun._copy_all()
    assert begun._copied == 15_000
    begun.discard()


@pytest.mark.parametrize("forks", [False, True])
def test_without_a_copier_each_copies_what_it_waits_for(
    old: Path, monkeypatch: pytest.MonkeyPatch, *, forks: bool
) -> None:
    def refuse(*given: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes") if forks else RuntimeError("no more threads")

    monkeypatch.setattr(*(os, "fork", refuse) if forks else (Thread, "start", refuse))
    begun = begin(old, old, forks=forks)
    begun.wait(20_000, 30_000)
    assert begun.memory[:] == bytes(20_000) + old.read_bytes()[20_000:30_000] + bytes(10_000)
    begun.discard()
    assert names(old.parent) == ["old"]


def test_a_program_that_ignores_its_children_lets_go_of_it_too(old: Path) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        begun = begin(old, old, forks=True)
        begun.wait()
        begun.discard()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert names(old.parent) == ["old"]


def test_a_copy_that_is_given_up_ends(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = successor._copy_piece

    def then_given_up(source: int, target: int, at: int, size: int) -> int:
        begun._count[-1] = 1
        return copied(source, target, at, size)

    monkeypatch.setattr(Successor, "_start", lambda self, *, forks: None)
    begun = begin(old, old)
    monkeypatch.setattr(successor, "_copy_piece", then_given_up)
    begun._copy_all()
    assert begun._copied == 10_000
    begun.discard()


def test_file_systems_that_copy_nothing_are_read_and_written(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*asked: int) -> int:
        raise OSError("not between these")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    begun = begin(old.with_name("new"), old)
    begun.wait()
    assert begun.memory[:] == old.read_bytes()
    begun.put()
    begun.discard()
    assert old.with_name("new").read_bytes() == old.read_bytes()
    monkeypatch.delattr(os, "copy_file_range")
    other = begin(old.with_name("other"), old)
    other.wait()
    assert other.memory[:] == old.read_bytes()
    other.discard()


def test_another_source_is_refused(old: Path) -> None:
    identity = FileIdentity.of(os.stat(old))
    with pytest.raises(FileError, match="cannot read"):
        Successor.begin(old, old.with_name("missing"), identity)
    old.write_bytes(bytes(SIZE + 1))
    with pytest.raises(FileError, match="changed"):
        Successor.begin(old, old, identity)
    with pytest.raises(FileError, match="no such file"):
        begin(old.parent / "nowhere" / "new", old)
    assert names(old.parent) == ["old"]


def test_file_systems_that_map_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, size: int) -> None:
        raise OSError(errno.ENODEV, "no such device")

    monkeypatch.setattr(mmap, "mmap", refuse)
    with pytest.raises(FileError, match="cannot map the file"):
        begin(old, old)
    assert names(old.parent) == ["old"]


def test_a_place_that_is_taken_meanwhile_is_tried_again(old: Path) -> None:
    new = old.with_name("new")
    begun = begin(new, old)
    begun.wait()
    new.write_bytes(b"somebody else's")
    with pytest.raises(FileError, match="exists"):
        begun.put(exclusive=True)
    begun.put()
    begun.discard()
    assert new.read_bytes() == old.read_bytes()


def test_a_file_whose_name_somebody_has_taken_away_is_put_nowhere(old: Path) -> None:
    data = old.read_bytes()
    begun = begin(old, old)
    begun.wait()
    os.unlink(begun.name)
    with pytest.raises(FileError, match="no such file"):
        begun.put(backup=True)
    begun.discard()
    assert old.read_bytes() == data
    assert names(old.parent) == ["old"]


KNOWS = tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (5, 14)


@pytest.mark.parametrize(
    "knows",
    [pytest.param(True, marks=only_where(KNOWS, "madvise(MADV_POPULATE_WRITE) came with Linux 5.14")), False],
)
@pytest.mark.parametrize("forks", [False, True])
def test_its_pages_are_mapped_before_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, knows: bool, forks: bool
) -> None:
    """Where the system knows how; where it does not, each stops its writer once, and the bytes are the same."""
    monkeypatch.setattr(successor, "PIECE_BYTES", 64 * mmap.PAGESIZE)
    if not knows:
        monkeypatch.setattr(successor, "_POPULATE_WRITE", 9999)
    old, data = tmp_path / "old", os.urandom(256 * mmap.PAGESIZE)
    old.write_bytes(data)
    begun = begin(tmp_path / "new", old, forks=forks)
    begun.wait()
    for _ in range(2):
        begun.map_ahead()
    for copier in [
        one for one in threads() if one is not current_thread() and one.name.startswith("Thread-")
    ]:
        copier.join()
    before = getrusage(RUSAGE_THREAD).ru_minflt
    for at in range(0, len(data), mmap.PAGESIZE):
        begun.memory[at] = 7
    met = getrusage(RUSAGE_THREAD).ru_minflt - before
    assert met < 16 if knows else met >= 1
    begun.put()
    begun.discard()
    written = bytearray(data)
    written[:: mmap.PAGESIZE] = bytes([7]) * 256
    assert (tmp_path / "new").read_bytes() == written
