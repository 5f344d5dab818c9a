"""`plot`: charts of letters, rows, and pictures by matplotlib."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.cli.test_golden import compare, transcript
from tests.support.rings import write_ring
from vyrectl.cli.commands.plot.view_chart import columns_of, draw, short
from vyrectl.shell import pip_install
from vyrectl.telemetry.history import timestamp
from vyrectl.telemetry.series import METRICS


def history(path: Path, looks: int = 40, *rings: str) -> Path:
    """A queue that fills and drains."""
    lines: list[dict[str, Any]] = []
    for index in range(looks):
        depth = 100 - abs(index - looks // 2) * 5
        counts = {
            "ready_count": depth,
            "schedulable_count": depth,
            "running_count": 4,
            "paused_count": 3 if index > 10 else 0,
            "faulted_count": 0,
            "done_count": index * index,
            "total_requeues": index * 3,
            "max_priority_age": index // 4,
        }
        moment = timestamp(1_700_000_000.0 + index * 2)
        if rings:
            lines.append({"timestamp": moment, "rings": [{"ring": ring, **counts} for ring in rings]})
        else:
            lines.append({"timestamp": moment, "ring": "r.bin", **counts})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(autouse=True)
def past(tmp_path: Path) -> Path:
    return history(tmp_path / "h.jsonl")


def test_charts_word_for_word(cli: Cli, terminal: Cli) -> None:
    result = cli("plot", "h.jsonl", "--height", "4")
    compare("plot.pipe", transcript(result.out, result.err, result.code))
    result = terminal("plot", "h.jsonl", "--show", "depth_rate,age", "--color", "never")
    compare("plot.80", transcript(result.out, result.err, result.code))
    assert max(map(len, result.out.splitlines())) <= 80


def test_without_utf8(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    result = cli("plot", "h.jsonl", "--show", "all")
    assert result.out.isascii()
    assert "#####" in result.out


def test_what_snapshot_appends_is_drawn(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "a.bin", *MIXED)
    write_ring(tmp_path / "b.bin", *MIXED * 2)
    for _ in range(2):
        assert cli("snapshot", "a.bin", "b.bin", "--append", "s.jsonl").code == 0
    record = cli("plot", "s.jsonl", "--json").json()
    assert (record["schema"], record["lines"], record["skipped"]) == ("vyrectl.plot/1", 2, 0)
    assert [(one["ring"], one["samples"]) for one in record["rings"]] == [("a.bin", 2), ("b.bin", 2)]
    assert record["rings"][1]["bounds"]["schedulable"] == {"least": 10, "most": 10, "last": 10}
    assert [row["ring"] for row in record["looks"]] == ["a.bin", "a.bin", "b.bin", "b.bin"]


def test_rows_have_the_metrics_that_were_asked_for(cli: Cli, past: Path) -> None:
    args = ("plot", "h.jsonl", "--show", "age,done_rate")
    rows = list(csv.DictReader(cli(*args, "--format", "csv").out.splitlines()))
    assert list(rows[0]) == ["ring", "timestamp", "seconds", "done_rate", "age"]
    assert (rows[0]["done_rate"], rows[3]["done_rate"], rows[3]["seconds"]) == ("", "2.5", "6.0")
    lines = cli("plot", "-", "--show", "all", "--format", "jsonl", stdin=past.read_bytes()).lines()
    assert set(lines[0]) == {"ring", "timestamp", "seconds", *METRICS}
    assert len(lines) == 40


def test_one_ring_of_several(cli: Cli, tmp_path: Path) -> None:
    history(tmp_path / "two.jsonl", 5, "a.bin", "b.bin")
    assert cli("plot", "two.jsonl", "--ring", "b.bin").out.startswith("b.bin: 5 looks in 8 s")
    shown = cli("plot", "two.jsonl").out
    assert shown.index("a.bin: ") < shown.index("b.bin: ")
    result = cli("plot", "two.jsonl", "--ring", "c.bin")
    assert (result.code, result.out) == (2, "")


def test_torn_lines_are_left_out_aloud(cli: Cli, past: Path) -> None:
    whole = past.read_bytes()
    past.write_bytes(b'{"torn\n' + whole + b'{"timest')
    result = cli("plot", "h.jsonl", "--json")
    assert (result.code, result.json()["lines"], result.json()["skipped"]) == (0, 40, 2)
    assert "2 lines without a snapshot, the first is line 1" in result.err


def test_hostile_names_stay_text(cli: Cli, tmp_path: Path) -> None:
    history(tmp_path / "x.jsonl", 3, "\x1b[31m$x^$[red]")
    assert "\x1b" not in cli("plot", "x.jsonl").out
    assert cli("plot", "x.jsonl", "--output", "x.svg").code == 0
    assert "\x1b" not in (tmp_path / "x.svg").read_text()


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
def test_pictures(cli: Cli, tmp_path: Path, suffix: str, start: bytes) -> None:
    result = cli("plot", "h.jsonl", "--show", "all", "--output", f"x.{suffix}")
    assert (result.code, result.out) == (0, f"x.{suffix}: 1 ring, 40 looks\n")
    assert (tmp_path / f"x.{suffix}").read_bytes().startswith(start)


def test_a_picture_of_several_rings_and_of_one_look(cli: Cli, tmp_path: Path) -> None:
    history(tmp_path / "two.jsonl", 1, "a.bin", "b.bin")
    record = cli("plot", "two.jsonl", "--output", "two.svg", "--json").json()
    assert (record["output"], len(record["rings"])) == ("two.svg", 2)
    text = (tmp_path / "two.svg").read_text()
    assert "a.bin" in text
    assert "b.bin" in text
    history(tmp_path / "many.jsonl", 2, *(f"{n}.bin" for n in range(7)))
    result = cli("plot", "many.jsonl", "--output", "many.png")
    assert result.code == 2
    assert "--ring" in result.err
    assert not (tmp_path / "many.png").exists()


def test_without_matplotlib_the_error_says_what_to_install(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = cli("plot", "h.jsonl", "--output", "x.png")
    assert (result.code, result.out) == (1, "")
    assert pip_install("matplotlib") in result.err
    assert not (tmp_path / "x.png").exists()
    assert cli("plot", "h.jsonl").code == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("missing.jsonl",), 1, "cannot read the history"),
        (("empty.jsonl",), 3, "no snapshot in it"),
        (("h.jsonl", "--show", "colour"), 2, "metric 'colour'"),
        (("h.jsonl", "--height", "0"), 2, "--height"),
        (("h.jsonl", "--output", "x.txt"), 2, "names no picture"),
        (("h.jsonl", "--output", "none/x.png"), 1, "cannot write"),
    ],
)
def test_errors(cli: Cli, tmp_path: Path, args: tuple[str, ...], code: int, words: str) -> None:
    (tmp_path / "empty.jsonl").write_text("\n{}\n")
    result = cli("plot", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


# --- charts -------------------------------------------------------------------------------------------------

values = st.lists(st.none() | st.integers(-1000, 1000) | st.floats(-1e12, 1e12), min_size=1, max_size=30)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(values, st.integers(1, 9), st.booleans())
def test_a_chart_has_its_height_and_shows_every_value(
    columns: list[float | int | None], height: int, fine: bool
) -> None:
    chart = draw(columns, height, fine=fine)
    assert height <= len(chart.lines) <= height + 1
    assert fine or "".join(chart.lines).isascii()
    for index, value in enumerate(columns):
        inked = [line[chart.margin + index : chart.margin + index + 1].strip() for line in chart.lines]
        assert any(inked) == bool(value)
    highest = max((value or 0 for value in columns), default=0)
    if highest > 0:
        first = chart.lines[0]
        assert any(
            first[chart.margin + i : chart.margin + i + 1].strip()
            for i, v in enumerate(columns)
            if v == highest
        )


@settings(max_examples=100, derandomize=True, deadline=None)
@given(values, st.integers(1, 50))
def test_spans_keep_the_farthest_values(column: list[float | int | None], width: int) -> None:
    found = columns_of([float(i) for i in range(len(column))], column, width)
    assert len(found) == width
    known = [value for value in column if value is not None]
    if known:
        assert max(map(abs, known)) in [abs(value) for value in found if value is not None]
    else:
        assert found == [None] * width


def test_a_span_without_a_look_shows_the_last_one() -> None:
    assert columns_of([0.0, 9.0], [4, 7], 10) == [4] * 9 + [7]
    assert columns_of([0.0, 5.0, 9.0], [4, None, 7], 10) == [4] * 5 + [None] * 4 + [7]
    assert columns_of([3.0], [4], 3) == [4, 4, 4]


def test_bars_stand_on_zero_and_hang_from_it() -> None:
    assert draw([8, 4, -4, 0], 3, fine=True).lines == [" 8 │█", " 0 │██", "-4 │  █"]
    assert draw([4, 2, -4], 2, fine=False).lines == [" 4 |#.", "-4 |  #"]
    assert draw([-2, -4], 2, fine=False).lines == [" 0 |##", "-4 | #"]
    assert draw([1, None, 16], 2, fine=True).lines == ["16 │  █", " 0 │▁ █"]
    assert draw([0], 1, fine=True).lines == ["0 │"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999_999, "999999"), (-5, "-5"), (2.5, "2.5"), (1234.5, "1.23k"), (2_500_000, "2.5M"), (7e15, "7e+15")],
)  # fmt: skip
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text
