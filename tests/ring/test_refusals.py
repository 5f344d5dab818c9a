"""What the system may refuse in the middle of a call: a clear error, no descriptor or lock left behind."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.edit import write as edit
from vyrectl.errors import FileError, RingHeldError
from vyrectl.files.replace import replace_file
from vyrectl.files.ring_lock import holder_of
from vyrectl.files.temporary import abandoned_files, clear_abandoned
from vyrectl.files.window import open_regular
from vyrectl.ring.check import check_file
from vyrectl.ring.file import READ_BYTES, Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.sidecar.hold import hold

Refuse = Callable[..., None]
SLOT = struct.pack("<16I", 1, *[0] * 15)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ring.bin"
    path.write_bytes(SLOT * 200)
    return path


@pytest.fixture(autouse=True)
def no_descriptor_is_left() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Makes a function fail: `refuse(os, "pread", error, after=n)` lets n calls through first."""

    def install(owner: Any, name: str, error: BaseException, after: int = 0) -> None:
        real, calls = getattr(owner, name), iter(range(1 << 30))

        def failing(*args: Any, **options: Any) -> Any:
            if next(calls) >= after:
                raise error
            return real(*args, **options)

        monkeypatch.setattr(owner, name, failing)

    return install


def failure(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def no_lock(path: Path) -> bool:
    return holder_of(path) is None


def test_a_ring_whose_beginning_cannot_be_read(path: Path, refuse: Refuse) -> None:
    refuse(os, "pread", failure(errno.EIO))
    with pytest.raises(FileError, match="cannot read the ring"):
        check_file(path)
    with pytest.raises(FileError, match="cannot read the ring"):
        copy_ring(path)


def test_a_file_whose_kind_cannot_be_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def failing(fd: int) -> os.stat_result:
        if os.readlink(f"/proc/self/fd/{fd}") == str(path):
            raise failure(errno.EIO)
        return real(fd)

    monkeypatch.setattr(os, "fstat", failing)
    with pytest.raises(FileError, match="cannot look at the ring"):
        open_regular(path, os.O_RDONLY)


def test_a_ring_that_becomes_a_pipe_before_it_is_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regular, pipe = os.stat(path), path.with_name("pipe")
    os.mkfifo(pipe)
    monkeypatch.setattr(os, "stat", lambda path, **options: regular)
    with pytest.raises(FileError, match="pipe"):
        open_regular(pipe, os.O_RDONLY)


@pytest.mark.parametrize("error", [failure(errno.ENOMEM), ValueError("mmap length is too large")])
def test_a_ring_that_cannot_be_mapped(path: Path, refuse: Refuse, error: Exception) -> None:
    os.truncate(path, READ_BYTES + SLOT_BYTES)
    refuse(mmap, "mmap", error)
    with pytest.raises(FileError, match="cannot map the ring"):
        Ring.open(path)


def test_a_ring_that_goes_while_it_is_opened_to_write(path: Path, refuse: Refuse) -> None:
    error = FileError("gone")
    refuse(Ring, "_map", error, after=1)
    with pytest.raises(FileError, match="gone"):
        Ring.open(path, writable=True)
    assert no_lock(path)


def test_the_callers_lock_outlives_a_ring_that_cannot_be_opened(path: Path, refuse: Refuse) -> None:
    with hold(path, role="test") as held:
        refuse(Ring, "_map", FileError("gone"), after=1)
        with pytest.raises(FileError, match="gone"):
            Ring.open(path, writable=True, held=held)
        assert not no_lock(path)


def test_a_file_that_appears_between_look_and_creation(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    Ring.create(path, 3, overwrite=True).close()
    assert path.read_bytes() == bytes(192)


def test_a_creation_that_fails_is_not_tried_again(tmp_path: Path, refuse: Refuse) -> None:
    refuse(os, "link", failure(errno.ENOSPC))
    with pytest.raises(FileError, match="space"):
        Ring.create(tmp_path / "new.bin", 3, overwrite=True)
    assert os.listdir(tmp_path) == []


def test_a_short_write_in_a_page_is_put_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, lengths = os.pwrite, iter([64])

    def short(fd: int, data: Any, offset: int) -> int:
        return real(fd, bytes(data)[: next(lengths, None)], offset)

    monkeypatch.setattr(os, "pwrite", short)
    before = bytes(128)
    with path.open("rb+") as file, pytest.raises(OSError, match=os.strerror(errno.EIO)):
        edit._overwrite(file.fileno(), SLOT * 2, memoryview(before), 0)
    assert path.read_bytes() == SLOT * 200


def test_a_ring_that_shrinks_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, length, place: real(fd, min(length, 64), place))
    assert bytes(copy_ring(path).ring.data) == SLOT * 200
    monkeypatch.setattr(os, "pread", lambda fd, length, place: b"")
    with pytest.raises(FileError, match="got shorter"):
        copy_ring(path)


def test_a_copy_goes_into_a_buffer_of_its_length(path: Path) -> None:
    fitting, other = bytearray(12800), bytearray(64)
    assert bytes(copy_ring(path, buffer=fitting).ring.data) == bytes(fitting)
    assert len(copy_ring(path, buffer=other).ring) == 200


# --- locks ---


def test_a_holder_knows_its_descriptor(path: Path) -> None:
    with hold(path, role="test") as held:
        assert os.readlink(f"/proc/self/fd/{held.fileno()}").endswith(".lock")


def test_a_forked_copy_leaves_the_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = hold(path, role="test")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    copy = os.dup(held.fileno())
    held.release()
    assert not no_lock(path)
    os.close(copy)
    assert no_lock(path)


def test_a_lock_that_fails(path: Path, refuse: Refuse) -> None:
    refuse(fcntl, "flock", failure(errno.ENOLCK))
    with pytest.raises(FileError, match="cannot lock the ring"):
        hold(path, role="test")


def test_a_lock_file_that_may_not_be_looked_at(path: Path, refuse: Refuse) -> None:
    refuse(os, "open", failure(errno.EACCES))
    with pytest.raises(FileError, match="look at the ring's lock"):
        holder_of(path)


def test_a_lock_that_is_deleted_again_and_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, lock, times = fcntl.flock, path.with_name("ring.bin.lock"), iter([True, True])

    def deleting(fd: int, how: int) -> None:
        real(fd, how)
        if next(times, False):
            lock.unlink()

    monkeypatch.setattr(fcntl, "flock", deleting)
    with hold(path, role="test"):
        assert lock.exists()


def test_a_holder_whose_name_cannot_be_read(path: Path, refuse: Refuse) -> None:
    with hold(path, role="test"):
        refuse(os, "pread", failure(errno.EIO))
        assert holder_of(path) == "another process"
        with pytest.raises(RingHeldError, match="another process"):
            hold(path, role="other")


# --- replacing ---


def test_what_a_live_writer_has_locked_is_not_abandoned(path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"new"
        assert abandoned_files(path) == []
        spare = next(one for one in path.parent.iterdir() if one.name.startswith(".vyrectl-"))
        clear_abandoned(path)
        assert spare.exists()

    replace_file(path, parts())
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.ENOLCK])
def test_a_temporary_file_that_another_locks_first(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real, errors = fcntl.flock, iter([OSError(code, "once")])

    def once(fd: int, how: int) -> None:
        error = next(errors, None)
        if error is not None:
            raise error
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", once)
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


def test_a_backup_that_cannot_be_linked(path: Path, refuse: Refuse) -> None:
    refuse(os, "link", failure(errno.EIO))
    with pytest.raises(FileError):
        replace_file(path, [b"new"], backup=True)
    assert os.listdir(path.parent) == ["ring.bin"]


@pytest.mark.parametrize("appears", [False, True])
def test_a_creation_where_hard_links_do_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, appears: bool
) -> None:
    path = tmp_path / "new.bin"

    def link(old: str, new: str) -> None:
        if appears:
            path.write_bytes(b"first")
        raise failure(errno.ENOTSUP)

    monkeypatch.setattr(os, "link", link)
    if appears:
        with pytest.raises(FileError, match="exists already"):
            replace_file(path, [b"second"], exclusive=True)
    else:
        replace_file(path, [b"second"], exclusive=True)
    assert path.read_bytes() == (b"first" if appears else b"second")
    assert os.listdir(tmp_path) == ["new.bin"]


def test_a_creation_that_loses_the_race(tmp_path: Path, refuse: Refuse) -> None:
    refuse(os, "link", failure(errno.EEXIST))
    with pytest.raises(FileError, match="exists already"):
        replace_file(tmp_path / "new.bin", [b"x"], exclusive=True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("code", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced(path: Path, refuse: Refuse, code: int, fails: bool) -> None:
    refuse(os, "fsync", failure(code), after=1)
    if fails:
        with pytest.raises(FileError):
            replace_file(path, [b"new"])
    else:
        replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


def test_a_folder_that_may_not_be_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def guarded(name: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECTORY:
            raise failure(errno.EACCES)
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", guarded)
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


def test_a_system_without_extended_attributes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "listxattr")
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


# --- a ring under a launch in place ---


def test_an_attached_ring_writes_through_and_is_current(path: Path) -> None:
    with hold(path, role="launch") as held:
        ring = Ring.attach(path, held)
        assert ring.is_current()
        ring.slots["param"][3] = 9
        ring.close()
    assert struct.unpack_from("<I", path.read_bytes(), 3 * 64 + 24) == (9,)


@pytest.mark.parametrize("change", ["deleted", "replaced", "truncated"])
def test_a_ring_that_is_changed_under_a_launch_is_not_current(path: Path, change: str) -> None:
    with hold(path, role="launch") as held:
        ring = Ring.attach(path, held)
        if change == "deleted":
            path.unlink()
        elif change == "replaced":
            replace_file(path, [SLOT * 200])
        else:
            os.truncate(path, 64)
        assert not ring.is_current()
        ring.close()


def test_a_ring_in_memory_is_always_current() -> None:
    assert Ring.from_bytes(SLOT).is_current()
