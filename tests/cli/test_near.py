"""What a path that leads nowhere was probably meant as."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl import near
from vyrectl.near import meant_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("ring.bin", "ring.bin.lock", "my tasks.csv", "data/other.bin", "-odd.bin"):
        (tmp_path / name).write_bytes(bytes(64))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ring.bni", "ring.bin"),
        ("RING.BIN", "ring.bin"),
        ("ring", "ring.bin"),
        ("./rnig.bin", "./ring.bin"),
        ("my task.csv", "'my tasks.csv'"),
        ("-odd.bni", "./-odd.bin"),
        ("dta/other.bin", "data/other.bin"),
        ("data/othr.bin", "data/other.bin"),
        ("ring.bin/x", None),
        ("dta/nothing", None),
        ("ring.bin.loc", None),
        ("quite different", None),
        ("nowhere/at/all", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_near_name_is_asked_for(folder: Path, given: str, meant: str | None) -> None:
    assert meant_path(given) == (f"Did you mean {meant}?" if meant else "")


def test_a_name_of_control_characters_is_not_shown(folder: Path) -> None:
    (folder / "odd\x1bname.bin").touch()
    assert meant_path("oddname.bin") == ""


def test_only_the_first_entries_of_a_large_folder_are_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "MOST_LOOKED_AT", 0)
    assert meant_path("ring.bni") == ""


def test_a_folder_that_cannot_be_listed_is_silent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    assert meant_path("ring.bni") == ""


@pytest.mark.parametrize(
    "command",
    [
        *("inspect", "snapshot", "check", "why", "open", "decode", "map", "report", "launch", "workers"),
        *("control", "debug", "io", "replay", "apply", "plan", "plot", "recover"),
    ],
)
def test_every_command_that_reads_names_the_near_file(cli: Cli, folder: Path, command: str) -> None:
    result = cli(command, "ring.bni")
    assert (result.code, "Check the path. Did you mean ring.bin?" in result.err) == (1, True)
