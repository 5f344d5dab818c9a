"""Commands on a ring that a killed launch in place has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.live.rings import crashed, note_redo, read, write_ring
from vyrectl.abi import live as abi

READY, RUNNING, DONE, YIELDED, FAULTED = 1, 2, 3, 5, 7


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Slot 0 is half written, slot 1 may not run twice, slot 2 is an orphan."""
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, RUNNING, RUNNING, READY])
    words = bytearray(ring.read_bytes())
    words[64 + 4] = 9
    ring.write_bytes(words)
    with crashed(ring, once=[9]) as sidecar:
        after = dict.fromkeys(abi.REDO_INDEX, 0) | {0: YIELDED, 14: 9999}
        note_redo(sidecar, 0, 0, after)
        sidecar.control_words()[128] = 6
    return ring


def test_a_launch_says_what_it_found(left: Path, cli: Cli) -> None:
    answer = cli("launch", str(left), "--device", "reference", "--json")
    assert answer.code == 0, answer.err
    assert "left half-way by a killed launch and finished: slots 0" in answer.err
    assert "faulted, may not run twice: slots 1" in answer.err
    assert read(left)["state"].tolist() == [DONE, FAULTED, RUNNING, DONE]


def test_recover_shows_it(left: Path, cli: Cli) -> None:
    would = cli("recover", str(left), "--dry-run")
    assert "half written and finished, slots" in would.out
    assert "its epoch, for launch --epoch" in would.out
    did = cli("recover", str(left), "--json").json()
    assert (did["finished"], did["faulted"], did["recovered_count"], did["epoch"]) == ([0], [1], 1, 6)
    assert read(left)["state"].tolist() == [YIELDED, FAULTED, 6, READY]


def test_an_edit_finishes_first(left: Path, cli: Cli) -> None:
    assert cli("set", str(left), "param=3", "3").code == 0
    assert read(left)["state"].tolist() == [YIELDED, FAULTED, RUNNING, READY]
    assert not Path(f"{left}.live").exists()


def test_looking_changes_nothing(left: Path, cli: Cli) -> None:
    before = left.read_bytes()
    for command in (("inspect",), ("snapshot",), ("check",), ("map",)):
        cli(*command, str(left))
    assert left.read_bytes() == before
    assert Path(f"{left}.live").exists()
