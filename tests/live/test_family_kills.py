"""Families whose launch is killed: every task ends, no parent waits for ever, nothing runs that never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.backends import needs_cpu
from tests.live.family_kills import PLACES, build, run
from tests.live.kills import GROUPS, fresh

pytestmark = [needs_cpu(), pytest.mark.timeout(180)]

TREES = 40
SEEDS = range(1, 7)
"""Where no kill came in time, as on a busy machine, the next is tried."""


def test_killed_at_any_time(tmp_path: Path) -> None:
    for seed in SEEDS:
        folder = fresh(tmp_path, seed)
        story = run(folder, build(folder, TREES), TREES, seed=seed, kills=4)
        story.check(folder)
        if story.kills > 1 and story.running:
            break
    assert story.kills > 1
    assert story.running, "no kill met a task that ran"


@pytest.mark.parametrize("shape", [(), GROUPS, ("--workers", "1", "--ticket", "1")])
def test_killed_while_a_child_is_made(tmp_path: Path, shape: tuple[str, ...]) -> None:
    for seed in SEEDS:
        folder = fresh(tmp_path, seed)
        story = run(folder, build(folder, TREES), TREES, seed=seed, kills=2, places=PLACES, options=shape)
        story.check(folder)
        if story.kills:
            break
    assert story.kills
