"""A ring behind a header, whose first slots are none: said by every command, with the line that reads the ring."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.ring.synthetic import synthesize

RING = synthesize(64, 3).tobytes()
STRANGE, NAMED, ODD = b"\xa5" * 128, b"MYDUMP v1\n".ljust(64, b"\0"), b"\xa5" * 37
READS = ("inspect", "snapshot", "map", "why", "plan", "apply", "decode", "launch --dry-run", "report")
WRITES = ("set priority=1 60", "transition requeue 60", "recover", "repair --all", "publish nop --dry-run")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(command: str, file: str) -> tuple[str, ...]:
    name, *rest = command.split()
    return name, file, *rest


def offered(text: str) -> list[str]:
    """The commands of our own in what was said."""
    found = (line.partition(": vyrectl ")[2] for line in text.replace("  run: ", ": ").splitlines())
    return [line for line in found if "--offset" in line]


@pytest.mark.parametrize("command", READS)
@pytest.mark.parametrize("header", [STRANGE, NAMED, ODD], ids=["slots", "a name", "odd"])
def test_readers_say_where_it_starts(cli: Cli, folder: Path, command: str, header: bytes) -> None:
    (folder / "dump.bin").write_bytes(header + RING)
    said = cli(*typed(command, "dump.bin")).err
    again = offered(said)
    assert len(again) == 1, said
    assert f"--offset {len(header)}" in again[0]
    assert "build dump.bin.ring --from dump.bin" in again[0] or shlex.split(again[0])[:2] == [
        command.split()[0],
        "dump.bin",
    ]
    result = cli(*shlex.split(again[0]))
    assert result.code in (0, 1), result.err
    assert "state word" not in result.err


@pytest.mark.parametrize("command", WRITES)
def test_edits_say_it_and_refuse_what_surely_is_no_ring(cli: Cli, folder: Path, command: str) -> None:
    for header, code in ((STRANGE, 0), (NAMED, 3)):
        (folder / "dump.bin").write_bytes(header + RING)
        result = cli(*typed(command, "dump.bin"))
        assert (result.code, f"--offset {len(header)}" in result.err) == (code, True), result.err
        assert len(offered(result.err)) == 1


def test_a_file_among_several_is_cut_out(cli: Cli, folder: Path) -> None:
    (folder / "ring.bin").write_bytes(RING)
    for header in (STRANGE, ODD):
        (folder / "dump.bin").write_bytes(header + RING)
        said = cli("diff", "ring.bin", "dump.bin").err
        assert offered(said) == [f"build dump.bin.ring --from dump.bin --offset {len(header)}"]


def test_who_has_looked_is_told_nothing(cli: Cli, folder: Path) -> None:
    (folder / "dump.bin").write_bytes(STRANGE + RING)
    assert "--offset" not in cli("map", "dump.bin", "--offset", "0").err
    assert "--offset" not in cli("map", "dump.bin", "--offset", "128").err
    (folder / "dump.bin").write_bytes(RING[:640] + STRANGE + RING)
    assert "--offset" not in cli("map", "dump.bin").err


def test_why_reads_the_ring_of_a_folder_where_it_starts(cli: Cli, folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "dump.bin").write_bytes(ODD + RING)
    (folder / "ring.bin").write_bytes(RING)
    whole, inside = cli("why", "ring.bin", "--json").json(), cli("why", "run", "--json").json()
    assert inside["verdict"].partition(" ")[2] == whole["verdict"].partition(" ")[2]
