"""The long forms can be run: each makes a few seeds of what it makes for minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.backends import NO_OCLGRIND
from tests.conformance.oclgrind import icd_library
from tests.long.__main__ import forms
from tests.long._mutants import MUTANTS, Mutant
from tests.long.runtimes import RUNTIMES, Runtime, read_counts
from tests.needs import require

ROOT = Path(__file__).resolve().parents[2]
FIXED_LENGTH = ("coverage", "mutants", "runtimes", "sizes")
SEEDS = {"stress": "8", "crashes": "8", "editing": "8", "rings": "23", "hosts": "3"}
"""Of forms whose seeds differ in how long they take, for they build other kernels; 5 for others. Of the processes of
`hosts` one is killed."""

IN_CI = ("fuzz",)
"""What `.ci/run` runs itself, for longer."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.long", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)


def test_they_are_listed() -> None:
    listed = run().stdout
    assert set(forms()) >= {"rings", "sizes", "stops", "oclgrind", "buffers"}
    for name, summary in forms().items():
        assert name in listed
        assert summary.endswith(".")


@pytest.mark.parametrize("name", sorted(set(forms()) - {*FIXED_LENGTH, *IN_CI}))
def test_each_makes_a_few_seeds(name: str) -> None:
    if name == "oclgrind":
        require(icd_library() is not None, NO_OCLGRIND)
    done = run(name, "--minutes", "0.01", "--seed", SEEDS.get(name, "5"))
    assert done.returncode == 0, done.stderr
    assert "seeds, all fine" in done.stdout
    assert not done.stdout.startswith("0 seeds")


def test_an_unknown_form() -> None:
    assert run("no_such").returncode == 2


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_every_seeded_fault_still_has_its_place(mutant: Mutant) -> None:
    """Who changes that text writes the fault anew, in `tests/long/_mutants.py`."""
    assert (ROOT / mutant.path).read_text(encoding="utf-8").count(mutant.old) == 1
    assert all((ROOT / test).exists() for test in mutant.tests.split())


@pytest.mark.parametrize(
    ("line", "status", "counts"),
    [
        ("78 passed, 58 deselected in 72.98s (0:01:12)", 0, (78, 0, 0, True)),
        ("2 failed, 103 passed, 2 skipped, 1 error in 9.1s", 1, (103, 3, 2, False)),
        ("3 skipped, 2 errors in 1s", 1, (0, 2, 3, False)),
        ("5 passed in 1s", 137, (5, 0, 0, False)),
        ("", 0, (0, 0, 0, False)),
    ],
)
def test_what_a_runtime_s_suite_came_to(line: str, status: int, counts: tuple[int, int, int, bool]) -> None:
    found = read_counts(line, status)
    assert (found.passed, found.failed, found.skipped, found.is_good) == counts


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=list(RUNTIMES))
def test_what_a_runtime_s_userland_runs_is_shell(runtime: Runtime) -> None:
    assert subprocess.run(["bash", "-n", "-c", runtime.command()], check=False).returncode == 0
