"""What a shell's pattern hands over beside rings is left out, aloud, and nothing else ever is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot
from vyrectl.cli.side_files import LOOKING

RING = (slot(state=7, continuation_data=33), slot(state=1))
BESIDE = ["a.bin.lock", "a.bin.bak", "a.bin.bak.2", "a.bin.live", "a.bin.partial", "a.bin.partial.1"]
SAID = f"left out, no rings but files beside them: {', '.join(BESIDE)}\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """Two rings, and what may lie beside one."""
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(b"".join(RING))
    for name in BESIDE:
        (tmp_path / name).write_bytes(b"")


@pytest.mark.parametrize("command", LOOKING)
def test_a_command_that_looks_at_one_file_takes_the_ring_alone(cli: Cli, command: str) -> None:
    alone = cli(command, "a.bin")
    several = cli(command, "a.bin", *BESIDE)
    assert (several.code, several.out, several.err) == (alone.code, alone.out, SAID + alone.err)
    assert "left out" not in cli(command, *BESIDE[:1], "a.bin", "-q").err


@pytest.mark.parametrize("command", ["snapshot", "report"])
def test_several_rings(cli: Cli, command: str) -> None:
    result = cli(command, "a.bin", *BESIDE, "b.bin", "--json")
    assert [one["ring"] for one in result.json()["rings"]] == ["a.bin", "b.bin"]
    assert SAID in result.err


def test_a_file_that_is_named_alone_is_taken_as_it_is(cli: Cli) -> None:
    Path("a.bin.bak").write_bytes(RING[0])
    result = cli("snapshot", "a.bin.bak", "--json")
    assert (result.json()["faulted_count"], result.err) == (1, "")
    assert cli("diff", "a.bin.bak", "a.bin", "--json").json()["equal"] is False


@pytest.mark.parametrize(
    "args",
    [
        ("inspect", "a.bin", "b.bin"),
        ("inspect", "a.bin", "b.bin.lock"),
        ("launch", "a.bin", "a.bin.lock"),
        ("set", "a.bin", "a.bin.bak", "age=0"),
        ("recover", "a.bin", "a.bin.lock"),
    ],
)
def test_others_are_refused(cli: Cli, args: tuple[str, ...]) -> None:
    Path("a.bin.live").unlink()
    assert cli(*args).code == 2
    assert Path("a.bin").read_bytes() == b"".join(RING)
