"""A stranger's ring under `launch`: nothing is eaten, the report says why tasks faulted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring

STRANGER = 0x4_0000


def stranger(name: str = "r.bin") -> Path:
    return write_ring(
        Path(name),
        *(slot(state=1, op_handle=STRANGER, continuation_data=40 + i, task_id=i) for i in range(3)),
        slot(state=1, op_handle=0x1001, output_handle=1, task_id=9),
    )


@pytest.mark.parametrize(
    "extra", [(), ("--output", "o.bin"), ("--no-in-place",), ("--dry-run",), ("--backup",)]
)
def test_3_before_anything_is_claimed(cli: Cli, extra: tuple[str, ...]) -> None:
    ring = stranger()
    before = ring.read_bytes()
    found = cli("launch", "r.bin", "--device", "reference", *extra)
    assert found.code == 3
    assert "3 of operation 0x40000, which nothing defines" in found.err
    assert "1 of copy (0x1001), whose handle 0 has no buffer" in found.err
    assert "--ops FILE.cl" in found.err
    assert "--buffer 0=FILE.npy" in found.err
    assert ring.read_bytes() == before
    assert not Path("o.bin").exists()
    assert not Path("r.bin.bak").exists()


def test_the_error_in_json(cli: Cli) -> None:
    stranger()
    error = cli("launch", "r.bin", "--device", "reference", "--json").error()
    assert (error["error"], error["exit_code"], error["tasks"]) == ("unrunnable_tasks", 3, 4)
    assert error["reasons"][0]["count"] == 3


def test_6_when_every_claim_faulted_and_why(cli: Cli) -> None:
    stranger()
    found = cli("launch", "r.bin", "--device", "reference", "--fault-unknown", "--json")
    assert found.code == 6
    assert [(one["name"], one["count"]) for one in found.json()["faults"]] == [
        ("unknown_op", 3),
        ("bad_handle", 1),
    ]


def test_0_when_some_did_not(cli: Cli) -> None:
    write_ring(Path("r.bin"), slot(state=1), slot(state=1, op_handle=STRANGER))
    assert cli("launch", "r.bin", "--device", "reference", "--fault-unknown").code == 0


def test_a_screen_says_how_it_ended_and_then_why(terminal: Cli) -> None:
    write_ring(Path("r.bin"), *(slot(state=1, op_handle=STRANGER + i, task_id=i) for i in range(40)))
    found = terminal("launch", "r.bin", "--device", "reference", "--fault-unknown")
    lines = found.out.splitlines()
    assert len(lines) <= 24
    assert lines[1].startswith("ended")
    assert any("unknown_op" in line for line in lines)
    assert "not shown: " in lines[-1]


def test_plan_and_the_preview_say_the_same(cli: Cli) -> None:
    stranger()
    limits = ("--max-workgroup-size-x", "1", "--max-compute-workgroups-per-dimension", "1")
    asked = ("plan", "r.bin", *limits, "--max-compute-invocations-per-workgroup", "1")
    planned = cli(*asked)
    preview = cli("launch", "r.bin", "--device", "reference", "--dry-run", "--json")
    assert planned.code == 0
    assert preview.code == 3
    assert preview.error()["message"] in planned.err
    rows = preview.json()["unrunnable"]
    assert [(one["op_handle"], one["handle"]) for one in rows] == [(STRANGER, None), (0x1001, 0), (0x1001, 1)]


@pytest.mark.parametrize(
    "body", ['printf("x"); return vyre_done();', "if (task->pc) return vyre_done();"], ids=["prints", "falls"]
)
def test_a_preview_refuses_what_no_operation_may_do(cli: Cli, tmp_path: Path, body: str) -> None:
    (tmp_path / "mine.cl").write_text(f'VYRE_OP(0x20050, mine, "x") {{ {body} }}')
    write_ring(tmp_path / "r.bin", slot(state=1, op_handle=0x20050))
    result = cli("launch", "r.bin", "--ops", "mine.cl", "--device", "reference", "--dry-run", "--json")
    assert (result.code, result.error()["where"]) == (3, "mine.cl, line 1")
