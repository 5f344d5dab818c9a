"""The protocol's model, searched exhaustively: it holds as it is, and each way of breaking it is found.

Needs Spin and a C compiler (Debian: `apt-get install spin gcc`). Without them the tests fail in CI and are skipped
elsewhere.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.needs import require_tool

MODEL = Path(__file__).with_name("ring.pml")
SECONDS = 150
DEPTH = 10_000

_ERRORS = re.compile(r"errors: (\d+)")
_STATES = re.compile(r"(\d+) states, stored")
_VIOLATED = re.compile(r"^pan:\d+: (.*)$", re.MULTILINE)
_UNREACHED = re.compile(r"^\t\S+:\d+, state \d+, \"(.*)\"$", re.MULTILINE)


@dataclass(frozen=True)
class Search:
    """What Spin's verifier said.

    Attributes:
        errors: Violations found before it stopped.
        states: Distinct states visited.
        violated: What was violated first.
        unreached: Statements that no run executes.
    """

    errors: int
    states: int
    violated: str
    unreached: tuple[str, ...]


Run = Callable[..., Search]


@pytest.fixture
def search(tmp_path: Path) -> Run:
    """Generates, compiles and runs the verifier of the model with some names defined."""
    require_tool("spin", "gcc")

    def run(*defines: str, cycles: bool = False) -> Search:
        spin = ["spin", "-a", *(f"-D{name}" for name in defines), str(MODEL)]
        gcc = ["gcc", "-O1", "-w", "-DNP" if cycles else "-DSAFETY", "-o", "pan", "pan.c"]
        pan = ["./pan", f"-m{DEPTH}", *(["-l"] if cycles else [])]
        for command in (spin, gcc, pan):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
            assert done.returncode == 0, done.stdout + done.stderr
        return read(done.stdout)

    return run


def read(text: str) -> Search:
    errors, states, violated = _ERRORS.search(text), _STATES.search(text), _VIOLATED.search(text)
    assert errors, text
    assert states, text
    assert "Search not completed" not in text or int(errors[1]), text
    assert "max search depth too small" not in text, text
    said = violated[1] if violated else ""
    return Search(int(errors[1]), int(states[1]), said, tuple(_UNREACHED.findall(text)))


@pytest.mark.parametrize("defines", [(), ("ROUNDS_ONLY",)])
def test_the_protocol_holds(search: Run, defines: tuple[str, ...]) -> None:
    result = search(*defines)
    assert (result.errors, result.violated) == (0, "")
    assert result.states > 100_000
    assert result.unreached == ("-end-",), "workers never end; every other statement must be executed"


def test_every_run_ends(search: Run) -> None:
    assert search(cycles=True).errors == 0


@pytest.mark.parametrize(
    ("defect", "violated"),
    [
        ("BREAK_CLAIM", "!(owned[slot])"),
        ("BREAK_PUBLISH", "(pc[slot]==turns[slot])"),
        ("BREAK_REMAINING", "(state[0]=="),
        ("BREAK_PUT_BACK", "(state[slot]!="),
    ],
)
def test_each_defect_is_found(search: Run, defect: str, violated: str) -> None:
    result = search(defect)
    assert result.errors == 1
    assert result.violated.startswith("assertion violated")
    assert violated in result.violated
