"""`inspect`: trees, groups, relatives, Parquet and Arrow files, the pager."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.screen import Screen
from tests.cli.support import MIXED, words_at
from tests.needs import needs_tool
from tests.support.rings import slot, write_ring
from vyrectl import SLOT_DTYPE
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.commands.inspect.rows import ROW_KEYS, slot_rows, widest_slots
from vyrectl.cli.views.inspect import DEFAULT_KEYS, _cell
from vyrectl.ring.synthetic import synthesize
from vyrectl.shell import pip_install

FAMILY = (
    slot(state=1, task_id=1),
    slot(state=4, task_id=2, parent_task_id=1),
    slot(state=3, task_id=3, parent_task_id=1),
    slot(state=7, task_id=4, parent_task_id=2, continuation_data=9),
    slot(),
    slot(state=1, task_id=5, parent_task_id=77),
)


@pytest.fixture
def family(tmp_path: Path) -> Path:
    return write_ring(tmp_path / "family.bin", *FAMILY)


def branches(cli: Cli, *args: str) -> list[tuple[int, int, bool]]:
    rows = cli("inspect", "family.bin", "--tree", *args, "--format", "jsonl").lines()
    return [(row["slot"], row["depth"], row["matched"]) for row in rows]


def test_a_tree_puts_children_below_their_parents(cli: Cli, family: Path) -> None:
    expected = [(0, 0, True), (1, 1, True), (3, 2, True), (2, 1, True), (5, 0, True)]
    assert branches(cli) == expected
    record = cli("inspect", "family.bin", "--tree", "--json").json()
    assert [row["parent_slot"] for row in record["slots"]] == [None, 0, 1, 0, None]
    assert (record["matched"], record["shown"]) == (5, 5)
    assert list(record["slots"][0]) == ["depth", "parent_slot", "matched", *ROW_KEYS]


def test_a_choice_brings_its_ancestors(cli: Cli, family: Path) -> None:
    faulted = branches(cli, "--where", "state == faulted")
    assert faulted == [(0, 0, False), (1, 1, False), (3, 2, True)]
    assert branches(cli, "--slots", "4") == [(4, 0, True)]
    assert branches(cli, "--sort", "-slot", "--limit", "2") == [(5, 0, True), (0, 0, True)]
    table = cli("inspect", "family.bin", "--tree", "--where", "state == faulted").out.splitlines()
    assert [line.split()[-1] for line in table[2:]] == ["1", "2", "4"]
    assert table[4].endswith("    4")


def test_a_tree_as_csv(cli: Cli, family: Path) -> None:
    text = cli("inspect", "family.bin", "--tree", "--columns", "slot,task", "--format", "csv").out
    rows = list(csv.reader(text.splitlines()))
    assert rows[:3] == [
        ["depth", "parent_slot", "matched", "slot", "task_id"],
        ["0", "", "true", "0", "1"],
        ["1", "0", "true", "1", "2"],
    ]


def test_a_deep_tree_is_indented_so_far_and_no_further(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "deep.bin", *(slot(state=1, task_id=n + 1, parent_task_id=n) for n in range(60)))
    lines = cli("inspect", "deep.bin", "--tree", "--limit", "all").out.splitlines()
    assert lines[-1].endswith("[59] 60")
    assert max(len(line) for line in lines) < 140


def test_one_slot_shows_its_relatives(cli: Cli, family: Path) -> None:
    record = cli("inspect", "family.bin", "--slot", "1", "--json").json()
    assert [row["slot"] for row in record["parents"]] == [0]
    assert record["children"] == [
        {
            "slot": 3,
            "state": 7,
            "state_name": "Faulted",
            "op_handle": 0,
            "op_name": "nop",
            "task_id": 4,
            "age_ticks": 0,
        }
    ]
    shown = cli("inspect", "family.bin", "--slot", "1").out
    assert "relatives" in shown
    assert "child" in shown
    assert "not in this ring" in cli("inspect", "family.bin", "--slot", "5").out
    assert "relatives" not in cli("inspect", "family.bin", "--slot", "4").out


def test_many_children_are_counted(cli: Cli, tmp_path: Path) -> None:
    children = (slot(state=1, task_id=n + 2, parent_task_id=1) for n in range(30))
    write_ring(tmp_path / "many.bin", slot(state=1, task_id=1), *children)
    assert "relatives (6 more children)" in cli("inspect", "many.bin", "--slot", "0").out
    assert len(cli("inspect", "many.bin", "--slot", "0", "--json").json()["children"]) == 30


def test_groups_count_every_slot_once(cli: Cli, ring: Path) -> None:
    record = cli("inspect", "ring.bin", "--group", "state,tenant", "--json").json()
    assert record["by"] == ["state", "tenant_id"]
    assert sum(row["slots"] for row in record["groups"]) == record["total"] == record["matched"] == 12
    assert record["groups"][0] == {
        "state": 1,
        "state_name": "Ready",
        "tenant_id": 0,
        "slots": 2,
        "share": round(2 / 12, 6),
        "oldest": 0,
    }
    oldest = cli("inspect", "ring.bin", "--group", "tenant", "--sort", "-oldest", "--json").json()["groups"]
    assert [(row["tenant_id"], row["oldest"]) for row in oldest] == [(0, 40), (3, 12)]


def test_groups_are_chosen_sorted_and_cut(cli: Cli, ring: Path) -> None:
    args = ("inspect", "ring.bin", "--group", "op", "--where", "state != empty")
    rows = cli(*args, "--sort", "op", "--limit", "2", "--format", "jsonl")
    assert [row["op_name"] for row in rows.lines()] == ["nop", "scale"]
    assert "2 of 8 groups shown" in rows.err
    text = cli("inspect", "ring.bin", "--group", "flags,priority").out
    assert "PAUSED|RESUME_READY" in text
    assert "unknown(99)" in text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--tree", "--group", "state"), "exclude each other"),
        (("--slot", "1", "--tree"), "exclude each other"),
        (("--tree", "--output", "x.parquet"), "exclude each other"),
        (("--slot", "1", "--where", "slot > 0"), "--slot shows one slot in full"),
        (("--group", "state", "--columns", "slot"), "--group has columns of its own"),
        (("--group", "colour"), "'colour'"),
        (("--group", "state", "--sort", "tenant"), "column of these groups 'tenant'"),
        (("--output", "x.txt"), ".txt names no file format"),
        (("--output", "plain"), "no suffix"),
    ],
)
def test_bad_combinations_are_usage_errors(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("inspect", "ring.bin", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_for_other_tools_holds_the_words_and_the_names(
    cli: Cli, ring: Path, tmp_path: Path, suffix: str
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    result = cli("inspect", "ring.bin", "--output", f"x.{suffix}", "--sort", "-slot")
    assert (result.code, result.out) == (0, f"x.{suffix}: 12 slots, 22 columns\n")
    path = tmp_path / f"x.{suffix}"
    table = pq.read_table(path) if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    rows = table.to_pylist()
    expected = cli("inspect", "ring.bin", "--sort", "-slot", "--format", "jsonl").lines()
    assert rows == expected
    assert table.schema.field("op_handle").type == pa.uint32()
    assert {name: rows[1][name] for name in FIELD_NAMES} == words_at(ring, 10)


def test_a_file_of_some_columns_in_several_batches(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr("vyrectl.cli.commands.inspect.arrow_file.BATCH_SLOTS", 100)
    slots = synthesize(1000, 3)
    (tmp_path / "s.bin").write_bytes(slots.tobytes())
    args = ("--columns", "slot,state,state_name", "--where", "state == done", "--json")
    record = cli("inspect", "s.bin", "--output", "x.pq", *args).json()
    table = pq.read_table(tmp_path / "x.pq")
    done = np.flatnonzero(slots["state"] == 3).tolist()
    assert table.to_pydict() == {"slot": done, "state": [3] * len(done), "state_name": ["Done"] * len(done)}
    assert (record["shown"], record["output"], record["columns"]) == (
        len(done),
        "x.pq",
        ["slot", "state", "state_name"],
    )


def test_an_unwritten_file_leaves_the_old_one(
    cli: Cli, ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 old PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = cli("inspect", "ring.bin", "--output", "x.parquet", "--json")
    assert result.code == 1
    error = result.error()
    assert error["error"] == "missing_extra"
    assert error["fix"] == pip_install("pyarrow")
    assert (tmp_path / "x.parquet").read_bytes() == b"PAR1 old PAR1"
    monkeypatch.undo()
    assert cli("inspect", str(ring), "--output", str(tmp_path / "none" / "x.parquet")).code == 1


def test_a_sample_is_as_wide_as_the_whole() -> None:
    rng = np.random.default_rng(5)
    for scale in (10, 70_000, 2**32 - 1):
        slots = np.zeros(9000, SLOT_DTYPE)
        for name in FIELD_NAMES:
            slots[name] = rng.integers(0, scale, len(slots), np.uint32) >> rng.integers(
                0, 30, len(slots), np.uint32
            )
        slots["resume_epoch"][::7] = 2**32 - 1
        slots["continuation_data"][::5] = 0xFFFF_FF05
        numbers = rng.permutation(9000)[:8000]
        sample = widest_slots(slots, numbers)
        assert set(sample.tolist()) <= set(numbers.tolist())
        of_sample, of_all = (list(slot_rows(slots, chosen)) for chosen in (sample, numbers))
        for key in (*DEFAULT_KEYS, "fault_name", "flag_names"):
            assert _width(key, of_sample) == _width(key, of_all), key


def _width(key: str, rows: list[Any]) -> int:
    return max(len(_text(_cell(key, row))) for row in rows)


def _text(cell: str | tuple[str, str]) -> str:
    return cell if isinstance(cell, str) else cell[0]


@needs_tool("tmux", "less")
def test_a_million_slots_page_at_once(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(64) + slot(state=1, task_id=7) * 999_999)
    with Screen(tmp_path, 80, 12, PAGER="less", LESS="FRSX") as screen:
        screen.type("vyrectl inspect big.bin --limit all; echo code $?")
        screen.until(lambda shown: shown.endswith(":") and "Ready" in shown, "the first page")
        screen.press("Space")
        screen.until(lambda shown: "    17  Ready" in shown, "the second page")
        screen.press("q")
        screen.wait("code 0")


@needs_tool("tmux")
def test_the_pager_is_used_for_long_tables_that_were_asked_for(tmp_path: Path) -> None:
    write_ring(tmp_path / "some.bin", *MIXED * 3)
    with Screen(tmp_path, 80, 20, VYRECTL_PAGER="sed s/^/paged/") as screen:
        for args, paged in (
            ("--limit all", True),
            ("--limit 5", False),
            ("", False),
            ("--limit all --no-pager", False),
            ("--limit all | cat", False),
        ):
            screen.type(f"clear; vyrectl inspect some.bin {args}; echo end")
            shown = screen.until(lambda text: text.endswith("end\n>"), "the end")
            assert ("paged" in shown) == paged, (args, shown)
        screen.type("clear; VYRECTL_PAGER=/nowhere/pager vyrectl inspect some.bin --limit all; echo code $?")
        screen.wait("code 0", "unknown(99)")


@needs_tool("tmux", "less")
@pytest.mark.parametrize(
    ("pager", "sign"),
    [
        ("sed s/^/first/ | sed s/^/second/", "secondfirst"),
        ("SIGN=shell sh -c 'sed s/^/$SIGN/'", "shell"),
        ("LESS=X less", "ESC["),
    ],
)
def test_the_pager_is_a_command_for_the_shell(tmp_path: Path, pager: str, sign: str) -> None:
    write_ring(tmp_path / "some.bin", *MIXED * 3)
    with Screen(tmp_path, 80, 20, PAGER=pager) as screen:
        screen.type("vyrectl inspect some.bin --limit all")
        screen.wait(sign)


@needs_tool("tmux")
def test_a_shell_command_that_is_not_there_is_no_pager(tmp_path: Path) -> None:
    write_ring(tmp_path / "some.bin", *MIXED * 3)
    with Screen(tmp_path, 80, 20, PAGER="nowhere-pager | cat") as screen:
        screen.type("vyrectl inspect some.bin --limit all; echo code $?")
        screen.wait("code 0", "unknown(99)")
