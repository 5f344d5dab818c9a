"""Advice about a ring behind a header or before a trailer: it works as printed, and never names slots of a view from
another first slot.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.abi.states import TaskState
from vyrectl.ring.synthetic import synthesize

STRANGE, NAMED, ODD = b"\xa5" * 64, b"MYDUMP v1\n".ljust(64, b"\0"), b"HEADER v2\n"
TRAILER = b"\x5a" * 40


def ring() -> bytes:
    slots = synthesize(48, 3)
    slots["state"][[3, 30]] = int(TaskState.FAULTED)
    slots["state"][5] = int(TaskState.RUNNING)
    return slots.tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(text: str) -> list[str]:
    """Our own command lines in what was printed."""
    return [f"vyrectl {line.partition('vyrectl ')[2]}" for line in text.splitlines() if "vyrectl " in line]


@pytest.mark.parametrize("trailer", [b"", TRAILER], ids=["whole", "a trailer"])
@pytest.mark.parametrize(
    "header", [STRANGE, NAMED, ODD, STRANGE * 3], ids=["a slot", "a name", "odd", "three"]
)
@pytest.mark.parametrize(
    "typed", ["repair 30", "repair 30-31 --backup", "set priority=1 0x1e", "transition pause 30,2 --epoch 3"]
)
def test_slots_named_by_hand_are_never_taken_along(
    cli: Cli, folder: Path, typed: str, header: bytes, trailer: bytes
) -> None:
    (folder / "t.bin").write_bytes(header + ring() + trailer)
    name, *rest = shlex.split(typed)
    said = cli(name, "t.bin", *rest, *(() if trailer or len(header) % 64 else ("--dry-run",))).err
    found = commands(said)
    assert found, said
    assert "slot numbers count from the ring's first slot" in said
    for line in found:
        assert line.startswith(f"vyrectl inspect t.bin --offset {len(header)}"), line
        assert cli(*shlex.split(line)[1:]).code == 0


@pytest.mark.parametrize(
    "typed", ["repair --all", "set priority=1 --where tenant==1", "repair --all --backup"]
)
def test_what_names_no_slot_is_offered_as_it_was_typed(cli: Cli, folder: Path, typed: str) -> None:
    (folder / "t.bin").write_bytes(ODD + ring())
    name, *rest = shlex.split(typed)
    found = commands(cli(name, "t.bin", *rest).err)
    assert found == [shlex.join(["vyrectl", name, "t.bin", *rest, "--offset", "10"])]


def test_numbers_that_are_values_of_options_are_no_slots(cli: Cli, folder: Path) -> None:
    (folder / "1.bin").write_bytes(ODD + ring())
    typed = ("transition", "1.bin", "pause", "--epoch", "3", "--where", "tenant == 1")
    assert commands(cli(*typed).err) == [shlex.join(["vyrectl", *typed, "--offset", "10"])]
    assert "inspect" in commands(cli("inspect", "1.bin", "--slots=3").err)[0]
    assert "--slots" not in commands(cli("inspect", "1.bin", "--slots=3").err)[0]
    assert commands(cli("repair", "1.bin", "--", "3").err) == ["vyrectl inspect 1.bin --offset 10"]


@pytest.mark.parametrize("trailer", [b"", TRAILER], ids=["whole", "a trailer"])
@pytest.mark.parametrize(
    "header", [STRANGE, NAMED, ODD, STRANGE * 3], ids=["a slot", "a name", "odd", "three"]
)
def test_check_only_says_where_the_ring_starts(cli: Cli, folder: Path, header: bytes, trailer: bytes) -> None:
    (folder / "t.bin").write_bytes(header + ring() + trailer)
    count = ("--count", "48") if trailer else ()
    span = ("--offset", str(len(header)), *count)
    found = set(commands(cli("check", "t.bin").out))
    assert found == {shlex.join(["vyrectl", "check", "t.bin", *span])}
    inside = commands(cli("check", "t.bin", *span).out)
    assert any("repair t.bin" in line and f"--offset {len(header)}" in line for line in inside)
    for line in inside:
        assert cli(*shlex.split(line)[1:]).code == 0, line


def test_a_damaged_first_slot_is_one_for_who_says_so(cli: Cli, folder: Path) -> None:
    (folder / "t.bin").write_bytes(STRANGE + ring())
    assert "--offset 0 says so" in " ".join(cli("check", "t.bin").out.split())
    found = [line for line in commands(cli("check", "t.bin", "--offset", "0").out) if " repair " in line]
    assert len(found) == 1
    assert cli(*shlex.split(found[0])[1:]).code == 0


@pytest.mark.parametrize("header", [b"", STRANGE, NAMED, ODD], ids=["none", "a slot", "a name", "odd"])
def test_what_is_left_over_is_left_out_of_what_is_advised(cli: Cli, folder: Path, header: bytes) -> None:
    (folder / "t.bin").write_bytes(header + ring() + TRAILER)
    found = commands(cli("open", "t.bin").out)
    assert len(found) == 1
    assert "--count 48" in found[0]
    assert cli(*shlex.split(found[0])[1:]).code == 0
    if not header:
        inside = commands(cli("check", "t.bin").out)
        assert len(inside) >= 3
        for line in inside:
            assert cli(*shlex.split(line)[1:]).code == 0, line
        assert (folder / "t.bin").read_bytes().endswith(TRAILER)
