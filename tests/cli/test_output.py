"""The output sink: formats, colour, hostile text, closed pipes, odd encodings."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Cli, Terminal
from tests.cli.support import MIXED, spawn
from tests.support.rings import slot, write_ring
from vyrectl.cli.output import Output, draws_unicode, plain, report_error
from vyrectl.cli.rows import Quote, Rows, csv_text
from vyrectl.cli.views.cells import Cell, Column, FittedTable
from vyrectl.errors import FileError, UnknownNameError, WhereError

ROWS = Rows(
    ("slot", "name", "flags"),
    lambda quote: iter(
        [[(1, quote("a,b"), quote(["X", "Y"])), (2, quote(None), quote([]))], [(3, quote('"'), 7)]]
    ),
)
DICTS = [
    {"slot": 1, "name": "a,b", "flags": ["X", "Y"]},
    {"slot": 2, "name": None, "flags": []},
    {"slot": 3, "name": '"', "flags": 7},
]


def emit(capsys: pytest.CaptureFixture[str], format_name: str, rows: Any) -> str:
    Output(format_name).emit("test", {"total": 3}, lambda record: "text", rows=rows, rows_key="slots")
    return capsys.readouterr().out


@pytest.mark.parametrize("format_name", ["json", "jsonl", "csv"])
def test_quick_rows_are_written_as_mappings_are(capsys: pytest.CaptureFixture[str], format_name: str) -> None:
    assert emit(capsys, format_name, ROWS) == emit(capsys, format_name, DICTS)
    assert list(ROWS) == DICTS


def test_rows_are_valid_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(emit(capsys, "json", ROWS))
    assert record == {"schema": "vyrectl.test/1", "total": 3, "slots": DICTS}
    assert json.loads(emit(capsys, "json", [])) == {"schema": "vyrectl.test/1", "total": 3, "slots": []}
    assert [json.loads(line) for line in emit(capsys, "jsonl", ROWS).splitlines()] == DICTS
    rows = list(csv.reader(io.StringIO(emit(capsys, "csv", ROWS))))
    assert rows == [["slot", "name", "flags"], ["1", "a,b", "X|Y"], ["2", "", ""], ["3", '"', "7"]]


def test_rows_can_be_cut() -> None:
    assert [row["slot"] for row in ROWS.first(2)] == [1, 2]
    assert [row["slot"] for row in ROWS.first(0)] == []
    assert list(ROWS.first(None)) == DICTS


def test_rows_are_streamed(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    def blocks(quote: Quote) -> Iterator[list[tuple[int]]]:
        for number in range(3):
            seen.append(len(capsys.readouterr().out.splitlines()))
            yield [(number,)]

    Output("jsonl").emit("test", {}, lambda record: "", rows=Rows(("n",), blocks))
    assert seen == [0, 1, 1]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20))
def test_csv_values_round_trip(text: str) -> None:
    assert next(csv.reader([f"{csv_text(text)},end"])) == [text, "end"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=30))
def test_plain_text_holds_no_control_character(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in plain(text))


HOSTILE = "\x1b[31m[bold red]x[b]\x07\u202e\r.bin"


def test_hostile_names_reach_no_terminal(terminal: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / HOSTILE, *MIXED)
    write_ring(tmp_path / "b.bin", *MIXED)
    (tmp_path / "t.csv").write_text(f"{HOSTILE!s}\n1\n")
    for args in (
        ("snapshot", HOSTILE),
        ("snapshot", HOSTILE, "b.bin"),
        ("snapshot", HOSTILE, "b.bin", "--format", "csv"),
        ("snapshot", HOSTILE, "--json"),
        ("inspect", HOSTILE, "--slot", "3"),
        ("inspect", HOSTILE, "--where", HOSTILE),
        ("set", HOSTILE, "age=3", "1"),
        ("set", HOSTILE, "age=3", "1", "--dry-run"),
        ("transition", HOSTILE, "resume", "1"),
        ("transition", HOSTILE, HOSTILE, "1"),
        ("build", HOSTILE, "t.csv"),
        ("build", "c.bin", "t.csv"),
        ("decode", "no" + HOSTILE),
        ("encode", HOSTILE, "--slot", "1"),
        (HOSTILE,),
        ("snapshot", f"--{HOSTILE}"),
    ):
        result = terminal(*args, *(["--color", "never"] if len(args) > 1 else []))
        text = result.out + result.err
        assert text, args
        assert not set("\x1b\x07\r\u202e") & set(text), args
        if HOSTILE in args[:2] and result.out and "json" not in args[-1]:
            assert "[bold red]" in text, args


def test_undecodable_names_are_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.bin"
    Path(os.fsdecode(path)).write_bytes(b"".join(MIXED))
    command = [os.fsencode(sys.executable), b"-m", b"vyrectl", b"snapshot", path]
    result = subprocess.run(command, capture_output=True, timeout=60)
    assert (result.returncode, b"\\udcff.bin" in result.stdout) == (0, True)


def test_an_ascii_stream_does_not_crash(ring: Path) -> None:
    for args in (("snapshot", "ring.bin"), ("inspect", "ring.bin"), ("snapshot", "ä.bin")):
        result = spawn(*args, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
        assert b"Traceback" not in result.stderr
        assert (result.stdout + result.stderr).isascii()


@pytest.mark.parametrize(
    ("variables", "encoding", "unicode"),
    [
        ({}, "utf-8", True),
        ({"LANG": "de_AT.UTF-8"}, "utf-8", True),
        ({"LANG": "C.utf8"}, "UTF-8", True),
        ({"LC_ALL": "C"}, "utf-8", False),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, "utf-8", False),
        ({"LANG": "de_AT.ISO-8859-1"}, "utf-8", False),
        ({}, "ascii", False),
    ],
)
def test_lines_are_drawn_where_the_locale_has_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], encoding: str, unicode: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert draws_unicode(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is unicode


@pytest.mark.parametrize("format_name", ["table", "json", "jsonl", "csv"])
def test_a_closed_pipe_is_no_traceback(tmp_path: Path, format_name: str) -> None:
    write_ring(tmp_path / "many.bin", *[slot(state=1)] * 20_000)
    line = f"{sys.executable} -m vyrectl inspect many.bin --limit all --format {format_name}"
    script = f"{line} | head -n 1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert result.stdout.splitlines()[-1] == "141"
    assert result.stderr == ""


def test_colour_follows_the_option_and_no_color(
    cli: Cli, terminal: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    green = "\x1b[32m"
    assert green in terminal("inspect", "ring.bin").out
    assert "\x1b" not in terminal("inspect", "ring.bin", "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert green not in terminal("inspect", "ring.bin").out
    assert green in terminal("inspect", "ring.bin", "--color", "always").out


def test_colour_through_a_pipe_only_when_asked(cli: Cli, ring: Path) -> None:
    assert "\x1b" not in cli("inspect", "ring.bin").out
    assert "\x1b[32m" in cli("inspect", "ring.bin", "--color", "always").out


@pytest.mark.parametrize(
    "flags", [["--json"], ["--format", "json"], ["--format=jsonl"], ["-f", "json"], ["-fjson"]]
)
def test_errors_are_json_when_json_was_asked_for(cli: Cli, flags: list[str]) -> None:
    result = cli("snapshot", "nothing.bin", *flags)
    assert (result.code, result.out) == (1, "")
    assert result.error() == {
        "schema": "vyrectl.error/1",
        "error": "file",
        "message": "cannot open the ring: no such file or directory",
        "where": "nothing.bin",
        "fix": "Check the path",
        "exit_code": 1,
        "errno": "ENOENT",
    }


def test_errors_say_what_where_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(FileError("it broke", where="here", fix="Mend it"), [])
    report_error(WhereError("no", "a == b", 5), ["--", "--json"])
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "error: here: it broke",
        "  fix: Mend it",
        "error: --where, column 6: no",
        "  a == b",
        "       ^",
        "  fix: A condition reads like 'state == paused and age > 8'; all of the language: vyrectl help look",
    ]


def test_talk_is_quiet_and_warnings_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(quiet=True)
    output.talk("chatter")
    output.warn("mind\x1b this")
    assert capsys.readouterr() == ("", "warning: mind\\x1b this\n")


def test_unknown_formats_and_colours_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="json"):
        Output("jsn")
    with pytest.raises(UnknownNameError, match="never"):
        Output(color="nevr")


def test_progress_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Output().progress("reading", "lines") as update:
        update(5)
    assert capsys.readouterr().err == ""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("vyrectl.cli.output.time.monotonic", iter([0.0, 0.1, 0.6, 0.61, 0.8]).__next__)
    with Output().progress("reading", "lines", 9) as update:
        for done in (1, 2, 3, 4):
            update(done)
    assert screen.getvalue().split("\r")[1:3] == ["reading: 2 of 9 lines", "reading: 4 of 9 lines"]
    assert screen.getvalue().endswith("\r")


def table(
    columns: list[Column], rows: list[list[Cell]], monkeypatch: pytest.MonkeyPatch, width: int
) -> list[str]:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    Output(color="never").emit("test", {}, lambda record: FittedTable(columns, rows))
    return screen.getvalue().splitlines()


def test_narrow_tables_leave_out_the_least_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [Column("key"), Column("many", right=True, rank=1), Column("least", rank=2), Column("last")]
    rows: list[list[Cell]] = [["a", "1", "22", "x"], ["bb", "", "3", "yy"]]
    assert table(columns, rows, monkeypatch, 40) == [
        "key  many  least  last",
        "───  ────  ─────  ────",
        "a       1  22     x",
        "bb         3      yy",
    ]
    narrow = table(columns, rows, monkeypatch, 20)
    assert narrow[:4] == ["key  many  last", "───  ────  ────", "a       1  x", "bb         yy"]
    assert " ".join(narrow[4:]).startswith("not shown: least;")


def test_the_last_column_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [Column("k"), Column("text", wrap=True)]
    rows: list[list[Cell]] = [["a", "one two three four five six"], ["b", "A" * 18 + "|" + "B" * 22]]
    assert table(columns, rows, monkeypatch, 23) == [
        "k  text",
        "─  ────────────────────",
        "a  one two three four",
        "   five six",
        "b  AAAAAAAAAAAAAAAAAA|",
        "   BBBBBBBBBBBBBBBBBBBB",
        "   BB",
    ]


def test_a_word_wider_than_its_column_is_broken_at_a_joint(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [Column("k"), Column("text", wrap=True)]
    lines = table(columns, [["a", "x" * 14 + "_" + "y" * 18]], monkeypatch, 23)
    assert lines[2:] == ["a  " + "x" * 14 + "_", "   " + "y" * 18]
    early = table(columns, [["a", "x_" + "y" * 30]], monkeypatch, 23)
    assert early[2:] == ["a  x_" + "y" * 18, "   " + "y" * 12]


def test_wide_characters_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table([Column("name"), Column("n")], [["日本", "1"], ["x\ny", "2"]], monkeypatch, 40)
    assert lines[2:] == ["日本  1", "x\\ny  2"]


def test_a_real_terminal(ring: Path) -> None:
    """A pseudo-terminal of 70 columns gets colour and fitted columns."""
    control, stream = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "70"}
    command = [sys.executable, "-m", "vyrectl", "inspect", "ring.bin"]
    with subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE, env=env) as process:
        assert process.stderr is not None
        process.stderr.read()
    os.close(stream)
    text = os.read(control, 1 << 16).decode()
    os.close(control)
    assert "\x1b[32m" in text
    assert "not shown:" in text
