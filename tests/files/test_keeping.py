"""Whole files that a command writes: what somebody else wrote is still to be had afterwards, and nothing piles up."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import does_not_apply
from vyrectl.errors import FileError
from vyrectl.files import telling
from vyrectl.files.keeping import replace_kept, write_kept


def refuse(code: int) -> object:
    def call(*arguments: object) -> bytes:
        raise OSError(code, os.strerror(code))

    return call


@pytest.fixture(params=["marks", "no marks", "no call"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stranger's file, where marks can be had and where they cannot."""
    for name in ("getxattr", "setxattr"):
        if request.param == "no marks":
            monkeypatch.setattr(os, name, refuse(errno.ENOTSUP))
        elif request.param == "no call":
            monkeypatch.delattr(os, name, raising=False)
    path = tmp_path / "c.bin"
    path.write_bytes(b"theirs")
    return path


@pytest.fixture
def told() -> Iterator[list[str]]:
    before, lines = telling._listener[:], list[str]()
    telling.tell_by(lines.append)
    yield lines
    telling._listener[:] = before


@pytest.fixture
def marks(tmp_path: Path) -> None:
    try:
        (tmp_path / "probe").touch()
        os.setxattr(tmp_path / "probe", "user.probe", b"")
    except (OSError, AttributeError):
        does_not_apply("the file system holds no extended attributes: what was written here bears no mark")


def backups(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.parent.iterdir() if ".bak" in one.name}


def test_a_strangers_file_is_kept_once_however_often_it_is_written(place: Path) -> None:
    assert replace_kept(place, [b"on", b"e"]) == f"{place}.bak"
    assert [replace_kept(place, [text]) for text in (b"two", b"three")] == [None, None]
    assert (place.read_bytes(), backups(place)) == (b"three", {"c.bin.bak": b"theirs"})


def test_nothing_is_kept_of_what_loses_nothing(place: Path) -> None:
    assert replace_kept(place, [b"the", b"irs"]) is None
    empty, new = place.with_name("empty"), place.with_name("new")
    empty.touch()
    assert [replace_kept(one, [b"x"]) for one in (empty, new)] == [None, None]
    assert backups(place) == {}


def test_what_a_backup_holds_is_not_kept_again(place: Path) -> None:
    replace_kept(place, [b"ours"])
    place.unlink()
    place.write_bytes(b"theirs")
    assert replace_kept(place, [b"more"]) is None
    assert backups(place) == {"c.bin.bak": b"theirs"}


@pytest.mark.usefixtures("marks")
def test_what_was_written_here_is_told_from_what_was_changed_since(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    assert [replace_kept(path, [text]) for text in (b"one", b"two")] == [None, None]
    with path.open("r+b") as file:
        file.write(b"T")
    os.utime(path, ns=(0, 0))
    (tmp_path / "c.bin.bak").mkdir()
    assert replace_kept(path, [b"three"]) == f"{path}.bak.1"
    assert (tmp_path / "c.bin.bak.1").read_bytes() == b"Two"


def test_a_backup_that_is_asked_for_is_made(place: Path) -> None:
    replace_kept(place, [b"one"])
    assert replace_kept(place, [b"two"], backup=True) == f"{place}.bak.1"


def test_the_old_ones_name_is_told(place: Path, told: list[str]) -> None:
    write_kept(place, [b"one"])
    write_kept(place, [b"two"])
    assert told == [f"{place}: the old one is {place}.bak"]


def test_what_is_only_created_replaces_nothing(place: Path) -> None:
    with pytest.raises(FileError, match="exists already"):
        write_kept(place, [b"one"], exclusive=True)
    assert (place.read_bytes(), backups(place)) == (b"theirs", {})
