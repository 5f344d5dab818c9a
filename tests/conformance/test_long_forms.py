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
from tests.needs import require, require_atheris

ROOT = Path(__file__).resolve().parents[2]
FIXED_LENGTH = ("coverage", "mutants", "runtimes", "sizes")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.long", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_they_are_listed() -> None:
    listed = run().stdout
    assert set(forms()) >= {"rings", "sizes", "stops", "oclgrind", "buffers"}
    for name, summary in forms().items():
        assert name in listed
        assert summary.endswith(".")


@pytest.mark.parametrize("name", sorted(set(forms()) - set(FIXED_LENGTH)))
def test_each_makes_a_few_seeds(name: str) -> None:
    if name == "oclgrind":
        require(icd_library() is not None, NO_OCLGRIND)
    if name == "fuzz":
        require_atheris()
    done = run(name, "--minutes", "0.01", "--seed", "5")
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
