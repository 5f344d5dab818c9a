"""How a process begins and ends: as `main` says, and with the garbage collector on while a command runs."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vyrectl.cli import start as module
from vyrectl.cli.start import start


@pytest.mark.parametrize(
    ("args", "code"), [(["--version"], 0), (["snapshot", "nothing.bin"], 1), (["nope"], 2)]
)
def test_the_exit_code_is_that_of_the_command(tmp_path: Path, args: list[str], code: int) -> None:
    for command in (["-m", "vyrectl"], ["-c", "from vyrectl.cli.start import start; start()"]):
        result = subprocess.run(
            [sys.executable, *command, *args], capture_output=True, cwd=tmp_path, timeout=60
        )
        assert result.returncode == code
        assert bool(result.stdout) == (code == 0)


@pytest.fixture
def signals() -> Iterator[None]:
    """Lets signals act afterwards as they did before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_rubbish_is_collected_while_a_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def run() -> int:
        seen.append(gc.isenabled())
        return 7

    monkeypatch.setattr("vyrectl.cli.main.main", run)
    with pytest.raises(SystemExit) as caught:
        start()
    gc.unfreeze()
    assert (seen, caught.value.code, gc.isenabled()) == ([True], 7, True)


def test_it_loads_nothing_before_it_starts() -> None:
    assert set(vars(module)) & {"main", "typer"} == set()
