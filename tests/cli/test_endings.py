"""A file's name says what is in it, or nothing is done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from vyrectl.cli.endings import KNOWN, METRICS, PNG, check_ending
from vyrectl.errors import UsageError


@pytest.mark.parametrize(
    "args",
    [
        ("map", "ring.bin", "--output", "x.svg"),
        ("map", "ring.bin", "--output", "x.JPG"),
        ("demo", "--device", "reference", "--output", "x.pdf"),
        ("demo", "--device", "reference", "--keep", "x.npy"),
        ("snapshot", "ring.bin", "--openmetrics", "--output", "x.json"),
        ("snapshot", "ring.bin", "--append", "x.csv"),
        ("converge", "ring.bin", "--output", "x.csv"),
        ("build", "x.csv", "--synthetic", "4"),
        ("report", "ring.bin", "--output", "x.txt"),
        ("launch", "ring.bin", "--device", "reference", "--output", "x.npy"),
        ("launch", "ring.bin", "--device", "reference", "--trace", "x.json.gz"),
        ("launch", "ring.bin", "--device", "reference", "--save-control", "x.json"),
        ("launch", "ring.bin", "--device", "reference", "--debug-log", "x.txt"),
        ("launch", "ring.bin", "--device", "reference", "--record", "x.jsonl"),
        ("launch", "ring.bin", "--device", "reference", "--buffer", "0=zeros:uint32:4:x.csv"),
        ("launch", "ring.bin", "--device", "reference", "--buffer", "0=in.npy:x.parquet"),
    ],
    ids=" ".join,
)
def test_a_name_that_says_another_format_is_refused_before_the_work(
    cli: Cli, ring: Path, tmp_path: Path, args: tuple[str, ...]
) -> None:
    np.save(tmp_path / "in.npy", np.zeros(4, "u4"))
    before = ring.read_bytes()
    result = cli(*args)
    assert result.code == 2
    assert "would be written under a name that ends in" in result.err
    assert ring.read_bytes() == before
    assert not list(tmp_path.glob("x.*"))


def test_names_that_fit_and_names_that_say_nothing_are_taken() -> None:
    for name in ("a.png", "a.PNG", "a", "a.out", "a.png.old", "-", None, "dir.svg/a"):
        check_ending(name, "a PNG picture", PNG)
    check_ending(Path("m.prom"), "metrics", METRICS)


def test_the_advice_is_a_name_that_fits() -> None:
    for ending in KNOWN:
        if ending not in PNG:
            with pytest.raises(UsageError, match=r"Name it pictures/a\.png"):
                check_ending(f"pictures/a.{ending}", "a PNG picture", PNG)
