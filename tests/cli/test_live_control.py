"""`control RING.live`: the control buffer of a launch that runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.live.rings import crashed, running, write_ring
from vyrectl.abi import live as abi
from vyrectl.files.ring_lock import RingLock
from vyrectl.sidecar.board import make_board


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return write_ring(tmp_path / "ring.bin", [1, 3])


def test_words_of_a_running_launch(ring: Path, cli: Cli) -> None:
    with running(ring) as sidecar:
        sidecar.control_words()[128] = 41
        sidecar.words[abi.WORD["GATED"]] = 1
        assert cli("control", f"{ring}.live", "--json").json()["epoch"] == 41
        answer = cli("control", f"{ring}.live", "epoch=42", "mask.3=open", "--json")
        assert answer.code == 0, answer.err
        assert [change["new"] for change in answer.json()["changes"]] == [0xFFFF_FFFF, 42]
        assert (sidecar.epoch, sidecar.control(6)) == (42, 0xFFFF_FFFF)
        assert sidecar.bell == 2
        cli("control", f"{ring}.live", "shutdown=1", "--dry-run")
        assert sidecar.control(0) == 0
        refused = cli("control", f"{ring}.live", "epoch=1", "--backup")
        assert refused.code == 2


@pytest.mark.parametrize("change", ["mask.1=open", "quota.2=7"])
def test_what_a_launch_does_not_heed_is_refused(ring: Path, cli: Cli, change: str) -> None:
    with running(ring) as sidecar:
        before = sidecar.control_words().copy()
        refused = cli("control", f"{ring}.live", change, "epoch=5")
        assert refused.code == 2
        assert "without --control" in refused.err
        assert (sidecar.control_words() == before).all()
        assert cli("control", f"{ring}.live", "epoch=5", "--quiet").code == 0


def test_of_a_dead_launch_it_is_only_shown(ring: Path, cli: Cli) -> None:
    with crashed(ring) as sidecar:
        sidecar.control_words()[128] = 7
    assert cli("control", f"{ring}.live", "--json").json()["epoch"] == 7
    answer = cli("control", f"{ring}.live", "epoch=8")
    assert answer.code == 1
    assert "no launch in place" in answer.err
    assert f"fix: Start one: vyrectl launch {ring}" in answer.err


def test_what_is_no_sidecar(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "x.live").write_bytes(b"x" * 5000)
    assert cli("control", str(tmp_path / "x.live")).code == 1
    assert "no launch in place" in cli("control", str(tmp_path / "y.live")).err


def test_of_a_launch_on_a_copy_it_says_how_that_is_ended(ring: Path, cli: Cli) -> None:
    board = make_board(ring)
    with RingLock(ring, role="launch"):
        for words in ((), ("shutdown=1",)):
            answer = cli("control", f"{ring}.live", *words)
            assert answer.code == 1
            assert "fix: It works on a copy, which nobody changes from outside: wait for it" in answer.err
            assert f"kill -TERM {os.getpid()}" in answer.err
    board.close()
    assert f"fix: Start one: vyrectl launch {ring}" in cli("control", f"{ring}.live").err
