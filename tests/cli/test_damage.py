"""A ring cut at every byte and with every bit of a slot turned round: each command answers by its contract."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TRANSITIONABLE, TaskState
from vyrectl.ring.findings.kind import Severity
from vyrectl.ring.findings.kinds import KINDS

WHOLE = (slot(state=1, task_id=1), slot(state=5, task_id=2, yield_count=1, flags=2), slot(state=3))
TASK = slot(state=1, op_handle=0x1000, tenant_id=3, priority=2, param=7, task_id=9, age_ticks=1)


@pytest.mark.parametrize("length", range(len(b"".join(WHOLE))))
def test_every_truncation(cli: Cli, tmp_path: Path, length: int) -> None:
    path = write_ring(tmp_path / "ring.bin", b"".join(WHOLE)[:length])
    whole = length % 64 == 0
    codes = {
        "snapshot": cli("snapshot", "ring.bin", "--json").code,
        "inspect": cli("inspect", "ring.bin", "--json").code,
        "set": cli("set", "ring.bin", "param=1", "--all", "--dry-run", "--json").code,
        "transition": cli("transition", "ring.bin", "yield", "--where", "state == ready", "--json").code,
        "recover": cli("recover", "ring.bin", "--json").code,
        "repair": cli("repair", "ring.bin", "--all", "--json").code,
    }
    assert set(codes.values()) == {0 if whole else 3}, codes
    assert cli("decode", "ring.bin", "--raw", "--json").code == (0 if whole and length else 3)
    checked = cli("check", "ring.bin", "--json")
    names = [one["name"] for one in checked.json()["findings"]]
    assert checked.code == (0 if whole else 3)
    assert ("left-over-bytes" in names) is not whole
    assert cli("recover", "ring.bin", "--partial", "--json").code == 0
    assert path.stat().st_size == length


@pytest.mark.parametrize("bit", range(512))
def test_every_bit_of_a_slot(cli: Cli, tmp_path: Path, bit: int) -> None:
    damaged = bytearray(TASK)
    damaged[bit // 8] ^= 1 << bit % 8
    path = write_ring(tmp_path / "ring.bin", bytes(damaged), TASK)
    words = dict(zip(FIELD_NAMES, struct.unpack("<16I", damaged), strict=True))
    known = words["state"] < len(TaskState)

    decoded = cli("decode", bytes(damaged).hex(), "--json").json()
    assert words_of(decoded) == words
    listed = cli("inspect", "ring.bin", "--json").json()["slots"]
    assert words_of(listed[0]) == words
    snapshot = cli("snapshot", "ring.bin", "--json")
    assert snapshot.code == (0 if known else 3)
    lenient = cli("snapshot", "ring.bin", "--lenient", "--json")
    assert lenient.json()["total_requeues"] == words["requeue_count"]
    expect_findings(cli, known)

    allowed = known and words["state"] in TRANSITIONABLE and words["yield_count"] != 2**32 - 1
    before = path.read_bytes()
    assert cli("transition", "ring.bin", "yield", "--all", "--json").code == (0 if allowed else 4)
    if not allowed:
        assert path.read_bytes() == before
    else:
        assert path.read_bytes()[64:128] != before[64:128]


def words_of(record: dict[str, Any]) -> dict[str, int]:
    return {name: record[name] for name in FIELD_NAMES}


def expect_findings(cli: Cli, known: bool) -> None:
    """`check` exits 3 exactly for errors, and an unknown state is one."""
    checked = cli("check", "ring.bin", "--ignore", "duplicate-task-id", "--json")
    names = [one["name"] for one in checked.json()["findings"]]
    assert checked.code == (3 if any(KINDS[name].severity is Severity.ERROR for name in names) else 0)
    assert ("unknown-state" in names) is not known
