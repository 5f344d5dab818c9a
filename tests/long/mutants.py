"""Seeded faults in codec, lifecycle, snapshot, policy, scheduler and kernels: the tests must notice each.

Each is put into a copy of the project, where its tests run (`tests/long/_mutants.py` lists both) after they have passed
without it. The seed shuffles them; the form ends when all are through, or with the time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from time import monotonic

from tests.long._mutants import MUTANTS, Mutant
from tests.long._run import FAILED, ROOT, Run

COPIED = ("vyrectl", "kernels", "tests", "completions")
HANGS_SECONDS = 240
"""A mutant whose tests take that long hangs, and that is noticed too."""


def run(run: Run) -> None:
    """Mutants in the order of the seed, until all are killed or the time is over."""
    order = list(MUTANTS)
    Random(run.seed).shuffle(order)
    survivors, started, sound = [], 0, set()
    with TemporaryDirectory() as folder:
        tree = copy_project(Path(folder))
        for mutant in order:
            if started and monotonic() >= run.deadline:
                break
            started += 1
            run.alive()
            if mutant.tests not in sound and run_tests(tree, mutant.tests.split()):
                raise AssertionError(f"{mutant.tests} fail without a mutant")
            sound.add(mutant.tests)
            run.alive()
            died, seconds = is_killed(tree, mutant)
            run.say(f"{'killed' if died else 'SURVIVED':<8}  {seconds:5.1f} s  {mutant.path}: {mutant.name}")
            survivors += [] if died else [mutant]
    run.say(f"seed {run.seed}: {started} of {len(order)} mutants, {len(survivors)} survived")
    if survivors:
        raise SystemExit(FAILED)


def copy_project(folder: Path) -> Path:
    """A copy of the project to change."""
    for name in COPIED:
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__", "golden"))
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return folder


def is_killed(tree: Path, mutant: Mutant) -> tuple[bool, float]:
    """Whether the mutant's tests fail in the copy, and how long they took; the copy is put right again."""
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise AssertionError(f"{mutant.path} does not hold the text of {mutant.name!r} once: write it anew")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    begin = monotonic()
    try:
        code = run_tests(tree, mutant.tests.split())
    finally:
        path.write_text(text, encoding="utf-8")
    return code != 0, monotonic() - begin


def run_tests(tree: Path, tests: list[str]) -> int:
    """Exit code of pytest in the copy, 1 for one that hangs."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, timeout=HANGS_SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return FAILED
