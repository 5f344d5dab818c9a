"""`decode`: hex, files and standard input to words with names and meanings."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Cli, Terminal
from tests.cli.support import MIXED
from tests.support.rings import slot
from tests.vectors import load
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.commands.decode.text import parse_hex
from vyrectl.errors import InvalidInputError

PAUSED = slot(state=4, op_handle=0x1006, priority=3, resume_epoch=0xFFFF_FFFF, flags=0x19)


def test_every_word_is_named_and_explained(cli: Cli) -> None:
    record = cli("decode", PAUSED.hex(), "--json").json()
    assert record["schema"] == "vyrectl.decode/1"
    assert [record[name] for name in ("state", "op_handle", "flags")] == [4, 0x1006, 0x19]
    assert record["flag_names"] == ["PAUSED", "RESUME_READY", "0x10"]
    assert [row["name"] for row in record["words"]] == list(FIELD_NAMES)
    meanings = {row["name"]: row["meaning"] for row in record["words"]}
    assert meanings["state"].startswith("Paused (WAIT_IO)")
    assert meanings["op_handle"].startswith("wait: ")
    assert meanings["priority"] == "Low"
    assert meanings["resume_epoch"].startswith("never")
    assert meanings["flags"] == "PAUSED|RESUME_READY|0x10"
    assert record["words"][15] == {
        "word": 15,
        "name": "flags",
        "value": 0x19,
        "hex": "0x00000019",
        "meaning": "PAUSED|RESUME_READY|0x10",
    }


def test_unknown_words_are_shown_and_not_coerced(cli: Cli) -> None:
    record = cli("decode", slot(state=99, priority=77, op_handle=0x8000_0002).hex(), "--json").json()
    assert (record["state"], record["state_name"]) == (99, "unknown(99)")
    assert (record["priority"], record["priority_name"]) == (77, "unknown(77)")
    assert record["op_name"] is None
    assert record["words"][1]["meaning"].startswith(f"unknown({0x8000_0002})")


def test_a_fault_code_is_explained_once_faulted(cli: Cli) -> None:
    faulted = cli("decode", slot(state=7, continuation_data=0xFFFF_FF03).hex(), "--json").json()
    assert faulted["fault_name"] == "out_of_range"
    assert "out_of_range" in faulted["words"][8]["meaning"]
    ready = cli("decode", slot(state=1, continuation_data=0xFFFF_FF03).hex(), "--json").json()
    assert ready["fault_name"] is None


def test_white_space_and_0x_do_no_harm(cli: Cli) -> None:
    spaced = PAUSED.hex(" ", 4).upper()
    prefixed = "\n".join("0x" + PAUSED[at : at + 4].hex() for at in range(0, 64, 4))
    plain = cli("decode", PAUSED.hex(), "--json").out
    assert cli("decode", spaced, "--json").out == plain
    assert cli("decode", *spaced.split(), "--json").out == plain
    assert cli("decode", "-", "--json", stdin=prefixed.encode()).out == plain
    assert cli("decode", "--json", stdin=PAUSED).out == plain


def test_files_hold_raw_slots_or_hex(cli: Cli, ring: Path, tmp_path: Path) -> None:
    (tmp_path / "slot.hex").write_text(PAUSED.hex() + "\n")
    assert cli("decode", "slot.hex", "--json").json()["state_name"] == "Paused"
    slots = cli("decode", "ring.bin", "--json").json()["slots"]
    assert [one["slot"] for one in slots] == list(range(len(MIXED)))
    assert slots[5]["task_id"] == 105
    one = cli("decode", "ring.bin", "--offset", "320", "--count", "1", "--json").json()
    assert one["task_id"] == 105


def test_raw_and_hex_can_be_forced(cli: Cli, tmp_path: Path) -> None:
    text = b"00000000" * 8
    (tmp_path / "00").write_bytes(text)
    as_text = cli("decode", "00")
    assert (as_text.code, "32 bytes" in as_text.err) == (3, True)
    assert cli("decode", "00", "--raw", "--json").json()["state"] == 0x3030_3030
    as_hex = cli("decode", "--hex", "00")
    assert (as_hex.code, "1 bytes" in as_hex.err) == (3, True)
    assert cli("decode", "--hex", "--raw", "00").code == 2


def test_lines_are_words(cli: Cli) -> None:
    rows = list(csv.DictReader(cli("decode", "-", "--format", "csv", stdin=PAUSED * 2).out.splitlines()))
    assert len(rows) == 32
    assert rows[31] == {
        "slot": "1",
        "word": "15",
        "name": "flags",
        "value": "25",
        "hex": "0x00000019",
        "meaning": "PAUSED|RESUME_READY|0x10",
    }
    assert len(cli("decode", "-", "--format", "jsonl", stdin=PAUSED * 2).lines()) == 32


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("01zz", "byte 2"),
        ("0x0", "odd number of hex digits"),
        ("00 0", "byte 3"),
        ("00" * 63, "63 bytes"),
        ("00" * 65, "1 bytes are left over"),
        ("0x", "no slot"),
        ("00\x1b[31m", "'\\x1b'"),
    ],
)
def test_bad_hex_is_exit_3_with_its_place(cli: Cli, text: str, words: str) -> None:
    result = cli("decode", text)
    assert result.code == 3
    assert words in result.err
    assert "\x1b" not in result.err


def test_missing_and_unreadable_files_are_exit_1(cli: Cli, tmp_path: Path) -> None:
    assert cli("decode", "nothing.bin").code == 1
    assert cli("decode", str(tmp_path)).code == 1


def test_a_terminal_is_not_waited_for(terminal: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    result = terminal("decode")
    assert result.code == 2
    assert "standard input is a terminal" in result.err


@pytest.mark.parametrize("vector", list(load("misc", "slot_decode"))[::4], ids=lambda v: str(v["i"]))
def test_slots_decode_as_the_runtime_does(cli: Cli, vector: dict[str, object]) -> None:
    record = cli("decode", str(vector["slot"]), "--json").json()
    expected = {"state_name": vector["task_state"], "priority_name": vector["task_priority"]}
    for key, name in expected.items():
        assert record[key] == (name or f"unknown({record[key.removesuffix('_name')]})")
    assert record["is_schedulable"] == vector["is_schedulable"]
    item = [record[name] for name in ("op_handle", "input_handle", "output_handle", "param")]
    assert item == vector["work_item"]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from(["", " ", "\n", ",", ":", "_", " 0x"]))
def test_hex_round_trips(data: bytes, separator: str) -> None:
    text = separator.join(f"{byte:02x}" for byte in data)
    assert parse_hex(text.encode(), "here") == data


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text("0123456789abcdefxgZ ,:\n", max_size=40))
def test_any_text_is_read_or_refused_at_a_byte(text: str) -> None:
    digits = "".join(char for char in text.replace("0x", "") if char not in " ,:\n")
    try:
        assert parse_hex(text.encode(), "here").hex() == digits
    except InvalidInputError as error:
        place = int(re.search(r"byte (\d+)", error.what)[1])  # type: ignore[index]
        assert 0 <= place < len(text)
