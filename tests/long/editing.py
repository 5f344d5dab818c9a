"""Rings that other processes edit and read while a launch runs them: nothing torn, every step once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.live.stress import Watched, stress
from tests.long._run import Run

TASKS, WORK = 3000, 25_000
LONG_TASKS, LONG_WORK = 6000, 200_000
"""About a minute on two cores."""


def run(run: Run) -> None:
    """A short ring for the first seed, long ones after it."""
    sums, first = Watched(), True
    for seed in run.seeds():
        tasks, work = (TASKS, WORK) if first else (LONG_TASKS, LONG_WORK)
        first = False
        with TemporaryDirectory() as text:
            watched = stress(Path(text), tasks, work, seed)
        sums.reads += watched.reads
        sums.slots += watched.slots
        sums.unsteady += watched.unsteady
        sums.edits += watched.edits
    run.say(
        f"{sums.reads} reads accepted {sums.slots} slots beside {sums.edits} edits; "
        f"{sums.unsteady} slots never rested, none was torn"
    )
