"""How a process begins and ends: as `main` says, and with the garbage collector on while a command runs."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vyrectl.cli import process as module
from vyrectl.cli.start import start
from vyrectl.cli.stops import UNWINDING


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
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets signals act afterwards as they did before, and this process be none of the package's own."""
    monkeypatch.setattr("vyrectl.files.python._own", [])
    for name in module.UNNEEDED:
        monkeypatch.setenv(name, os.environ.get(name, ""))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *UNWINDING)}
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("as_before")
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_program_is_loaded(tmp_path: Path, number: int) -> None:
    """Its exit code, and no traceback; here at the first and at the last module that is imported on the way."""
    for module_name in ("vyrectl.cli.process", "vyrectl.files.streams"):
        code = (
            f"import os, signal, sys; signal.signal({int(number)}, signal.SIG_DFL)\n"
            f"if {int(number)} == signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "class Finder:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name == {module_name!r}: os.kill(os.getpid(), {int(number)})\n"
            "sys.meta_path.insert(0, Finder())\n"
            "from vyrectl.cli.start import start; start()"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, timeout=60)
        assert (done.returncode, done.stderr) == (128 + number, b"")


@pytest.mark.parametrize("line", ["from vyrectl.cli.start import be_ready", "import vyrectl.__main__"])
def test_nothing_of_others_is_loaded_before_signals_are_heard(tmp_path: Path, line: str) -> None:
    code = (
        f"import sys; usual = set(sys.modules)\n{line}\n"
        "from vyrectl.cli.start import be_ready; be_ready(); late = set(sys.modules) - usual\n"
        "import signal; from vyrectl.cli.start import leave_at_once\n"
        "heard = [signal.getsignal(number) is leave_at_once for number in (1, 2, 15)]\n"
        "print(sorted(late - {'vyrectl.__main__'}), heard)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, timeout=60, text=True
    )
    assert done.stdout == "['vyrectl', 'vyrectl.cli', 'vyrectl.cli.start'] [True, True, True]\n"


def test_an_early_handler_replaces_no_handler_of_the_starter(tmp_path: Path) -> None:
    code = (
        "import signal; from vyrectl.cli.start import start\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import vyrectl.cli.process as process\n"
        "process.run_command_line = lambda: print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)\n"
        "start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, timeout=60)
    assert done.stdout == b"True\n"
