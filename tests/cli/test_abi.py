"""`--abi` on readers: what is read as arguments, what is said about it, and that no argument is shown as a fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring
from vyrectl.abi.slot import FIELD_NAMES

PUBLISHED = slot(state=1, op_handle=0x20000, **{name: 40 + at for at, name in enumerate(FIELD_NAMES[7:])})
TASK = slot(state=1, op_handle=0x20001, task_id=3, age_ticks=7)


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    return str(write_ring(tmp_path / "mixed.bin", PUBLISHED, TASK))


def test_inspect_leaves_arguments_out_of_a_task_s_columns(cli: Cli, mixed: str) -> None:
    result = cli("inspect", mixed)
    published, task = (line.split() for line in result.out.splitlines()[2:4])
    assert published[:12] == ["0", "Ready", "0x20000", "0", "Critical", *["-"] * 7]
    assert task[5:8] == ["3", "7", "0"]
    assert result.err == (
        "0x20000 is read as arguments (--abi auto): words 7-15 of 1 of 1 slots are no task's (slot 0 first), "
        "and 0 look like a task's\n"
    )
    assert "43" in cli("inspect", mixed, "--abi", "task").out.splitlines()[2].split()
    assert cli("inspect", mixed, "--abi", "task").err == ""
    assert "-" in cli("inspect", mixed, "--abi", "protocol").out.splitlines()[3].split()


def test_columns_that_were_asked_for_are_the_words(cli: Cli, mixed: str) -> None:
    lines = cli("inspect", mixed, "--columns", "slot,age,flags", "--format", "csv").out.splitlines()
    assert lines[1:] == ["0,45,48", "1,7,0"]


@pytest.mark.parametrize("command", [("decode",), ("inspect", "--slot", "0")])
def test_words_of_arguments_are_called_so(cli: Cli, mixed: str, command: tuple[str, ...]) -> None:
    def meanings(*args: str) -> list[str]:
        record = cli(command[0], mixed, *command[1:], *args, "--json").json()
        return [row["meaning"] for row in (record.get("slots") or [record])[0]["words"]]

    assert meanings()[4:8] == ["argument 0", "argument 1", "argument 2", "argument 3, or stale"]
    assert meanings("--abi", "protocol")[15] == "argument 11, or stale"
    assert meanings("--abi", "task")[12] == "scheduler age"


def test_snapshot_keeps_the_spec_s_fields_and_says_what_they_count(cli: Cli, mixed: str) -> None:
    record = cli("snapshot", mixed, "--json").json()
    assert (record["total_requeues"], record["max_priority_age"]) == (46, 45)
    assert [one["op_handle"] for one in record["abi"]["operations"]] == [0x20000]
    table = cli("snapshot", mixed).out
    assert (
        "total_requeues and max_priority_age count words of 1 slot that hold arguments:\n0x20000: " in table
    )
    record = cli("snapshot", mixed, "--abi", "protocol", "--json").json()
    assert (record["total_requeues"], record["max_priority_age"], record["ready_count"]) == (0, 0, 2)
    record = cli("snapshot", mixed, "--abi", "task", "--json").json()
    assert (record["total_requeues"], record["abi"]) == (46, {"asked": "task", "operations": []})


def test_a_ring_of_tasks_has_nothing_to_say(cli: Cli, ring: Path) -> None:
    assert "abi" not in cli("snapshot", str(ring), "--json").json()
    assert "read as arguments" not in cli("inspect", str(ring)).err


@pytest.mark.parametrize("command", ["inspect", "decode", "snapshot", "check"])
def test_an_abi_that_does_not_exist(cli: Cli, mixed: str, command: str) -> None:
    result = cli(command, mixed, "--abi", "tasks")
    assert result.code == 2
    assert "Did you mean 'task'?" in result.err


def test_tenant_and_number_of_a_window_are_shown(cli: Cli) -> None:
    path = str(dumps.path("ring-tenant-0.bin"))
    rows = cli("inspect", path, "--columns", "slot,op,op_name", "--slots", "0-3", "--json").json()["slots"]
    assert [row["op_name"] for row in rows] == ["tenant1:0", "tenant2:0", "tenant3:0", "tenant1:1"]
    assert "tenant3:1023" in cli("inspect", path).out


def test_the_class_by_partition_stands_beside_word_3(cli: Cli, tmp_path: Path) -> None:
    parts = dumps.parts("kernel-priority.before.bin")
    for kind in ("control", "ring"):
        (tmp_path / f"{kind}.bin").write_bytes(parts[kind])
    args = ("snapshot", str(tmp_path / "ring.bin"), "--control", str(tmp_path / "control.bin"))
    classes = cli(*args, "--json").json()["runtime"]["classes"]
    assert [(one["priority"], one["first_slot"], one["end_slot"]) for one in classes] == [
        ("Critical", 0, 12),
        ("High", 12, 24),
        ("Normal", 24, 40),
        ("Low", 40, 52),
        ("Idle", 52, 64),
    ]
    assert [one["open_by_partition"] for one in classes] == [8, 8, 11, 8, 8]
    assert [one["open_by_word"] for one in classes] == [0, 0, 43, 0, 0]
    assert "open by partition" in cli(*args).out
