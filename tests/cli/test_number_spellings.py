"""A number is decimal or 0x wherever one stands; Python's other spellings are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.abi.number import parse_whole

ODD = ("0b11", "0o17", "1_000", "٣", "３", "0x_1", "1e3", "3.0", "0x")
PLACES = (
    ("inspect", "ring.bin", "--limit", "{}"),
    ("inspect", "ring.bin", "--offset", "{}"),
    ("inspect", "ring.bin", "--slots", "{}"),
    ("inspect", "ring.bin", "--where", "param == {}"),
    ("inspect", "ring.bin", "--where", "fault == user({})"),
    ("set", "ring.bin", "param={}", "0"),
    ("set", "ring.bin", "flags={}", "0"),
    ("set", "ring.bin", "param=1", "{}"),
    ("encode", "param={}"),
    ("publish", "ring.bin", "store_u32:{},5"),
    ("transition", "ring.bin", "pause", "0", "--epoch", "{}"),
    ("launch", "ring.bin", "--device", "reference", "--dry-run", "--tenant-quota", "3={}"),
    ("launch", "ring.bin", "--device", "reference", "--dry-run", "--buffer", "{}=zeros:uint32:4"),
    ("launch", "ring.bin", "--device", "reference", "--dry-run", "--buffer", "1=zeros:uint32:{}"),
    ("launch", "ring.bin", "--device", "reference", "--dry-run", "--max-steps", "{}"),
    ("control", "control.bin", "epoch={}"),
    ("control", "control.bin", "observable.{}=1"),
    ("bench", "--sizes", "{}"),
)
SECONDS = (
    ("launch", "ring.bin", "--device", "reference", "--dry-run", "--timeout", "{}"),
    ("doctor", "--timeout", "{}"),
)


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_no_other_spelling(cli: Cli, ring: Path, place: tuple[str, ...], text: str) -> None:
    before = ring.read_bytes()
    (ring.parent / "control.bin").write_bytes(bytes(168 * 4))
    result = cli(*(word.replace("{}", text) for word in place))
    assert result.code == 2, result
    assert ring.read_bytes() == before


@pytest.mark.parametrize("text", ["1_0", "٣", "0x1p3", "1e", "1,5", "0x10"])
@pytest.mark.parametrize("place", SECONDS, ids=" ".join)
def test_seconds_are_decimal(cli: Cli, ring: Path, place: tuple[str, ...], text: str) -> None:
    result = cli(*(word.replace("{}", text) for word in place))
    assert (result.code, "is no number" in result.err) == (2, True), result


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10), ("0x10", 16), ("0XfF", 255), (" 7 ", 7), ("-1", -1), ("010", 10)]
)
def test_what_is_read(text: str, value: int) -> None:
    assert parse_whole(text) == value
