"""`encode`: fields to hex, bytes, or into a ring."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, Result, spawn, words_at
from tests.support.rings import slot
from tests.vectors import load
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.fields import parse_fields, split_assignments


def test_defaults_are_a_ready_task_of_normal_priority(cli: Cli) -> None:
    assert cli("encode").out == slot(state=1, priority=2).hex() + "\n"


def test_every_word_has_an_option(cli: Cli) -> None:
    for index, name in enumerate(FIELD_NAMES):
        result = cli("encode", f"--{name.replace('_', '-')}", "0x7")
        data = bytes.fromhex(result.out)
        assert result.code == 0
        assert data[index * 4 : index * 4 + 4] == b"\x07\0\0\0", name


def test_names_stand_for_words(cli: Cli) -> None:
    result = cli(
        "encode", "--state", "wait_io", "--op", "SAXPY", "--priority", "Idle", "--flags", "paused+resume_ready",
        "epoch=never",
    )  # fmt: skip
    expected = slot(state=4, op_handle=0x1003, priority=4, resume_epoch=0xFFFF_FFFF, flags=9)
    assert result.out == expected.hex() + "\n"


def test_options_and_assignments_mix(cli: Cli) -> None:
    result = cli("encode", "op=nop", "age_ticks=3", "--task-id", "8", "requeues=1", "--json")
    record = result.json()
    assert record["schema"] == "vyrectl.encode/1"
    assert [record[name] for name in ("age_ticks", "task_id", "requeue_count")] == [3, 8, 1]
    assert (record["state_name"], record["op_name"], record["priority_name"]) == ("Ready", "nop", "Normal")
    assert bytes.fromhex(record["hex"]) == slot(state=1, priority=2, age_ticks=3, task_id=8, requeue_count=1)


def test_raw_writes_64_bytes() -> None:
    result = spawn("encode", "--raw", "--op", "scale")
    assert result.stdout == slot(state=1, op_handle=0x1000, priority=2)


def test_raw_refuses_a_terminal(terminal: Cli) -> None:
    result = terminal("encode", "--raw")
    assert result.code == 2
    assert result.out == ""
    assert "terminal" in result.err


def test_a_slot_of_a_ring_is_written(cli: Cli, ring: Path) -> None:
    result = cli("encode", str(ring), "--slot", "5", "op=nop", "--task-id", "9")
    assert result.code == 0, result.err
    assert "1 of 12 slots" in result.err
    expected = list(MIXED)
    expected[5] = slot(state=1, priority=2, task_id=9)
    assert ring.read_bytes() == b"".join(expected)


def test_a_dry_run_writes_nothing(cli: Cli, ring: Path) -> None:
    result = cli("encode", "ring.bin", "--slot", "0", "--dry-run", "--json")
    assert result.json()["changes"] == [
        {"slot": 0, "field": "state", "old": 0, "new": 1},
        {"slot": 0, "field": "priority", "old": 0, "new": 2},
    ]
    assert ring.read_bytes() == b"".join(MIXED)


def test_a_path_may_hold_an_equals_sign(cli: Cli, tmp_path: Path) -> None:
    odd_name = tmp_path / "a=b.bin"
    odd_name.write_bytes(slot())
    assert cli("encode", "./a=b.bin", "--slot", "0").code == 0
    assert words_at(odd_name, 0)["state"] == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--op", "scle"), "scale"),
        (("tsk_id=3",), "task_id"),
        (("--param", "4294967296"), "4294967295"),
        (("--param", "1.5"), "param"),
        (("--param", "-1"), "param"),
        (("--priority", "urgent"), "priority"),
        (("--flags", "paused+sleepy"), "flag"),
        (("param=1", "--param", "2"), "twice"),
        (("param=1", "param=2"), "twice"),
        (("ring.bin",), "--slot"),
        (("--slot", "3"), "ring"),
        (("ring.bin", "--slot", "12"), "12"),
        (("ring.bin", "--slot", "x"), "--slot"),
        (("ring.bin", "other.bin", "--slot", "1"), "other.bin"),
        (("ring.bin", "--slot", "1", "--raw"), "--raw"),
        (("--raw", "--json"), "--raw"),
    ],
)
def test_bad_usage_is_exit_2(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result: Result = cli("encode", *args)
    assert result.code == 2
    assert result.out == ""
    assert words in result.err
    assert "fix:" in result.err or "--json" in args
    assert ring.read_bytes() == b"".join(MIXED)


@pytest.mark.parametrize("vector", list(load("misc", "from_work_item"))[::3], ids=lambda v: str(v["i"]))
def test_work_items_encode_as_the_runtime_does(cli: Cli, vector: dict[str, object]) -> None:
    item = vector["item"]
    assert isinstance(item, list)
    names = ("--op", "--input-handle", "--output-handle", "--param")
    args = [text for name, value in zip(names, item, strict=True) for text in (name, str(value))]
    for name in ("task_id", "tenant_id", "priority"):
        args += [f"--{name.replace('_', '-')}", str(vector[name])]
    assert cli("encode", *args).out.strip() == vector["ok"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(FIELD_NAMES), st.integers(0, 0xFFFF_FFFF)), st.booleans())
def test_numbers_come_through_in_both_notations(words: dict[str, int], hexadecimal: bool) -> None:
    texts = {name: hex(value) if hexadecimal else str(value) for name, value in words.items()}
    assert parse_fields(texts) == words
    assert split_assignments(f"{name}={text}" for name, text in texts.items()) == (words, [])
