"""Slots that hold arguments: no command shows a task's words there as facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring

ARGS, TASK = 0x2000, 0x3000
WORDS = {
    "continuation_pc": 41,
    "continuation_data": 42,
    "resume_epoch": 43,
    "flags": 0xF00F,
    "task_id": 7,
    "age_ticks": 900,
    "requeue_count": 9000,
    "yield_count": 0,
    "parent_task_id": 1,
}
"""Arguments 3 to 11 of a published operation."""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Slots 0 and 1 hold arguments, slot 2 an old task whose id and parent they seem to name, slot 3 is Empty."""
    held = [slot(state=state, op_handle=ARGS, priority=2, **WORDS) for state in (1, 1)]
    task = slot(
        state=6,
        op_handle=TASK,
        priority=2,
        flags=4,
        task_id=1,
        parent_task_id=7,
        age_ticks=5,
        requeue_count=5,
    )
    return write_ring(tmp_path / "ring.bin", *held, task, slot())


def test_ages_and_the_oldest_are_those_of_tasks(cli: Cli, ring: Path) -> None:
    record = cli("snapshot", "ring.bin", "--ages", "--oldest", "3", "--json").json()
    assert [row["slot"] for row in record["oldest"]] == [2]
    assert (record["ages"]["tasks"], record["ages"]["max"], record["requeues"]["max"]) == (1, 5, 5)
    as_tasks = cli("snapshot", "ring.bin", "--ages", "--oldest", "3", "--abi", "task", "--json").json()
    assert [row["slot"] for row in as_tasks["oldest"]] == [0, 1, 2]
    none = cli("snapshot", "ring.bin", "--ages", "--oldest", "3", "--abi", "protocol", "--json").json()
    assert (none["oldest"], none["ages"]["tasks"], none["max_priority_age"]) == ([], 0, 0)
    both = cli("snapshot", "ring.bin", "ring.bin", "--ages", "--oldest", "9", "--json").json()
    assert (both["sum"]["ages"]["tasks"], len(both["sum"]["oldest"])) == (2, 2)
    assert "those of tasks alone" in cli("snapshot", "ring.bin", "--ages").out


@pytest.mark.parametrize("by", ["age", "requeues"])
def test_a_map_marks_arguments(cli: Cli, ring: Path, by: str) -> None:
    kinds = {row["name"]: row for row in cli("map", "ring.bin", "--by", by, "--json").json()["kinds"]}
    assert (kinds["arguments"]["slots"], kinds["arguments"]["mark"]) == (2, "-")
    assert max(row["most"] or 0 for row in kinds.values()) < 900
    plain = cli("map", "ring.bin", "--by", by, "--abi", "task", "--json").json()
    assert "arguments" not in {row["name"] for row in plain["kinds"]}


def test_groups_have_no_age_of_arguments(cli: Cli, ring: Path) -> None:
    groups = cli("inspect", "ring.bin", "--group", "op", "--json").json()["groups"]
    assert {row["op_handle"]: row["oldest"] for row in groups} == {0: 0, ARGS: 0, TASK: 5}


def test_one_slot_shows_arguments_and_no_relatives(cli: Cli, ring: Path) -> None:
    record = cli("inspect", "ring.bin", "--slot", "0", "--json").json()
    assert record["reading"] == "protocol"
    assert [row["name"] for row in record["words"][4:]] == [f"arg{number}" for number in range(12)]
    assert (record["parents"], record["children"], record["flag_names"]) == ([], [], [])
    actions = {row["action"]: row for row in record["actions"]}
    assert not any(actions[name]["allowed"] for name in ("pause", "yield", "requeue", "complete", "fault"))
    assert "arg" in actions["pause"]["reason"]
    shown = cli("inspect", "ring.bin", "--slot", "0").out
    assert "continuation" not in shown
    assert "relatives" not in shown
    task = cli("inspect", "ring.bin", "--slot", "2", "--json").json()
    assert (task["reading"], task["parents"], task["children"]) == ("task", [], [])
    claimed = cli("inspect", "ring.bin", "--slot", "0", "--abi", "task", "--json").json()
    assert [row["slot"] for row in claimed["parents"]] == [2]


def test_a_tree_has_no_branches_of_arguments(cli: Cli, ring: Path) -> None:
    rows = cli("inspect", "ring.bin", "--tree", "--json").json()["slots"]
    assert [row["depth"] for row in rows] == [0, 0, 0]


def test_a_diff_explains_the_states_of_arguments(cli: Cli, ring: Path, tmp_path: Path) -> None:
    done = slot(state=3, op_handle=ARGS, priority=2, **WORDS)
    other = slot(state=3, op_handle=ARGS, priority=2, **{**WORDS, "age_ticks": 901})
    after = write_ring(tmp_path / "after.bin", done, other)
    record = cli("diff", "ring.bin", after.name, "--count", "2", "--json").json()
    kept, changed = record["slots"]
    assert (kept["legal"], kept["actions"]) == (True, ["complete"])
    assert (changed["legal"], changed["reason"]) == (
        False,
        "arguments changed, and nothing but a publication writes them",
    )
    assert sum(way["requeues"] for way in record["movements"]) == 0


def test_a_plot_leaves_out_what_ran_over_arguments(cli: Cli, ring: Path) -> None:
    for _ in range(2):
        cli("snapshot", "ring.bin", "--ages", "--append", "ring.jsonl")
    result = cli("plot", "ring.jsonl", "--show", "age,age_p99", "--json")
    bounds = result.json()["rings"][0]["bounds"]
    assert "age" not in bounds
    assert bounds["age_p99"]["most"] == 5
    assert "2 looks are left out" in result.err


def test_the_partition_stands_beside_word_3(cli: Cli, ring: Path) -> None:
    assert cli("control", "control.bin", "--new", "--slots", "5").code == 0
    rows = cli("inspect", "ring.bin", "--control", "control.bin", "--json").json()["slots"]
    assert [row["partition_name"] for row in rows] == ["Critical", "High", "Normal", "Low"]
    assert {row["priority_name"] for row in rows[:3]} == {"Normal"}
    one = cli("inspect", "ring.bin", "--control", "control.bin", "--slot", "1", "--json").json()
    assert one["partition_name"] == "High"
    table = cli("inspect", "ring.bin", "--control", "control.bin", "--columns", "slot,priority,partition").out
    assert "Critical" in table
    assert cli("control", "plain.bin", "--new").code == 0
    without = cli("inspect", "ring.bin", "--control", "plain.bin", "--json")
    assert "hold no partitions" in without.err
    assert cli("inspect", "ring.bin", "--control", "control.bin", "--tree").code == 2


WINDOW = 0x4000_0000 + (3 << 20) + 5


def test_an_operation_of_a_window_is_taken_as_it_is_shown(cli: Cli, tmp_path: Path) -> None:
    assert cli("encode", "--op", "tenant3:5", "--json").json()["op_handle"] == WINDOW
    (tmp_path / "names.csv").write_text("tenant3:6,gather\n")
    (tmp_path / "tasks.csv").write_text("op,param\ntenant3:5,1\nTENANT3:0x5,2\n")
    assert cli("build", "w.bin", "--from", "tasks.csv").code == 0
    rows = cli("inspect", "w.bin", "--json").json()["slots"]
    assert [row["op_handle"] for row in rows] == [WINDOW, WINDOW]
    assert {row["op_name"] for row in rows} == {"tenant3:5"}
    assert (
        cli("inspect", "w.bin", "--where", "op == tenant3:5 and param == 2", "--json").json()["matched"] == 1
    )
    assert cli("inspect", "w.bin", "--where", "op in (nop, tenant3:6)", "--json").json()["matched"] == 0
    assert cli("set", "w.bin", "op=tenant3:6", "0").code == 0
    named = cli("inspect", "w.bin", "--op-names", "names.csv", "--json").json()["slots"]
    assert named[0]["op_name"] == "gather"
    assert cli("build", "free.bin", "--slots", "2").code == 0
    assert cli("publish", "free.bin", "tenant3:7:1,2,3", "tenant3:8").code == 0
    words = cli("inspect", "free.bin", "--json").json()["slots"]
    assert [(row["op_name"], row["input_handle"]) for row in words] == [("tenant3:7", 1), ("tenant3:8", 0)]


@pytest.mark.parametrize("name", ["tenant0:5", "tenant1024:0", "tenant3:1048576", "tenant3:"])
def test_no_window_is_no_operation(cli: Cli, name: str) -> None:
    assert cli("encode", "--op", name).code == 2
