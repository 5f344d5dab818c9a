"""Launches in place killed at any moment, recovered and launched again: nothing lost, only what ran repeats."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.live import kills
from tests.long._run import Run

KILLS = 5
"""Of one ring."""

SHAPES = ((), ("--work-group-size", "8"), ("--workers", "1", "--ticket", "1"))
"""A worker for each core, groups, one worker: each is a driver of its own."""


def run(run: Run) -> None:
    """One ring a seed, killed `KILLS` times; in every other one the end of a turn takes its time."""
    met, killed = {"running": 0, "repeated": 0, "finished": 0}, 0
    for seed in run.seeds():
        slow = seed % 2 == 1
        with TemporaryDirectory() as text:
            folder = Path(text)
            ring = kills.build(folder, 6_000 if slow else 12_000)
            story = kills.run(
                folder, ring, seed, KILLS, places=kills.PLACES if slow else (), options=SHAPES[seed % 3]
            )
        story.check()
        killed += story.kills
        met["running"] += len(story.allowed)
        met["repeated"] += story.repeats
        met["finished"] += story.finished
    run.say(
        f"{killed} launches killed; {met['running']} tasks were running, {met['repeated']} steps ran again, "
        f"{met['finished']} slots were half written and finished"
    )
