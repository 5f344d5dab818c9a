"""Runs the command line in this process, through a pipe or on a terminal 80 columns wide; a launch, which may not
run in a process with a driver in it, in one that begins warm."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import warm
from tests.cli.support import MIXED, ODD, Result
from tests.support.rings import write_ring
from vyrectl.cli.main import main
from vyrectl.hosting import elsewhere

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def neutral(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder to work in, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG", "VYRECTL_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(elsewhere, "module_command", warm.command)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs `vyrectl ARGS`; stdin is a pipe."""

    def run(*args: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        code = main(list(args))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `vyrectl ARGS` on a terminal of 80 columns."""
    return _on_terminal(monkeypatch, 80)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `vyrectl ARGS` on a terminal of 200 columns."""
    return _on_terminal(monkeypatch, 200)


def _on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> Cli:
    def run(*args: str) -> Result:
        out, err = Terminal(), Terminal()
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return Result(main(list(args)), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring of 12 slots, one of every kind."""
    return write_ring(tmp_path / "ring.bin", *MIXED)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A ring whose slot 1 has an unknown state."""
    return write_ring(tmp_path / "odd.bin", *ODD)
