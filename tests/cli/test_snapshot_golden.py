"""What `snapshot` looks like, word for word: through a pipe, on terminals of 80 and 200 columns, in ASCII, in colour.

`UPDATE_GOLDEN=1 pytest tests/cli/test_snapshot_golden.py` writes the expected texts anew.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Terminal
from tests.cli.support import MIXED, Result
from tests.cli.test_golden import compare, transcript
from tests.support.rings import slot, write_ring
from vyrectl.cli.commands.snapshot.watch import Clock
from vyrectl.cli.main import main
from vyrectl.protocol.control import encode_control

HOSTILE = "\x1b[31m[bold]evil\n\u202e.bin"

CASES: dict[str, tuple[str, ...]] = {
    "snapshot-whole": ("ring.bin", "--by", "state,priority,tenant,op", "--ages", "--oldest", "4"),
    "snapshot-sum": ("ring.bin", "odd.bin", "--lenient", "--by", "op", "--ages", "--oldest", "4"),
    "snapshot-since": ("ring.bin", "--since", "before.json"),
    "snapshot-since-several": ("ring.bin", "odd.bin", "--lenient", "--since", "both.json"),
    "snapshot-empty": ("none.bin", "--by", "op", "--ages", "--oldest", "2"),
    "snapshot-hostile": (HOSTILE, "ring.bin", "--by", "tenant"),
    "snapshot-openmetrics": ("ring.bin", "--openmetrics", "--by", "tenant", "--ages"),
    "snapshot-runtime": ("ring.bin", "--control", "c.bin", "--since", "runtime.json"),
    "snapshot-error": ("ring.bin", "--watch", "nan", "--json"),
}


@pytest.fixture
def folder(cli: Cli, tmp_path: Path, ring: Path, odd: Path) -> Path:
    """Rings, and snapshots of them from before they changed."""
    write_ring(tmp_path / "none.bin")
    write_ring(tmp_path / HOSTILE, slot(state=1))
    before = write_ring(tmp_path / "ring.bin", *MIXED, slot(state=1), slot(state=2))
    (tmp_path / "before.json").write_text(cli("snapshot", "ring.bin", "--json").out)
    (tmp_path / "both.json").write_text(cli("snapshot", "ring.bin", "odd.bin", "--lenient", "--json").out)
    (tmp_path / "c.bin").write_bytes(encode_control(tenants=4))
    (tmp_path / "runtime.json").write_text(cli("snapshot", "ring.bin", "--control", "c.bin", "--json").out)
    write_ring(before, *MIXED)
    return tmp_path


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, *args: str) -> Result:
    out, err = Terminal(), Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return Result(main(["snapshot", *args]), out.getvalue(), err.getvalue())


@pytest.mark.parametrize("name", CASES)
def test_through_a_pipe(cli: Cli, folder: Path, name: str) -> None:
    result = cli("snapshot", *CASES[name])
    compare(f"{name}.pipe", transcript(result.out, result.err, result.code))
    assert "\x1b" not in result.out + result.err
    assert "not shown" not in result.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", CASES)
def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, columns: int) -> None:
    result = on_terminal(monkeypatch, columns, *CASES[name], "--color", "never")
    compare(f"{name}.{columns}", transcript(result.out, result.err, result.code))
    assert (
        max(len(line) for line in result.out.splitlines() or [""]) <= columns
        or "--openmetrics" in CASES[name]
    )


@pytest.mark.parametrize("name", CASES)
def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> None:
    plain = on_terminal(monkeypatch, 80, *CASES[name], "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    quiet = on_terminal(monkeypatch, 80, *CASES[name]).out
    assert "\x1b[3" not in quiet
    assert strip_styles(quiet) == plain


def strip_styles(text: str) -> str:
    """Without bold, dim and reverse, which NO_COLOR does not forbid."""
    for code in ("0", "1", "2", "7", "1;7"):
        text = text.replace(f"\x1b[{code}m", "")
    return text


@pytest.mark.parametrize("name", CASES)
def test_in_a_locale_without_utf8(monkeypatch: pytest.MonkeyPatch, cli: Cli, folder: Path, name: str) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    result = cli("snapshot", *CASES[name])
    assert (result.out + result.err).isascii()
    if name == "snapshot-whole":
        compare(f"{name}.ascii", transcript(result.out, result.err, result.code))


def test_in_colour(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    result = on_terminal(monkeypatch, 80, *CASES["snapshot-since"])
    compare("snapshot-since.colour", transcript(result.out, result.err, result.code))


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on which every look takes two seconds, in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    moments = iter(range(10))
    now = [0.0]

    def steady() -> float:
        return now[0]

    def sleep(seconds: float) -> None:
        now[0] += 2.0

    clock = Clock(lambda: 1_700_000_000.0 + 2 * next(moments), steady, sleep)
    monkeypatch.setattr("vyrectl.cli.commands.snapshot.watch.Clock", lambda: clock)
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_watch_on_a_terminal(monkeypatch: pytest.MonkeyPatch, folder: Path, stopped: None) -> None:
    monkeypatch.setenv("LINES", "50")
    result = on_terminal(
        monkeypatch,
        80,
        "ring.bin",
        "odd.bin",
        "--lenient",
        "--watch",
        "2",
        "--ticks",
        "2",
        "--color",
        "never",
    )
    compare("snapshot-watch.80", transcript(result.out.replace("\x1b", "ESC"), result.err, result.code))


def test_a_watch_through_a_pipe(cli: Cli, folder: Path, stopped: None) -> None:
    result = cli("snapshot", "ring.bin", "--watch", "2", "--ticks", "2", "--oldest", "1")
    compare("snapshot-watch.pipe", transcript(result.out, result.err, result.code))
