"""`publish`: tasks into free slots, all of them or none; and `encode --packed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import words_at
from tests.support.rings import slot, write_ring
from vyrectl.abi.opcodes import BATCH_FENCE, LOAD_MISS, PACKED_SLOT


@pytest.fixture
def free(tmp_path: Path) -> Path:
    """Ready, Empty, Done, Paused, then four Empty slots."""
    busy = slot(state=1, task_id=9)
    return write_ring(
        tmp_path / "free.bin", busy, slot(), slot(state=3, age_ticks=7), slot(state=4), *[slot()] * 4
    )


def states(path: Path) -> list[int]:
    return [words_at(path, number)["state"] for number in range(path.stat().st_size // 64)]


def test_a_task_takes_the_whole_slot(cli: Cli, free: Path) -> None:
    record = cli("publish", "free.bin", "scale:1,2,3,4", "--slot", "2", "--tenant", "5", "--json").json()
    assert (record["published"], record["first_slot"]) == (1, 2)
    words = words_at(free, 2)
    assert {name: word for name, word in words.items() if word} == {
        "state": 1,
        "op_handle": 0x1000,
        "tenant_id": 5,
        "priority": 2,
        "input_handle": 1,
        "output_handle": 2,
        "param": 3,
        "continuation_pc": 4,
    }


def test_the_first_run_that_is_free(cli: Cli, free: Path) -> None:
    assert cli("publish", "free.bin", "nop", "nop", "--json").json()["first_slot"] == 1
    assert cli("publish", "free.bin", "nop", "nop", "nop", "--json").json()["first_slot"] == 4
    result = cli("publish", "free.bin", "nop", "nop")
    assert (result.code, states(free)) == (2, [1, 1, 1, 4, 1, 1, 1, 0])
    assert "the longest has 1" in result.err


def test_a_batch_ends_with_its_fence(cli: Cli, free: Path) -> None:
    assert cli("publish", "free.bin", "store_u32:5,180", "nop", "--batch", "--tag", "0x77").code == 0
    fence = words_at(free, 6)
    assert (fence["op_handle"], fence["input_handle"], fence["output_handle"]) == (BATCH_FENCE, 2, 0x77)


def test_packed_and_load_miss(cli: Cli, free: Path) -> None:
    assert cli("publish", "free.bin", "store_u32:5,180,0", "nop:1,2,3", "--packed").code == 0
    encoded = cli("encode", "--packed", "store_u32:5,180,0", "--packed", "nop:1,2,3").out.strip()
    assert free.read_bytes()[64:128].hex() == encoded
    assert cli("publish", "free.bin", "--load-miss", "77", "--prefetch").code == 0
    words = words_at(free, 2)
    assert (words["op_handle"], words["priority"], words["input_handle"], words["output_handle"]) == (
        LOAD_MISS,
        0,
        77,
        1,
    )


def test_what_a_device_leaves_out_is_told(cli: Cli, free: Path) -> None:
    result = cli("publish", "free.bin", *["nop"] * 5, "--packed")
    assert result.code == 0
    assert "inner operation 4 (nop) will not run: only the first 4 run" in result.err
    assert "argument words" in cli("encode", "--packed", "nop:1,2,3,4,5,6,7,8", "--packed", "nop:1").err


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_work_items_from_a_table(cli: Cli, free: Path, suffix: str) -> None:
    texts = {
        "csv": "op,input,param\nnop,1,2\nscale,3,4\n",
        "jsonl": '{"op": "nop", "input": 1, "param": 2}\n{"op": "scale", "input_handle": 3, "param": 4}\n',
    }
    table = free.parent / f"items.{suffix}"
    table.write_text(texts[suffix])
    assert cli("publish", "free.bin", "--from", table.name, "--slot", "4").code == 0
    assert [words_at(free, 4)[name] for name in ("op_handle", "input_handle", "param")] == [0, 1, 2]
    assert [words_at(free, 5)[name] for name in ("op_handle", "task_id", "param")] == [0x1000, 0, 4]
    piped = cli("publish", "free.bin", "--from", "-", "--slot", "6", stdin=texts[suffix].encode())
    assert piped.code == 0
    assert free.read_bytes()[4 * 64 : 6 * 64] == free.read_bytes()[6 * 64 :]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("nop", "--slot", "0"), 4),
        (("nop", "nop", "--slot", "2"), 4),
        (("nop", "--slot", "8"), 2),
        (("nop", "--slot", "4294967295"), 2),
        (("nopp",), 2),
        (("load_miss:1",), 2),
        (("0x80000002",), 2),
        (("nop:1,2,3,4,5,6,7,8,9,10,11,12,13",), 2),
        (("nop:x",), 2),
        (("nop", "0xFFF0"), 2),
        ((":1",), 2),
        ((), 2),
        (("nop", "--batch", "--packed"), 2),
        (("nop", "--load-miss", "3"), 2),
        (("nop", "--tag", "3"), 2),
        (("nop", "--prefetch"), 2),
        (("0x100:1", "--packed"), 2),
        (("nop", "--from", "items.csv"), 2),
        (("--from", "items.csv"), 3),
        (("--from", "none.csv"), 1),
    ],
)
def test_refusals_change_nothing(cli: Cli, free: Path, args: tuple[str, ...], code: int) -> None:
    (free.parent / "items.csv").write_text("op,priority\nnop,high\n")
    before = free.read_bytes()
    assert cli("publish", "free.bin", *args).code == code
    assert free.read_bytes() == before


def test_standard_input_and_a_broken_ring(cli: Cli, tmp_path: Path) -> None:
    assert cli("publish", "-", "nop").code == 2
    (tmp_path / "broken.bin").write_bytes(bytes(65))
    assert cli("publish", "broken.bin", "nop").code == 3


def test_a_dry_run_and_a_backup(cli: Cli, free: Path) -> None:
    before = free.read_bytes()
    shown = cli("publish", "free.bin", "scale:1,0,3,0", "--dry-run", "--json").json()
    assert shown["slots"] == [
        {"slot": 1, "op_handle": 0x1000, "op_name": "scale", "tenant_id": 0, "arguments": [1, 0, 3]}
    ]
    assert free.read_bytes() == before
    assert cli("publish", "free.bin", "nop", "--backup").code == 0
    assert (free.parent / "free.bin.bak").read_bytes() == before


def test_packed_fields_cannot_be_given_twice(cli: Cli) -> None:
    assert cli("encode", "--packed", "nop", "param=3").code == 2
    assert cli("encode", "--packed", "nop", "--op", "nop").code == 2
    assert (
        cli("encode", "--packed", "nop", "tenant=3", "--priority", "low", "--json").json()["op_handle"]
        == PACKED_SLOT
    )


@pytest.mark.parametrize(
    ("items", "spelling"),
    [
        (("scale", "0", "1", "3"), "scale:0,1,3"),
        (("nop", "scale:0", "1", "0x3", "nop"), "scale:0,1,0x3"),
        (("spin:100",), "spin:100,N,N"),
        (("store_u32",), "store_u32:N,N"),
        (("memcpy:1,2",), "memcpy:1,2,N"),
    ],
)
def test_arguments_that_cannot_be_right(cli: Cli, free: Path, items: tuple[str, ...], spelling: str) -> None:
    before = free.read_bytes()
    result = cli("publish", "free.bin", *items)
    assert (result.code, spelling in result.err, free.read_bytes() == before) == (2, True, True)


def test_a_float_says_that_it_is_one(cli: Cli, free: Path) -> None:
    assert cli("publish", "free.bin", "scale:0,1,1.5f", "fill:0,1,-2e3f", "--slot", "4").code == 0
    assert cli("set", "free.bin", "param=0.5f", "5").code == 0
    assert cli("set", "free.bin", "op=scale", "param=1.5f", "0").code == 0
    shown = [row["param"] for row in cli("inspect", "free.bin", "--slots", "0,4-5", "--json").json()["slots"]]
    assert shown == [0x3FC00000, 0x3FC00000, 0x3F000000]
    for text in ("param=1.5", "param=1e99f", "param=nanf", "task_id=1.5f", "param=f"):
        assert cli("set", "free.bin", text, "4").code == 2


@pytest.mark.parametrize(
    "command",
    [
        ("publish", "free.bin", "scale:0,1,2.0"),
        ("set", "free.bin", "param=2.0", "4"),
        ("encode", "op=scale", "param=2.0"),
        ("encode", "--op", "scale", "--param", "2.0"),
        ("build", "new.bin", "items.csv"),
        ("build", "new.bin", "items.jsonl"),
    ],
    ids=" ".join,
)
def test_a_fraction_is_told_how_a_float_is_written(
    cli: Cli, free: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "items.jsonl").write_text('{"op": "scale", "param": 2.0}\n')
    (tmp_path / "items.csv").write_text("op,param\nscale,2.0\n", encoding="utf-8")
    result = cli(*command)
    quoted = '"2.0f"' if "items.jsonl" in command else "2.0f"
    assert (result.code, f"a float32 is written {quoted}" in result.err) == (
        3 if "build" in command else 2,
        True,
    )


@pytest.mark.parametrize("word", ["task_id=2.0", "param=1e99", "param=two", "param=-"])
def test_what_no_float_could_be_is_not_told_so(cli: Cli, free: Path, word: str) -> None:
    result = cli("set", "free.bin", word, "4")
    assert (result.code, "float32" in result.err) == (2, False)


HALVES = """VYRE_OP(0x20000, halves, "output = input * param; param is a float32") { return vyre_done(); }
VYRE_OP(0x20001, counts, "param rounds over float32 input, and param is no float32") { return vyre_done(); }
"""
FLOATLESS = [
    ("publish", "free.bin", "spin:0,0,1.5f"),
    ("publish", "free.bin", "saxpy:0,1,1.5f"),
    ("publish", "free.bin", "store_u32:1,1.5f"),
    ("publish", "free.bin", "scale:0,1.5f,1"),
    ("publish", "free.bin", "0x20001:0,0,1.5f", "--ops", "halves.cl"),
    ("publish", "free.bin", "0x20000:0,0,1.5f"),
    ("publish", "free.bin", "nop:0,0,1.5f", "--packed"),
    ("publish", "free.bin", "0x1000:0,1,1.5f", "--no-builtin-names"),
    ("publish", "free.bin", "--from", "items.jsonl"),
    ("set", "free.bin", "param=1.5f", "--all"),
    ("set", "free.bin", "op=spin", "param=1.5f", "4"),
    ("encode", "op=spin", "param=1.5f"),
    ("encode", "--param", "1.5f"),
    ("build", "new.bin", "items.jsonl"),
    ("build", "new.bin", "items.csv"),
]
"""Floats where no documentation says that one is taken."""


@pytest.mark.parametrize("command", FLOATLESS, ids=" ".join)
def test_a_float_where_the_operation_takes_none(
    cli: Cli, free: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "halves.cl").write_text(HALVES, encoding="utf-8")
    (tmp_path / "items.jsonl").write_text(
        '{"op": "scale", "param": "1.5f"}\n{"param": "1.5f", "op": "spin"}\n'
    )
    (tmp_path / "items.csv").write_text("op,param\nscale,1.5f\nspin,1.5f\n", encoding="utf-8")
    assert cli("set", "free.bin", "op=scale", "4").code == 0
    before = free.read_bytes()
    result = cli(*command)
    in_table = "items" in " ".join(command)
    assert (result.code, "0x3fc00000" in result.err, "a float" in result.err) == (
        3 if in_table else 2,
        True,
        True,
    )
    assert ("line 3" if "items.csv" in command else "line 2" if in_table else "float") in result.err
    assert (free.read_bytes(), (tmp_path / "new.bin").exists()) == (before, False)


def test_operations_of_ones_own_say_that_they_take_a_float(cli: Cli, free: Path, tmp_path: Path) -> None:
    (tmp_path / "halves.cl").write_text(HALVES, encoding="utf-8")
    (tmp_path / "names.csv").write_text("id,name,doc\n0x20005,half,param is a float\n", encoding="utf-8")
    assert cli("publish", "free.bin", "halves:0,0,0.5f", "--slot", "4", "--ops", "halves.cl").code == 0
    assert cli("set", "free.bin", "param=1.5f", "4", "--ops", "halves.cl").code == 0
    assert cli("publish", "free.bin", "half:0,0,0.5f", "--slot", "5", "--op-names", "names.csv").code == 0
    assert [words_at(free, number)["param"] for number in (4, 5)] == [0x3FC00000, 0x3F000000]
