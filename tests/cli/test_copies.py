"""Launches with `--output`, which hold nothing of their ring: seen from a second terminal by both names, and after."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conformance.backends import needs_cpu
from tests.spread.commands import TWO_CPUS
from tests.support.rings import slot, write_ring

HUNG = """#include "vyre_op.h"
VYRE_OP(0x2000, hang, "turns for ever inside one turn")
{
    volatile uint one = 1;
    while (one) { }
    return vyre_done();
}
"""

pytestmark = [pytest.mark.timeout(120), needs_cpu()]


@pytest.fixture
def hung(tmp_path: Path) -> Path:
    """A ring whose second task hangs and whose first one a dead launch has left Running."""
    (tmp_path / "mine.cl").write_text(HUNG)
    return write_ring(
        tmp_path / "in.bin",
        slot(state=2, op_handle=0, task_id=6, priority=2),
        slot(state=1, op_handle=0x2000, task_id=7, priority=2),
        slot(state=1, op_handle=0, task_id=8, priority=2),
    )


@contextmanager
def launched(tmp_path: Path, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """A launch beside the test, killed at its end; what it says is in said.txt."""
    command = [sys.executable, "-m", "vyrectl", "launch", "in.bin", "--ops", "mine.cl", "--quiet", *args]
    with (tmp_path / "said.txt").open("ab") as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def has_in_hand(cli: Cli, name: str, least: int = 1) -> bool:
    result = cli("workers", name, "--json")
    return result.code == 0 and result.json()["busy"] >= least


def held(record: dict[str, object]) -> dict[str, object]:
    classes = record["classes"]
    assert isinstance(classes, list)
    return next(one for one in classes if one["name"] == "held")


def test_a_hung_launch_is_named_by_its_ring_and_by_its_result(cli: Cli, hung: Path, tmp_path: Path) -> None:
    """An older result of that name is not the ring that runs, and a Running task of the ring is not the launch's."""
    write_ring(tmp_path / "out.bin", slot(state=3, task_id=1))
    with launched(tmp_path, "--device", "cpu", "--output", "out.bin", "--stall-after", "1") as child:
        until(lambda: has_in_hand(cli, "in.bin"))
        row = cli("workers", "out.bin", "--ops", "mine.cl", "--json").json()
        turn = row["oldest_turn"]
        assert (turn["slot"], turn["op_name"], row["held_by"]) == (1, "hang", None)
        assert row["launches"] == [{"pid": child.pid, "ring": "in.bin", "output": "out.bin"}]
        said = cli("workers", "in.bin").out.splitlines()[0]
        assert f"of pid {child.pid} (launch in.bin --output out.bin), which works on a copy; 1 with" in said
        for name in ("in.bin", "out.bin"):
            record = cli("why", name, "--ops", "mine.cl", "--json").json()
            assert record["ring"] == name
            found = held(record)
            assert found["summary"] == "slot 1 (hang) is in one turn that does not end"
            assert found["slots"] == [1]
            evidence = found["evidence"]
            assert isinstance(evidence, list)
            assert evidence[0].startswith(
                f"pid {child.pid} (launch --output out.bin) works on a copy of in.bin"
            )
            assert evidence[0].endswith("out.bin is written when it ends") is (name == "out.bin")
            assert re.match(r"worker \d+ has slot 1 in hand for at least", evidence[1])
            assert found["command"] == f"kill -TERM {child.pid}"
            [orphan] = [one for one in record["classes"] if one["name"] == "orphaned"]
            assert (orphan["slots"], orphan["command"]) == (
                [0],
                "vyrectl recover in.bin --ops mine.cl --backup",
            )
            assert "leaves them alone in its copy" in orphan["evidence"][0]
        until(lambda: b"stands still" in (tmp_path / "said.txt").read_bytes())
        notice = (tmp_path / "said.txt").read_text()
        assert "slot 1 (hang) is in one turn that does not end" in notice
        assert f"kill -TERM {child.pid}" in notice
        subprocess.run(shlex.split(str(found["command"])), check=True)
        child.wait()
    assert child.returncode == 128 + signal.SIGTERM
    assert cli("workers", "in.bin").code == 1
    after = str(found["afterwards_command"])
    typed = "vyrectl launch in.bin --ops mine.cl --quiet --device cpu --output out.bin --stall-after 1"
    assert after == f"{typed} --where 'slot != 1' --backup"
    assert cli(*shlex.split(after)[1:]).code == 0
    assert [one["state"] for one in cli("decode", "out.bin", "--json").json()["slots"]] == [2, 1, 3]
    assert [one["state"] for one in cli("decode", "in.bin", "--json").json()["slots"]] == [2, 1, 1]


def test_a_launch_that_is_killed_takes_its_note_along(cli: Cli, hung: Path, tmp_path: Path) -> None:
    with launched(tmp_path, "--device", "cpu", "--output", "out.bin", "--grace", "1") as child:
        until(lambda: has_in_hand(cli, "out.bin"))
        child.kill()
        child.wait()
        result = cli("workers", "in.bin")
        assert (result.code, "no launch is running this ring" in result.err) == (1, True)
        names = [one["name"] for one in cli("why", "in.bin", "--ops", "mine.cl", "--json").json()["classes"]]
        assert "held" not in names
        assert "orphaned" in names


def test_what_a_killed_launch_has_left_of_its_result_is_said(cli: Cli, tmp_path: Path) -> None:
    """Its ring is as it was; how far it had come lies beside its result, under both names and none of other rings."""
    (tmp_path / "mine.cl").write_text(HUNG)
    spins = [slot(state=1, op_handle=0x1005, param=1 << 28, task_id=1 + at, priority=2) for at in range(40)]
    write_ring(tmp_path / "in.bin", *spins)
    write_ring(tmp_path / "other.bin", *spins[:39], slot(state=1, task_id=99))
    with launched(tmp_path, "--device", "cpu", "--output", "out.bin", "--grace", "30") as child:
        until(lambda: has_in_hand(cli, "out.bin"))
        child.kill()
        child.wait()
        until((tmp_path / "out.bin.partial").exists)
    line = (
        "out.bin.partial: as far as a launch into out.bin had come when it was killed; "
        "to go on from there: vyrectl why out.bin.partial"
    )
    assert line in cli("why", "in.bin").out.splitlines()
    assert cli("why", "in.bin", "--json").json()["left"] == [line]
    assert cli("why", "other.bin", "--json").json()["left"] == []
    missing = cli("why", "out.bin")
    assert (missing.code, f"A killed launch left {line}" in missing.err) == (1, True)
    write_ring(tmp_path / "out.bin", slot(state=3))
    assert cli("why", "out.bin", "--json").json()["left"] == [line]
    assert cli("why", "out.bin.partial", "--json").code == 0
    os.rename("out.bin.partial", "out.bin.partial.3")
    assert cli("why", "in.bin", "--json").json()["left"] == []


def test_two_launches_at_one_ring_are_told_apart(cli: Cli, hung: Path, tmp_path: Path) -> None:
    with (
        launched(tmp_path, "--device", "cpu", "--output", "a.bin") as one,
        launched(tmp_path, "--device", "cpu", "--output", "b.bin") as two,
    ):
        until(lambda: has_in_hand(cli, "in.bin", 2))
        rows = cli("workers", "in.bin", "--json").json()["workers"]
        assert {row["launch"] for row in rows if row["slot"] == 1} == {one.pid, two.pid}
        said = cli("workers", "in.bin").out
        assert "which work on copies; 2 with a task in hand" in said.splitlines()[0]
        assert said.splitlines()[2].split()[:2] == ["launch", "worker"]
        found = held(cli("why", "in.bin", "--json").json())
        assert found["command"] == f"kill -TERM {min(one.pid, two.pid)} {max(one.pid, two.pid)}"
        alone = held(cli("why", "b.bin", "--json").json())
        assert alone["command"] == f"kill -TERM {two.pid}"


def test_a_launch_on_several_devices_is_found_too(
    cli: Cli, hung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operations are called as in a launch in place: by what whoever looks has for names."""
    monkeypatch.setenv("POCL_DEVICES", TWO_CPUS["POCL_DEVICES"])
    with launched(tmp_path, "--device", "cpu:*", "--shard-slots", "2", "--output", "out.bin"):
        until(lambda: has_in_hand(cli, "out.bin"))
        assert cli("workers", "in.bin", "--json").json()["oldest_turn"]["op_name"] == "0x2000"
        monkeypatch.setenv("VYRECTL_OPS", "mine.cl")
        turn = cli("workers", "in.bin", "--json").json()["oldest_turn"]
        assert (turn["slot"], turn["op_name"]) == (1, "hang")
        assert turn["device"] in ("0:0", "0:1")
        found = held(cli("why", "out.bin", "--json").json())
        assert found["summary"] == "slot 1 (hang) is in one turn that does not end"
        monkeypatch.delenv("VYRECTL_OPS")
        assert held(cli("why", "in.bin", "--ops", "mine.cl", "--json").json())["slots"] == [1]


def test_a_launch_into_a_pipe_is_found_by_its_ring(
    cli: Cli, hung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with launched(tmp_path, "--device", "cpu", "--output", "-"):
        until(lambda: has_in_hand(cli, "in.bin"))
        assert "(launch in.bin --output -)" in cli("workers", "in.bin").out
        after = held(cli("why", "in.bin", "--ops", "mine.cl", "--json").json())["afterwards_command"]
        assert str(after).startswith(
            "vyrectl launch in.bin --ops mine.cl --quiet --device cpu --output - --where"
        )
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
        told = cli("why", str(hung), "--ops", "../mine.cl", "--json").json()
        there = f"vyrectl launch {hung} --output in-ran.bin --where 'slot != 1'"
        assert str(held(told)["afterwards_command"]).startswith(there), (
            "its paths are said from another folder"
        )


def test_a_ring_that_may_not_be_written_beside(cli: Cli, hung: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.rename("in.bin", "theirs/in.bin")
    os.symlink("theirs/in.bin", "in.bin")
    os.chmod("theirs", 0o555)
    try:
        with launched(tmp_path, "--device", "cpu", "--output", "out.bin"):
            until(lambda: has_in_hand(cli, "theirs/in.bin"))
            assert os.listdir("theirs") == ["in.bin"]
    finally:
        os.chmod("theirs", 0o755)


def test_a_launch_that_ends_a_hung_copy_offers_itself_without_what_hung(
    cli: Cli, hung: Path, tmp_path: Path
) -> None:
    ends = (
        "--device",
        "cpu",
        "--output",
        "out.bin",
        "--where",
        "op != 9",
        "--stall-after",
        "1",
        "--stall-ends",
    )
    with launched(tmp_path, *ends, "--grace", "1") as child:
        child.wait()
    assert child.returncode == 7
    said = (tmp_path / "said.txt").read_text()
    fix = next(line for line in said.splitlines() if line.startswith("  fix: "))
    assert fix.startswith(
        "  fix: in.bin is as it was before the launch; launch without what hung: vyrectl launch "
    )
    command = shlex.split(fix[fix.index("vyrectl") :])[1:]
    assert command[command.index("--where") + 1] == "(op != 9) and slot != 1"
    assert cli(*command).code == 0
    assert [one["state"] for one in cli("decode", "out.bin", "--json").json()["slots"]] == [2, 1, 3]
    assert json.loads(cli("why", "out.bin", "--json").out)["verdict"] != "held"
