"""`vyrectl recover`: what is shown, what is chosen, exit codes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import warm
from tests.cli.conftest import Cli
from tests.cli.support import MIXED, words_at
from tests.conformance.backends import NO_CPU
from tests.needs import require
from tests.support.ops import SPIN
from tests.support.rings import slot, write_ring
from vyrectl.abi.faults import ORPHANED
from vyrectl.files.ring_lock import holder_of
from vyrectl.opencl.asking import ask
from vyrectl.sidecar.hold import hold

FULL = slot(state=2, task_id=5, age_ticks=0xFFFF_FFFF)


def test_the_table(cli: Cli, ring: Path) -> None:
    result = cli("recover", "ring.bin", "--backup")
    assert result.code == 0
    assert result.out == (
        "ring.bin: 1 orphan became Requeued; the old ring is ring.bin.bak\n"
        "slot  task_id  op   tenant  priority    pc  data  now       age  requeues  yields\n"
        "────  ───────  ───  ──────  ────────  ────  ────  ────────  ───  ────────  ──────\n"
        "   3      103  sum       0  High      4096     0  Requeued    1         1       2\n"
    )
    assert words_at(ring, 3)["state"] == 6
    assert (ring.parent / "ring.bin.bak").read_bytes() == b"".join(MIXED)
    assert cli("recover", "ring.bin").out == "ring.bin: no orphan to recover\n"


def test_a_dry_run(cli: Cli, ring: Path) -> None:
    result = cli("recover", "ring.bin", "--dry-run", "--as", "ready")
    assert result.out.startswith("ring.bin: 1 orphan would become Ready\n")
    assert ring.read_bytes() == b"".join(MIXED)


def test_json(cli: Cli, ring: Path) -> None:
    record = cli("recover", "ring.bin", "--as", "faulted", "--json").json()
    assert record == {
        "schema": "vyrectl.recover/1",
        "ring": "ring.bin",
        "slots": 12,
        "as": "faulted",
        "recovered_count": 1,
        "refused": [],
        "not_chosen": 0,
        "schedulable": 5,
        "unknown": 0,
        "left_over_bytes": 0,
        "abandoned": [],
        "finished": [],
        "faulted": [],
        "epoch": None,
        "dry_run": False,
        "backup": None,
        "recovered": [
            {
                "slot": 3,
                "task_id": 103,
                "op_handle": 0x1004,
                "op_name": "sum",
                "tenant_id": 0,
                "priority": 1,
                "continuation_pc": 4096,
                "continuation_data": ORPHANED,
                "state": 7,
                "age_ticks": 0,
                "requeue_count": 0,
                "yield_count": 2,
            }
        ],
    }


def test_a_choice_of_orphans(cli: Cli, tmp_path: Path) -> None:
    path = write_ring(tmp_path / "ring.bin", *[slot(state=2, task_id=number) for number in range(4)])
    rows = list(csv.DictReader(cli("recover", "ring.bin", "1-2", "--format", "csv").out.splitlines()))
    assert [row["slot"] for row in rows] == ["1", "2"]
    assert "not chosen  1 orphan" in cli("recover", "ring.bin", "--where", "task_id == 3").out
    assert [words_at(path, number)["state"] for number in range(4)] == [2, 6, 6, 6]


def test_an_orphan_that_cannot_go_back(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", FULL, slot(state=99), b"tail")
    result = cli("recover", "ring.bin", "--partial")
    assert result.code == 4
    assert result.out == (
        "ring.bin: no orphan to recover\n"
        "\n"
        "left as they are\n"
        "counter at its end, slots  0\n"
        "unknown states             1 slot\n"
        "after the last whole slot  4 bytes\n"
    )


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("-",), 2, "standard input cannot be recovered"),
        (("ring.bin", "--as", "done"), 2, "unknown outcome 'done'"),
        (("ring.bin", "99"), 2, "slot 99 is past the end"),
        (("ring.bin", "--where", "state ="), 2, "column"),
        (("cut.bin",), 3, "Use --partial"),
        (("missing.bin",), 1, "no such file"),
    ],
)
def test_errors(cli: Cli, ring: Path, args: tuple[str, ...], code: int, text: str) -> None:
    write_ring(ring.parent / "cut.bin", slot(state=2), b"tail")
    result = cli("recover", *args)
    assert (result.code, result.out) == (code, "")
    assert text in result.err
    assert ring.read_bytes() == b"".join(MIXED)


def test_a_held_ring_is_left_alone(cli: Cli, ring: Path) -> None:
    with hold(ring, role="launch"):
        result = cli("recover", "ring.bin", "--json")
    assert result.code == 1
    assert result.error()["error"] == "ring_held"
    assert ring.read_bytes() == b"".join(MIXED)


def test_many_orphans_are_counted_and_the_first_listed(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *[slot(state=2)] * 100)
    out = cli("recover", "ring.bin", "--limit", "5").out
    assert out.startswith("ring.bin: 100 orphans became Requeued\n")
    assert len(out.splitlines()) == 8


STEPS = 8_000_000


def states(path: Path) -> list[int]:
    data = path.read_bytes()
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 64)]


def run(*args: str) -> int:
    """The command line in a process of its own, which has not loaded any driver yet."""
    done = subprocess.run(warm.command("vyrectl", *args, "--quiet"), capture_output=True, timeout=120)
    return done.returncode


def test_a_launch_that_was_killed(cli: Cli, tmp_path: Path) -> None:
    """A launch in place dies in the middle; recover puts back what it held, and a second launch finishes."""
    found = ask("list", seconds=60).records
    require(any(record["device"]["kind"] == "cpu" for record in found), NO_CPU)
    tasks = [slot(state=1, op_handle=SPIN, param=STEPS, task_id=number) for number in range(1, 301)]
    path = write_ring(tmp_path / "ring.bin", *tasks)
    command = [sys.executable, "-m", "vyrectl", "launch", str(path), "--device", "cpu", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as launch:
        while 2 not in states(path) and launch.poll() is None:
            time.sleep(0.005)
        assert "running-held" in cli("check", "ring.bin").out
        assert cli("recover", "ring.bin").code == 1
        os.killpg(launch.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while holder_of(path) is not None and time.monotonic() < deadline:
        time.sleep(0.005)
    orphans = [number for number, state in enumerate(states(path)) if state == 2]
    assert orphans
    looked = cli("check", "ring.bin")
    assert (looked.code, "running-without-runner" in looked.out) == (0, True)
    record = cli("recover", "ring.bin", "--json").json()
    assert [row["slot"] for row in record["recovered"]] == orphans
    assert cli("check", "ring.bin").code == 0
    assert run("launch", str(path), "--device", "cpu") == 0
    assert states(path) == [3] * len(tasks)
    assert cli("check", "ring.bin", "--ignore", "stale-telemetry").out == (
        "ring.bin: 300 slots, nothing found (ignored: stale-telemetry)\n"
    )
