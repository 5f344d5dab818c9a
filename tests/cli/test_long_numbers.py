"""Numbers of thousands of digits, wherever a number is taken: a message in our words, and a short one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.support.rings import write_ring

DIGITS = "9" * 5000
HEX = "0x" + "f" * 5000


@pytest.mark.parametrize("number", [DIGITS, HEX], ids=["decimal", "hex"])
@pytest.mark.parametrize(
    "args",
    [
        ("inspect", "ring.bin", "--slots", "NUMBER"),
        ("inspect", "ring.bin", "--slot", "NUMBER"),
        ("inspect", "ring.bin", "--limit", "NUMBER"),
        ("inspect", "ring.bin", "--where", "param == NUMBER"),
        ("inspect", "ring.bin", "--offset", "NUMBER"),
        ("set", "ring.bin", "param=NUMBER", "1"),
        ("set", "ring.bin", "flags=NUMBER", "1"),
        ("set", "ring.bin", "op=NUMBER", "1"),
        ("transition", "ring.bin", "requeue", "3", "--pc", "NUMBER"),
        ("encode", "--param", "NUMBER"),
        ("build", "new.bin", "--synthetic", "NUMBER"),
        ("build", "new.bin", "table.csv"),
        ("build", "new.bin", "table.jsonl"),
        ("build", "new.bin", "--synthetic", "3", "--mix", "mix.json"),
        ("plan", "request.json"),
        ("plan", "request.toml"),
        ("plan", "ring.bin", "--policy", "request.json"),
        ("plan", "ring.bin", "--sweep", "queue_len=0..NUMBER"),
        ("control", "new.ctl", "--new", "epoch=NUMBER"),
        ("control", "new.ctl", "--new", "mask.NUMBER=shut"),
        ("launch", "ring.bin", "--device", "reference", "--epoch", "NUMBER"),
        ("launch", "ring.bin", "--device", "reference", "--tenant-quota", "0=NUMBER"),
        ("launch", "ring.bin", "--device", "reference", "--tenant-quota", "NUMBER=0"),
        ("launch", "ring.bin", "--device", "reference", "--buffer", "NUMBER=zeros:uint32:4"),
        ("launch", "ring.bin", "--device", "reference", "--buffer", "0=zeros:uint32:NUMBER"),
        ("launch", "ring.bin", "--device", "reference", "--timeout", "NUMBER"),
        ("publish", "ring.bin", "store_u32:NUMBER"),
        ("snapshot", "ring.bin", "--oldest", "NUMBER"),
    ],
    ids=lambda args: "-".join(args[:1] + args[-2:]).replace("NUMBER", "N"),
)
def test_a_number_of_thousands_of_digits(
    cli: Cli, tmp_path: Path, args: tuple[str, ...], number: str
) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    before = (tmp_path / "ring.bin").read_bytes()
    (tmp_path / "table.csv").write_text(f"param\n{number}\n")
    (tmp_path / "table.jsonl").write_text(f'{{"param": "{number}"}}\n')
    for name in ("mix.json", "request.json"):
        (tmp_path / name).write_text(f'{{"queue_len": {number}}}')
    (tmp_path / "request.toml").write_text(f"queue_len = {number}")
    result = cli(*(arg.replace("NUMBER", number) for arg in args))
    assert result.code in (1, 2, 3), result
    assert "set_int_max_str_digits" not in result.err
    assert "Traceback" not in result.err
    assert len(result.err) < 1500, result.err[:300]
    assert (tmp_path / "ring.bin").read_bytes() == before


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no array", "does not begin as one"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b"x" * 0xFFFF, "header cannot be read"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x00" + b"x" * 0xFFFFFF, "header cannot be read"),
        (None, "elements are Python objects"),
    ],
    ids=["text", "header", "long-header", "objects"],
)
def test_what_numpy_says_stays_with_numpy(cli: Cli, tmp_path: Path, data: bytes | None, why: str) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    if data is None:
        np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    else:
        (tmp_path / "x.npy").write_bytes(data)
    result = cli("launch", "ring.bin", "--device", "reference", "--buffer", "0=x.npy")
    assert result.code == 3
    assert why in result.err
    assert "allow_pickle" not in result.err
    assert len(result.err) < 500


def test_null_is_named_in_the_words_of_json(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"queue_len": null}')
    result = cli("plan", "request.json")
    assert result.code == 3
    assert "queue_len is null" in result.err
    assert "None" not in result.err
