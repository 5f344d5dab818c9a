"""`diff`: what changed, how, in every format, and the exit code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.ring.rings import another_holder
from tests.support.rings import slot, write_ring
from vyrectl.cli.commands.diff.rows import steps_text


@pytest.fixture
def later(tmp_path: Path, ring: Path) -> Path:
    """The ring of every kind of slot, after some legal and some illegal changes, with a slot more."""
    slots = list(MIXED)
    slots[0] = slot(state=1, op_handle=0x1000, task_id=200)
    slots[1] = slot(
        state=3, op_handle=0x1000, priority=2, input_handle=1, param=7, task_id=101, yield_count=3,
        continuation_pc=9,
    )  # fmt: skip
    slots[5] = slot(state=1, op_handle=0x1006, tenant_id=3, priority=3, task_id=105, resume_epoch=9, flags=8)
    slots[9] = slot(state=1, op_handle=0x1001, priority=2, task_id=109)
    slots[10] = slot(state=99, op_handle=0x20000, priority=2, task_id=110, continuation_data=77, flags=0x12)
    return write_ring(tmp_path / "later.bin", *slots, slot(state=1, task_id=300))


def test_equal_rings_are_exit_0(cli: Cli, ring: Path) -> None:
    result = cli("diff", "ring.bin", "ring.bin")
    assert (result.code, result.out, result.err) == (0, "ring.bin -> ring.bin: equal, 12 slots\n", "")
    record = cli("diff", "ring.bin", "ring.bin", "--json").json()
    assert (record["equal"], record["slots"], record["movements"], record["illegal"]) == (True, [], [], 0)
    assert (
        cli("diff", "ring.bin", "ring.bin", "--format", "csv").out
        == "slot,change,legal,actions,reason,changes\n"
    )


def test_json_says_what_changed_and_how(cli: Cli, later: Path) -> None:
    result = cli("diff", "ring.bin", "later.bin", "--json")
    record = result.json()
    assert (result.code, record["schema"]) == (1, "vyrectl.diff/1")
    sums = ("changed", "added", "removed", "illegal", "listed", "shown", "slots_before", "slots_after")
    assert [record[key] for key in sums] == [5, 1, 0, 2, 6, 6, 12, 13]
    rows = {row["slot"]: row for row in record["slots"]}
    assert list(rows) == [0, 1, 5, 9, 10, 12]
    assert (rows[0]["actions"], rows[0]["change"]) == (["publish"], "changed")
    assert rows[1] == {
        "slot": 1,
        "change": "changed",
        "legal": True,
        "actions": ["yield", "complete"],
        "reason": None,
        "changes": {"state": [1, 3], "continuation_pc": [0, 9], "yield_count": [0, 3]},
    }
    assert rows[5]["actions"] == ["resume"]
    assert (rows[9]["legal"], rows[9]["reason"]) == (False, "no action starts from Faulted")
    assert (rows[10]["legal"], rows[10]["actions"]) == (False, [])
    assert (rows[12]["change"], rows[12]["actions"]) == ("added", ["publish"])
    assert record["words_changed"]["state"] == 6
    assert sum(way["slots"] for way in record["movements"]) == 6
    unknown = next(way for way in record["movements"] if way["to"] is None)
    assert (unknown["from_name"], unknown["to_name"], unknown["legal"]) == ("Faulted", "unknown", False)
    before, after = record["snapshots"]["before"], record["snapshots"]["after"]
    assert (before["ready_count"], after["ready_count"], after["unknown_count"]) == (3, 6, 1)


def test_a_shorter_ring_has_lost_slots(cli: Cli, later: Path) -> None:
    record = cli("diff", "later.bin", "ring.bin", "--json").json()
    assert (record["removed"], record["added"]) == (1, 0)
    row = record["slots"][-1]
    assert (row["slot"], row["change"], row["legal"], row["reason"]) == (12, "removed", None, None)
    assert row["changes"] == {"state": [1, 0], "task_id": [300, 0]}
    assert "removed" in cli("diff", "later.bin", "ring.bin").out


def test_csv_and_json_lines_have_a_row_a_slot(cli: Cli, later: Path) -> None:
    lines = cli("diff", "ring.bin", "later.bin", "--format", "jsonl").lines()
    table = list(csv.DictReader(cli("diff", "ring.bin", "later.bin", "--format", "csv").out.splitlines()))
    assert len(lines) == len(table) == 6
    for line, row in zip(lines, table, strict=True):
        assert json.loads(row["changes"]) == line["changes"]
        assert row["actions"] == "|".join(line["actions"])
        assert row["legal"] == str(line["legal"]).lower()


def test_only_what_is_illegal(cli: Cli, later: Path) -> None:
    result = cli("diff", "ring.bin", "later.bin", "--illegal", "--json")
    record = result.json()
    assert [row["slot"] for row in record["slots"]] == [9, 10]
    assert (record["changed"], record["listed"], result.code) == (5, 2, 1)
    assert "all by legal steps" in cli("diff", "odd.bin", write_ring(Path("grown.bin"), *_ODD_GROWN).name).out


_ODD_GROWN = (
    slot(state=3, task_id=1),
    slot(state=99, task_id=2, requeue_count=0xFFFF_FFFF),
    slot(state=6, flags=4),
)


@pytest.fixture(autouse=True)
def _odd(odd: Path) -> None:
    """`odd.bin` is there for every test."""


def test_a_table_is_limited_and_says_so(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "a.bin", *[slot(state=1)] * 100)
    write_ring(tmp_path / "b.bin", *[slot(state=3)] * 100)
    result = cli("diff", "a.bin", "b.bin")
    assert "64 of 100 slots shown" in result.err
    sums = cli("diff", "a.bin", "b.bin", "--limit", "0").out
    assert "complete" in sums
    assert "what changed" not in sums
    assert len(cli("diff", "a.bin", "b.bin", "--format", "jsonl").lines()) == 100


def test_a_ring_inside_a_dump_and_standard_input(cli: Cli, ring: Path) -> None:
    assert cli("diff", "ring.bin", "-", stdin=ring.read_bytes()).code == 0
    assert (
        cli("diff", "ring.bin", "ring.bin", "--offset", "64", "--count", "3", "--json").json()["slots_after"]
        == 3
    )
    assert cli("diff", "-", "-").code == 2


@pytest.mark.parametrize(("name", "code"), [("missing.bin", 1), ("short.bin", 3), (".", 1)])
def test_what_cannot_be_compared(cli: Cli, ring: Path, tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "short.bin").write_bytes(bytes(65))
    result = cli("diff", "ring.bin", name)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("error: ")


@pytest.mark.parametrize(
    ("actions", "yields", "requeues", "text"),
    [
        ([], 0, 0, ""),
        (["complete"], 0, 0, "complete"),
        (["yield", "complete"], 1, 0, "yield, complete"),
        (["yield", "requeue", "claim"], 4, 2, "yield x4, requeue x2, claim"),
        (["yield", "pause", "resume", "yield"], 5, 0, "yield, pause, resume, yield x4"),
    ],
)
def test_steps_in_words(actions: list[str], yields: int, requeues: int, text: str) -> None:
    assert steps_text(actions, yields, requeues) == text


def test_a_held_ring_can_be_compared(cli: Cli, later: Path, ring: Path) -> None:
    expected = cli("diff", "ring.bin", "later.bin", "--json").json()
    with another_holder(later):
        assert cli("diff", "ring.bin", "later.bin", "--json").json() == expected
        assert cli("map", "later.bin").code == 0
