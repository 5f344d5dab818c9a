"""Launches in place killed at any moment, recovered and launched again: nothing lost, only what ran repeats."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.live import family_kills, kills
from tests.long._run import Run

KILLS = 5
"""Of one ring."""

TREES = 100

SHAPES = ((), ("--work-group-size", "8"), ("--workers", "1", "--ticket", "1"))
"""A worker for each core, groups, one worker: each is a driver of its own."""


def run(run: Run) -> None:
    """One ring a seed, killed `KILLS` times; in every other one turns, or spawns, take their time at every step."""
    met = dict.fromkeys(("killed", "running", "repeated", "finished", "families", "nodes"), 0)
    for seed in run.seeds():
        options, slow = SHAPES[seed % 3], seed % 2 == 1
        with TemporaryDirectory() as text:
            if seed % 4 < 2:
                steps(Path(text), seed, options, slow, met)
            else:
                families(Path(text), seed, options, slow, met)
    run.say(
        f"{met['killed']} launches killed; {met['running']} tasks were running, {met['repeated']} steps ran again, "
        f"{met['finished']} slots were half written and finished; of them {met['families']} while families grew, "
        f"where {met['nodes']} nodes ran again"
    )


def steps(folder: Path, seed: int, options: tuple[str, ...], slow: bool, met: dict[str, int]) -> None:
    """Tasks that yield, requeue, pause and count each step."""
    ring = kills.build(folder, 6_000 if slow else 12_000)
    places = kills.PLACES if slow else ()
    story = kills.run(folder, ring, seed, KILLS, places=places, options=options)
    story.check()
    met["killed"] += story.kills
    met["running"] += len(story.allowed)
    met["repeated"] += story.repeats
    met["finished"] += story.finished


def families(folder: Path, seed: int, options: tuple[str, ...], slow: bool, met: dict[str, int]) -> None:
    """Tasks that make tasks and wait for them."""
    ring = family_kills.build(folder, TREES)
    places = family_kills.PLACES if slow else ()
    story = family_kills.run(folder, ring, TREES, seed, KILLS, places=places, options=options)
    story.check(folder)
    met["killed"] += story.kills
    met["families"] += story.kills
    met["running"] += story.running
    met["nodes"] += story.repeats
