"""A process that begins warm is like one that was started: streams, folder, environment, exit codes, signals."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm

SHOWS = """
import os, sys
print(sys.argv[1:], os.getcwd(), os.environ.get("ASKED"), sys.stdin.read(), sys.stdout.encoding)
print("talk", file=sys.stderr)
print(any("pyopencl" in name for name in sys.modules), len(os.listdir("/proc/self/fd")))
"""
WAITS = "import time; print('up', flush=True); time.sleep(100)"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's, where a plain `python -m` finds the tests."""
    monkeypatch.setenv("ASKED", "yes")
    monkeypatch.chdir(Path(__file__).parents[1])


def command(code: str) -> list[str]:
    return warm.command("tests.run_code", code, "a", "b c")


def run(line: list[str]) -> tuple[int, bytes, bytes]:
    done = subprocess.run(line, input=b"in", capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        SHOWS,
        "import sys; sys.exit(7)",
        "import sys; sys.exit('a text')",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import sys; sys.stdout.write('unfinished')",
        "import atexit; atexit.register(print, 'at last')",
    ],
)
def test_it_is_like_one_that_was_started(code: str) -> None:
    line = command(code)
    found = run(line)
    wanted = run([sys.executable, "-m", *line[5:]])
    assert found == wanted


def test_variables_that_python_reads_are_minded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert run(command("import sys; print(sys.stdout.encoding)"))[1] == b"ascii\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_reaches_it(number: signal.Signals) -> None:
    with subprocess.Popen(command(WAITS), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        child.send_signal(number)
        assert child.stdout.read() == b"", "somebody still holds the stream"
        assert child.wait(60) == -number


def test_signals_that_are_ignored_stay_so() -> None:
    code = "import signal; print(*(signal.getsignal(one) for one in (2, 15)), flush=True)"
    shell = ["sh", "-c", 'trap "" INT; "$@"', "sh"]
    line = command(code)
    assert run([*shell, *line]) == run([*shell, sys.executable, "-m", *line[5:]])


def test_a_program_for_shells(tmp_path: Path) -> None:
    warm.write_program(str(tmp_path), "runs", "tests.run_code")
    assert (
        run([str(tmp_path / "runs"), "import sys; print(sys.argv[2:])", "a", "b c"])[1] == b"['a', 'b c']\n"
    )
