"""Branch coverage of the layers below the engine: 100 %, or the lines that no test takes. Of fixed length."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

from tests.long._run import FAILED, ROOT, Run

TESTS = (
    *(
        f"tests/{name}"
        for name in (
            "abi",
            "task",
            "policy",
            "telemetry",
            "files",
            "sidecar",
            "ring",
            "edit",
            "protocol",
            "why",
        )
    ),
    *(f"tests/test_{name}.py" for name in ("notebook", "numbers")),
    *(
        f"tests/cli/test_{name}.py"
        for name in (
            "outputs",
            "readings",
            "names",
            "publish",
            "open",
            "top_state",
            "advice",
            "replay",
            "other_kinds",
            "replaced",
        )
    ),
)
"""Tests that run; those after the layers' own use parts of them that nothing else does."""

TIMED = ("tests/ring/test_tables.py::test_a_task_line_takes_microseconds",)
"""Tests that hold a time which tracing stretches."""


def run(run: Run) -> None:
    """Run the tests of those layers under coverage; what is measured and left out stands in pyproject.toml."""
    deselected = [f"--deselect={test}" for test in TIMED]
    python = [sys.executable, "-m"]
    for command in (
        [*python, "coverage", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *deselected, *TESTS],
        [*python, "coverage", "report", "--fail-under=100"],
    ):
        if _ended(run, subprocess.Popen(command, cwd=ROOT)):
            raise SystemExit(FAILED)


def _ended(run: Run, process: subprocess.Popen[bytes]) -> int:
    """Wait for a command, however slow the machine is; each of its tests has a limit of its own."""
    while True:
        run.alive()
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=60)
