"""A file of the user's own that bears a sidecar's name keeps every byte, and nobody goes by what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli, neutral
from tests.support.rings import slot

__all__ = ["cli", "neutral"]

DIARY = b"my own diary\n"
CONTENTS = {"short": DIARY, "long": DIARY * 4096, "numbers": bytes(range(256)) * 256}
WRITES = {
    "set": ("set", "ring.bin", "age=3", "0"),
    "recover": ("recover", "ring.bin"),
    "repair": ("repair", "ring.bin", "--all"),
    "publish": ("publish", "ring.bin", "nop"),
    "launch": ("launch", "ring.bin"),
    "control": ("control", "ring.bin.live", "epoch=3"),
}
LOOKS = {
    "snapshot": ("snapshot", "ring.bin"),
    "inspect": ("inspect", "ring.bin"),
    "check": ("check", "ring.bin"),
    "map": ("map", "ring.bin"),
    "open": ("open", "."),
}


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.bin"
    path.write_bytes(slot(state=1, priority=2) + slot(state=7, continuation_data=9) + slot())
    return path


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("name", WRITES)
def test_a_command_that_writes_refuses(cli: Cli, ring: Path, name: str, content: bytes) -> None:
    before = ring.read_bytes()
    live = ring.with_name("ring.bin.live")
    live.write_bytes(content)
    result = cli(*WRITES[name])
    assert result.code == 1
    assert "a file of something else, which keeps its content" in result.err
    assert "delete" not in result.err
    assert (live.read_bytes(), ring.read_bytes()) == (content, before)


@pytest.mark.parametrize("name", LOOKS)
def test_a_command_that_looks_goes_by_the_ring_alone(cli: Cli, ring: Path, name: str) -> None:
    told = cli(*LOOKS[name], "--json").json() if name != "open" else {}
    live = ring.with_name("ring.bin.live")
    live.write_bytes(DIARY)
    result = cli(*LOOKS[name], "--json")
    assert result.code == 0
    assert name == "open" or result.json() == told
    assert live.read_bytes() == DIARY


def test_what_a_launch_builds_its_sidecar_in_is_not_taken_from_the_user(cli: Cli, ring: Path) -> None:
    building = ring.with_name("ring.bin.live.new")
    building.write_bytes(DIARY)
    result = cli("launch", "ring.bin")
    assert building.read_bytes() == DIARY
    assert (result.code, "ring.bin.live.new" in result.err) == (1, True)
    building.unlink()
    building.symlink_to(ring)
    assert cli("launch", "ring.bin").code == 1
    assert building.is_symlink()
    building.unlink()
    building.write_bytes(bytes(4096))
    assert cli("launch", "ring.bin").code == 0
    assert not building.exists()
