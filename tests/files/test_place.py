"""Whether a file could be written somewhere, found out before the work."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vyrectl.errors import FileError
from vyrectl.files import place

GIB = 1 << 30


def raising(code: int) -> Callable[..., Any]:
    def refuse(*args: object, **named: object) -> Any:
        raise OSError(code, os.strerror(code))

    return refuse


def disk(free: int, *, blocks: int = 8, flags: int = 0) -> SimpleNamespace:
    return SimpleNamespace(f_blocks=blocks, f_bfree=free, f_bavail=free, f_frsize=1, f_flag=flags)


def test_room_is_asked_for_all_files_of_a_disk_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda folder: disk(100))
    place.check_room([(tmp_path / "a", 60)])
    with pytest.raises(FileError, match=r"120 bytes are needed, 100 are free") as caught:
        place.check_room([(tmp_path / "a", 60), (tmp_path / "b", 60)])
    assert caught.value.errno == errno.ENOSPC


def test_a_file_system_that_does_not_say_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda folder: disk(0, blocks=0))
    place.check_room([(tmp_path / "a", GIB)])
    monkeypatch.setattr(os, "statvfs", raising(errno.EIO))
    place.check_room([(tmp_path / "a", GIB)])


def test_a_mount_point_gets_no_successor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = tmp_path / "a ring.bin"
    ring.touch()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 2 0:3 / {str(ring.resolve()).replace(' ', chr(92) + '040')} rw - ext4 x rw\n")
    monkeypatch.setattr(place, "_MOUNTS", str(mounts))
    with pytest.raises(FileError, match="it is a mount point"):
        place.check_place(ring)
    monkeypatch.setattr(place, "_MOUNTS", str(tmp_path / "nothing"))
    place.check_place(ring)


def test_an_owner_that_cannot_be_kept_is_found_out_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, stat = tmp_path / "ring.bin", os.stat
    ring.touch()

    def foreign(name: str, **named: Any) -> os.stat_result:
        status = stat(name, **named)
        return os.stat_result((*status[:4], 12345, *status[5:])) if str(name) == str(ring) else status

    monkeypatch.setattr(os, "stat", foreign)
    monkeypatch.setattr(os, "fchown", raising(errno.EPERM))
    with pytest.raises(FileError, match="cannot keep the owner") as caught:
        place.check_place(ring)
    assert caught.value.where == str(ring)
    place.check_place(ring, appends=True)
    monkeypatch.setattr(os, "fchown", raising(errno.ENOTSUP))
    place.check_place(ring)


@pytest.mark.parametrize(("flags", "code"), [(0, errno.EACCES), (os.ST_RDONLY, errno.EROFS)])
def test_a_folder_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, code: int
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "statvfs", lambda folder: disk(GIB, flags=flags))
    with pytest.raises(FileError) as caught:
        place.check_place(tmp_path / "new.bin")
    assert caught.value.errno == code


def test_a_sticky_folder_keeps_what_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = tmp_path / "ring.bin"
    ring.touch()
    tmp_path.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: ring.stat().st_uid + 1)
    with pytest.raises(FileError) as caught:
        place.check_place(ring)
    assert caught.value.errno == errno.EPERM


@pytest.mark.parametrize("code", [errno.EISDIR, errno.EOPNOTSUPP])
def test_folders_that_know_no_nameless_files_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    tried, real = [], os.open

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(code, os.strerror(code))
        tried.append(path)
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    place.check_place(tmp_path / "new.bin")
    assert (len(tried), os.listdir(tmp_path)) == (1, [])


def test_without_nameless_files_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    monkeypatch.setattr(os, "open", raising(errno.EIO))
    place.check_place(tmp_path / "new.bin")


def test_a_full_folder_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", raising(errno.EDQUOT))
    with pytest.raises(FileError) as caught:
        place.check_place(tmp_path / "new.bin")
    assert caught.value.errno == errno.EDQUOT


def test_a_file_system_that_makes_no_files_is_told_before(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="makes no new files"):
        place.check_place("/proc/out.npy")
