"""`inspect`: rows of slots, chosen, sorted and cut; one slot in full."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, words_at
from tests.support.rings import slot, write_ring
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.commands.inspect.rows import ROW_KEYS


def numbers(cli: Cli, *args: str) -> list[int]:
    result = cli("inspect", "ring.bin", *args, "--format", "jsonl")
    assert result.code == 0, result.err
    return [row["slot"] for row in result.lines()]


def test_json_has_raw_words_and_names_beside_them(cli: Cli, ring: Path) -> None:
    record = cli("inspect", "ring.bin", "--json").json()
    assert (record["schema"], record["total"], record["matched"]) == ("vyrectl.inspect/1", 12, 12)
    row = record["slots"][6]
    assert list(row) == list(ROW_KEYS)
    assert {name: row[name] for name in FIELD_NAMES} == words_at(ring, 6)
    assert (row["slot"], row["state_name"], row["op_name"]) == (6, "Paused", "wait")
    assert (row["flag_names"], row["fault_name"]) == (["PAUSED", "RESUME_READY"], None)
    assert record["slots"][9]["fault_name"] == "out_of_range"
    assert record["slots"][10]["fault_name"] == "user(77)"
    assert record["slots"][10]["op_name"] is None
    assert record["slots"][11]["priority_name"] == "unknown(99)"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), list(range(12))),
        (("--slots", "0-2,11"), [0, 1, 2, 11]),
        (("--where", "state == paused"), [5, 6]),
        (("--where", "state == paused and resume_epoch < 10"), [5]),
        (("--where", "age > 2 and not state in (done, empty)"), [2, 8]),
        (("--where", "op == nop and slot > 0"), [2, 11]),
        (("--where", "flags & yielded", "--slots", "0-6"), [3]),
        (("--sort", "-age,slot", "--limit", "3"), [4, 2, 8]),
        (("--sort", "-slot", "--limit", "2"), [11, 10]),
        (("--sort", "tenant,-task_id", "--slots", "1-5"), [4, 3, 1, 5, 2]),
        (("--limit", "0"), []),
        (("--offset", "640"), [0, 1]),
        (("--offset", "64", "--count", "3"), [0, 1, 2]),
    ],
)
def test_slots_are_chosen_and_sorted(
    cli: Cli, ring: Path, args: tuple[str, ...], expected: list[int]
) -> None:
    assert numbers(cli, *args) == expected


def test_columns_are_cut(cli: Cli, ring: Path) -> None:
    result = cli("inspect", "ring.bin", "--columns", "slot,state,op,flag_names", "--format", "csv")
    rows = list(csv.reader(result.out.splitlines()))
    assert rows[0] == ["slot", "state", "op_handle", "flag_names"]
    assert rows[7] == ["6", "4", str(0x1006), "PAUSED|RESUME_READY"]
    assert cli("inspect", "ring.bin", "--columns", "slot", "--format", "jsonl").lines()[3] == {"slot": 3}


@pytest.mark.parametrize("format_name", ["csv", "jsonl"])
def test_words_build_the_same_ring_again(cli: Cli, ring: Path, tmp_path: Path, format_name: str) -> None:
    table = cli("inspect", "ring.bin", "--columns", "words", "--format", format_name).out
    (tmp_path / f"table.{format_name}").write_text(table)
    assert cli("build", "again.bin", f"table.{format_name}").code == 0
    assert (tmp_path / "again.bin").read_bytes() == ring.read_bytes()


def test_a_table_is_limited_and_says_so(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "many.bin", *[slot(state=1)] * 200)
    result = cli("inspect", "many.bin")
    assert len(result.out.splitlines()) == 2 + 64
    assert "64 of 200 slots shown" in result.err
    assert len(cli("inspect", "many.bin", "--limit", "all").out.splitlines()) == 202
    assert cli("inspect", "many.bin", "--quiet").err == ""
    assert len(cli("inspect", "many.bin", "--json").json()["slots"]) == 200


def test_nothing_matching_is_fine(cli: Cli, ring: Path) -> None:
    result = cli("inspect", "ring.bin", "--where", "age > 1000")
    assert result.code == 0
    assert "none of the 12 slots" in result.err
    assert cli("inspect", "ring.bin", "--where", "age > 1000", "--json").json()["slots"] == []
    assert cli("inspect", "-", "--json").json()["total"] == 0


def test_one_slot_in_full(cli: Cli, ring: Path) -> None:
    record = cli("inspect", "ring.bin", "--slot", "6", "--json").json()
    assert (record["slot"], record["state_name"], record["is_schedulable"]) == (6, "Paused", False)
    assert [row["value"] for row in record["words"]] == list(words_at(ring, 6).values())
    actions = {row["action"]: row for row in record["actions"]}
    assert all(row["allowed"] for row in actions.values())
    resume = {change["field"]: (change["old"], change["new"]) for change in actions["resume"]["changes"]}
    assert resume == {"state": (4, 1), "flags": (9, 8)}
    pause = {change["field"]: change for change in actions["pause"]["changes"]}
    assert (pause["resume_epoch"]["new"], pause["resume_epoch"]["argument"]) == (None, "epoch")


def test_actions_that_a_slot_refuses_say_why(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "r.bin", slot(state=3), slot(state=1, yield_count=0xFFFF_FFFF))
    done = cli("inspect", "r.bin", "--slot", "0", "--json").json()["actions"]
    assert not any(row["allowed"] for row in done)
    assert "Done" in done[0]["reason"]
    full = {row["action"]: row for row in cli("inspect", "r.bin", "--slot", "1", "--json").json()["actions"]}
    assert full["requeue"]["allowed"]
    assert "yield_count" in full["yield"]["reason"]


def test_predicted_changes_come_true(cli: Cli, ring: Path) -> None:
    before = words_at(ring, 7)
    rows = cli("inspect", "ring.bin", "--slot", "7", "--json").json()["actions"]
    changes = next(row for row in rows if row["action"] == "requeue")["changes"]
    assert (
        cli("transition", "ring.bin", "requeue", "7", "--priority", "high", "--pc", "5", "--data", "6").code
        == 0
    )
    given = {"priority": 1, "continuation_pc": 5, "continuation_data": 6}
    expected = before | {one["field"]: given.get(one["field"], one["new"]) for one in changes}
    assert words_at(ring, 7) == expected


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--where", "state = paused"), 2, "column 7"),
        (("--where", "__import__('os')"), 2, "column 1"),
        (("--where", "colour == 3"), 2, "colour"),
        (("--slots", "12"), 2, "12"),
        (("--slots", "3-"), 2, "3-"),
        (("--slot", "12"), 2, "no slot 12"),
        (("--slot", "3", "--where", "slot"), 2, "--slot"),
        (("--sort", "agge"), 2, "age"),
        (("--columns", "slot,stat"), 2, "state"),
        (("--limit", "many"), 2, "--limit"),
        (("--offset", "1"), 3, "left over"),
    ],
)
def test_errors_have_their_exit_code(
    cli: Cli, ring: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    result = cli("inspect", "ring.bin", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert ring.read_bytes() == b"".join(MIXED)
