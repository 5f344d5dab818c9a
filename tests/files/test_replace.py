"""Atomic replacement: what is kept, what a failure leaves, and what a killed writer leaves."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.needs import does_not_apply, needs_own_mounts, needs_tool, only_where
from tests.ring.rings import leftovers, run_python
from vyrectl.errors import FileError
from vyrectl.files import telling
from vyrectl.files.replace import (
    FileIdentity,
    back_up_copy,
    begin_file,
    replace_file,
)
from vyrectl.files.temporary import abandoned_files, temporary_prefix

OLD = b"old" * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ring.bin"
    file.write_bytes(OLD)
    return file


def identity(path: Path) -> FileIdentity:
    return FileIdentity.of(path.stat())


# --- what is kept ---


def test_the_parts_become_the_file(path: Path) -> None:
    new = replace_file(path, [b"one", bytearray(b""), memoryview(b"-two")])
    assert path.read_bytes() == b"one-two"
    assert new.identity == identity(path)
    assert [one.name for one in path.parent.iterdir()] == ["ring.bin"]


def test_a_new_file_has_the_modes_that_the_umask_leaves(path: Path) -> None:
    new = path.with_name("new.bin")
    previous = os.umask(0o027)
    try:
        replace_file(new, [b"x"])
    finally:
        os.umask(previous)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o777])
def test_the_mode_is_kept(path: Path, mode: int) -> None:
    path.chmod(mode)
    replace_file(path, [b"x"])
    assert stat.S_IMODE(path.stat().st_mode) == mode


@only_where(os.geteuid() == 0, "only the superuser may give files away")
def test_the_owner_and_group_are_kept(path: Path) -> None:
    os.chown(path, 12345, 23456)
    path.chmod(0o640)
    replace_file(path, [b"x"])
    now = path.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (12345, 23456, 0o640)


def test_an_owner_that_cannot_be_kept_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def foreign(name: str, *, follow_symlinks: bool = True) -> os.stat_result:
        status = real(name, follow_symlinks=follow_symlinks)
        return os.stat_result((*status[:4], 12345, *status[5:])) if str(name) == str(path) else status

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "stat", foreign)
    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(FileError, match="cannot keep the owner"):
        replace_file(path, [b"x"])
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert leftovers(path.parent) == []


@only_where(hasattr(os, "setxattr"), "Python has extended attributes on Linux alone")
def test_extended_attributes_are_kept(path: Path) -> None:
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        does_not_apply("this file system has no user attributes")
    replace_file(path, [b"x"])
    assert os.getxattr(path, "user.note") == b"mine"


def test_the_target_of_a_symlink_is_replaced(path: Path) -> None:
    folder = path.parent / "elsewhere"
    folder.mkdir()
    link = folder / "link.bin"
    link.symlink_to(path)
    replace_file(link, [b"x"], backup=True)
    assert link.is_symlink()
    assert path.read_bytes() == b"x"
    assert path.with_name("ring.bin.bak").read_bytes() == OLD
    assert [one.name for one in folder.iterdir()] == ["link.bin"]


def test_a_dangling_symlink_gains_its_target(path: Path) -> None:
    link, target = path.with_name("link"), path.with_name("target")
    link.symlink_to(target)
    replace_file(link, [b"x"], exclusive=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"x"


def test_a_circle_of_symlinks_is_an_error(path: Path) -> None:
    one, two = path.with_name("one"), path.with_name("two")
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(FileError, match="symbolic links"):
        replace_file(one, [b"x"])


def test_other_hard_links_keep_the_old_bytes(path: Path) -> None:
    twin = path.with_name("twin.bin")
    twin.hardlink_to(path)
    replace_file(path, [b"x"])
    assert path.read_bytes() == b"x"
    assert twin.read_bytes() == OLD


def test_a_backup_never_takes_the_name_of_another_file(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    path.with_name("ring.bin.bak.1").symlink_to(victim)
    path.with_name("ring.bin.bak.2").symlink_to("nowhere")
    first, second, third = (replace_file(path, [text], backup=True) for text in (b"2nd", b"3rd", b"4th"))
    names = [str(path) + suffix for suffix in (".bak", ".bak.3", ".bak.4")]
    assert [first.backup, second.backup, third.backup] == names
    assert [Path(name).read_bytes() for name in names] == [OLD, b"2nd", b"3rd"]
    assert (victim.read_bytes(), path.with_name("nowhere").exists()) == (b"precious", False)
    assert leftovers(path.parent) == []


def test_a_copy_that_is_kept_takes_the_next_free_name_too(path: Path) -> None:
    path.with_name("ring.bin.bak").symlink_to("nowhere")
    kept = [back_up_copy(path, [b"a", b"b"]), back_up_copy(path, [b"c"])]
    assert kept == [f"{path}.bak.1", f"{path}.bak.2"]
    assert [Path(name).read_bytes() for name in kept] == [b"ab", b"c"]
    assert not path.with_name("nowhere").exists()


@pytest.mark.parametrize("copied", [False, True])
def test_a_backup_without_room_says_what_was_kept_and_what_it_takes(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, copied: bool
) -> None:
    """By a copy before a file is changed in place, and by one in place of a hard link; nothing is changed."""

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        "vyrectl.files.replace.write_all" if copied else "vyrectl.files.backup._link_or_copy", full
    )
    act = partial(back_up_copy, path, [OLD]) if copied else partial(replace_file, path, [b"new"], backup=True)
    with pytest.raises(FileError) as met:
        act()
    assert met.value.what.startswith(
        f"cannot keep the old file as ring.bin.bak ({len(OLD)} bytes) before it is changed: no space left"
    )
    assert met.value.fix == (
        f"Free {len(OLD)} bytes there, or work on a copy on another disk: cp -- {path} FOLDER/"
    )
    assert met.value.errno == errno.ENOSPC
    assert (path.read_bytes(), leftovers(path.parent)) == (OLD, [])


def test_what_a_killed_backup_left_is_cleared_by_the_next_write(path: Path) -> None:
    temporary = temporary_prefix(f"{path}.bak.3")
    path.with_name(f"{temporary}abc.tmp").write_bytes(b"half")
    assert len(abandoned_files(path)) == 1
    replace_file(path, [b"new"])
    assert leftovers(path.parent) == []


def test_a_backup_is_a_copy_where_there_are_no_hard_links(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    replace_file(path, [b"x"], backup=True)
    assert path.with_name("ring.bin.bak").read_bytes() == OLD
    replace_file(path.with_name("new"), [b"y"], exclusive=True)
    with pytest.raises(FileError, match="exists already"):
        replace_file(path.with_name("new"), [b"z"], exclusive=True)
    assert path.with_name("new").read_bytes() == b"y"


def test_a_long_name_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / ("r" * 255)
    replace_file(path, [b"x"])
    assert path.read_bytes() == b"x"


# --- failures ---


def failing(*parts: bytes, error: BaseException) -> Iterator[bytes]:
    yield from parts
    raise error


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), OSError(errno.EIO, "I/O error")])
def test_parts_that_fail_leave_everything_as_it_was(path: Path, error: BaseException) -> None:
    with pytest.raises((type(error), FileError)):
        replace_file(path, failing(b"new" * 500, error=error), backup=True)
    assert path.read_bytes() == OLD
    assert [one.name for one in path.parent.iterdir()] == ["ring.bin"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "fchmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_system_call_that_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    path.chmod(0o2644)  # a mode that no file is made with
    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(FileError) as caught:
        replace_file(path, [b"new"])
    monkeypatch.undo()
    assert caught.value.errno == number
    assert caught.value.where == str(path)
    assert path.read_bytes() == OLD
    assert leftovers(path.parent) == []


def test_a_file_that_cannot_be_made_long_enough_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, size_bytes: int) -> None:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    before = os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else None
    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(FileError, match="too large"):
        begin_file(path, 1 << 40)
    assert leftovers(path.parent) == []
    assert before is None or os.listdir("/proc/self/fd") == before


def test_a_temporary_file_that_is_swept_before_it_is_locked_is_made_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer finds it without a lock, takes it for a dead one's and removes it."""
    lock, swept = fcntl.flock, list[str]()

    def sweep_first(fd: int, how: int) -> None:
        if not swept:
            swept.append(os.readlink(f"/proc/self/fd/{fd}"))
            os.unlink(swept[0])
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", sweep_first)
    replace_file(path, [b"new"])
    assert swept
    assert path.read_bytes() == b"new"
    assert leftovers(path.parent) == []


def test_a_disk_that_fills_up_half_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, room = os.write, [10]

    def limited(fd: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(fd, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", limited)
    with pytest.raises(FileError, match="no space left") as caught:
        replace_file(path, [b"new" * 100, b"more"])
    assert "of 304 bytes found no room" in caught.value.what
    assert "unchanged" in str(caught.value.fix)
    assert path.read_bytes() == OLD
    assert leftovers(path.parent) == []


FULL_DISK = """
import os, subprocess, sys
folder = sys.argv[1]
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True).returncode:
    sys.exit(77)
from vyrectl.errors import FileError
from vyrectl.files import telling
from vyrectl.files.replace import replace_file
path = os.path.join(folder, "ring.bin")
with open(path, "wb") as stream:
    stream.write(b"o" * 40000)
try:
    replace_file(path, [b"n" * 40000], backup=True)
except FileError as error:
    assert error.details() == {"errno": "ENOSPC"}, error
else:
    sys.exit("no error")
assert open(path, "rb").read() == b"o" * 40000
assert os.listdir(folder) == ["ring.bin"], os.listdir(folder)
"""


@needs_tool("unshare")
@needs_own_mounts()
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        does_not_apply("whoever runs this may not mount a file system")
    assert done.returncode == 0, done.stderr


def test_a_limit_on_file_sizes(path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from vyrectl.errors import FileError\n"
        "from vyrectl.files.replace import replace_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "try:\n"
        "    replace_file(sys.argv[1], [b'n' * 5000, b'n' * 5000])\n"
        "except FileError as error:\n"
        "    print(error.details()['errno'])\n"
    )
    assert run_python(code, str(path)).stdout == "EFBIG\n"
    assert path.read_bytes() == OLD
    assert leftovers(path.parent) == []


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        replace_file(tmp_path / "nowhere" / "ring.bin", [b"x"])


def test_a_read_only_file_is_not_replaced_behind_its_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda name, mode: not (mode & os.W_OK and str(name) == str(path)))
    with pytest.raises(FileError, match="permission denied"):
        replace_file(path, [b"x"])
    assert path.read_bytes() == OLD


def test_a_read_only_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.chmod(0o555)
    if os.geteuid() == 0:  # the superuser may write everywhere
        real = os.open

        def refuse(name: str, flags: int, *rest: int, **named: int) -> int:
            if flags & os.O_CREAT:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(name, flags, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="permission denied") as caught:
        replace_file(path, [b"x"])
    assert "folder" in str(caught.value.fix)
    monkeypatch.undo()
    path.parent.chmod(0o755)
    assert path.read_bytes() == OLD


def test_only_regular_files_are_replaced(path: Path) -> None:
    with pytest.raises(FileError, match="is a directory"):
        replace_file(path.parent, [b"x"])
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="no regular file"):
        replace_file(pipe, [b"x"])
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_existing_file_is_not_created_again(path: Path) -> None:
    with pytest.raises(FileError, match="exists already") as caught:
        replace_file(path, [b"x"], exclusive=True)
    assert caught.value.errno == errno.EEXIST
    new = path.with_name("new.bin")

    def late() -> Iterator[bytes]:
        new.write_bytes(b"theirs")
        yield b"ours"

    with pytest.raises(FileError, match="exists already"):
        replace_file(new, late(), exclusive=True)
    assert new.read_bytes() == b"theirs"
    assert leftovers(path.parent) == []


def test_a_file_that_changes_while_the_new_one_is_written(path: Path) -> None:
    expected = identity(path)

    def meddling() -> Iterator[bytes]:
        yield b"ours"
        path.write_bytes(b"theirs")

    with pytest.raises(FileError, match="deleted, replaced or changed"):
        replace_file(path, meddling(), expected=expected, backup=True)
    assert path.read_bytes() == b"theirs"
    assert [one.name for one in path.parent.iterdir()] == ["ring.bin"]


# --- killed writers ---

STUCK = """
import os, sys, time
from vyrectl.files.replace import replace_file
def parts():
    yield b"half"
    print("writing", flush=True)
    time.sleep(60)
replace_file(sys.argv[1], parts())
"""


def test_what_a_killed_writer_left_goes_with_the_next_write(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        assert len(leftovers(path.parent)) == 1
        replace_file(path, [b"meanwhile"])
        assert len(leftovers(path.parent)) == 1, "a live writer's file was taken away"
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"meanwhile"
    assert len(leftovers(path.parent)) == 1
    replace_file(path.with_name("other.bin"), [b"x"])
    assert len(leftovers(path.parent)) == 1
    replace_file(path, [b"next"])
    assert leftovers(path.parent) == []
    assert path.read_bytes() == b"next"


@pytest.mark.parametrize("name", ["fchmod", "fsync", "fchown"])
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_that_keeps_no_attributes_keeps_the_bytes(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    path.write_bytes(b"old")
    path.chmod(0o640)

    def refuse(*given: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, refuse)
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_mode_that_is_right_is_not_set(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"old")
    path.chmod(0o600)
    monkeypatch.setattr(os, "fchmod", None)
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


@needs_tool("unshare", "mount")
@needs_own_mounts()
def test_a_file_that_is_a_mount_point_is_told_so_before_the_work(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        does_not_apply("only the superuser mounts")
    (tmp_path / "host.bin").write_bytes(bytes(64 * 100))
    (tmp_path / "r.bin").touch()
    vyrectl = f"{sys.executable} -m vyrectl"
    script = (
        f"mount --bind host.bin r.bin && {vyrectl} set r.bin param=9 --all; echo $?; "
        f"{vyrectl} build r.bin --slots 3 --force; echo $?; {vyrectl} set r.bin param=9 1 --quiet; echo $?"
    )
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90
    )
    codes = [line for line in done.stdout.splitlines() if line.strip() in ("0", "1")]
    assert codes == ["1", "1", "0"], (done.stdout, done.stderr)
    assert (tmp_path / "r.bin.bak").read_bytes() == bytes(64 * 100)
    assert done.stderr.count("it is a mount point") == 2
    assert "Mount its folder instead of the file" in done.stderr


def test_a_backup_where_neither_links_nor_modes_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    path = tmp_path / "ring.bin"
    path.write_bytes(b"old")
    for name in ("link", "chmod", "fchmod"):
        monkeypatch.setattr(os, name, refuse)
    kept = replace_file(path, [b"new"], backup=True).backup
    assert kept is not None
    assert (Path(kept).read_bytes(), path.read_bytes()) == (b"old", b"new")


def test_a_backup_of_a_file_with_another_name_is_a_copy_of_its_own(path: Path) -> None:
    path.write_bytes(b"old")
    other = path.with_name("other.bin")
    os.link(path, other)
    assert replace_file(path, [b"new"], backup=True).backup == f"{path}.bak"
    with other.open("r+b") as written:
        written.write(b"bad")
    assert Path(f"{path}.bak").read_bytes() == b"old"


# --- other names of the file ---


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(telling, "_listener", [lines.append])
    return lines


@pytest.mark.parametrize("names", [["a b.bin"], ["h.bin", "-i.bin"]])
def test_other_names_of_a_replaced_file_are_told_with_what_has_them_follow(
    path: Path, told: list[str], names: list[str]
) -> None:
    for name in names:
        os.link(path, path.with_name(name))
    replace_file(path, [b"new"], backup=True)
    [line] = told
    assert all(name in line and path.with_name(name).read_bytes() == OLD for name in names)
    subprocess.run(line.partition("there too: ")[2], shell=True, check=True)
    assert all(path.with_name(name).read_bytes() == b"new" for name in names)
    assert path.with_name("ring.bin.bak").read_bytes() == OLD


def test_names_in_other_folders_are_found_by_the_command(path: Path, told: list[str]) -> None:
    folder = path.parent / "deep"
    folder.mkdir()
    os.link(path, folder / "h.bin")
    replace_file(path, [b"new"])
    [line] = told
    found = subprocess.run(line.partition("to find it: ")[2], shell=True, capture_output=True, text=True)
    assert found.stdout.split() == [str(folder / "h.bin")]


def test_a_file_of_one_name_is_replaced_without_a_word(path: Path, told: list[str]) -> None:
    replace_file(path, [b"new"])
    assert told == []


def test_who_cannot_be_told_does_not_harm_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(line: str) -> None:
        raise BrokenPipeError(line)

    monkeypatch.setattr(telling, "_listener", [gone])
    os.link(path, path.with_name("h.bin"))
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"
