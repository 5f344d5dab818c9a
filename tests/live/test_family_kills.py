"""Families whose launch is killed: every task ends, no parent waits for ever, nothing runs that never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.backends import needs_cpu
from tests.live.family_kills import PLACES, build, run

pytestmark = [needs_cpu(), pytest.mark.timeout(180)]

TREES = 40


def test_killed_at_any_time(tmp_path: Path) -> None:
    story = run(tmp_path, build(tmp_path, TREES), TREES, seed=1, kills=4)
    story.check(tmp_path)
    assert story.kills > 1
    assert story.running, "no kill met a task that ran"


@pytest.mark.parametrize("shape", [(), ("--work-group-size", "4"), ("--workers", "1", "--ticket", "1")])
def test_killed_while_a_child_is_made(tmp_path: Path, shape: tuple[str, ...]) -> None:
    story = run(tmp_path, build(tmp_path, TREES), TREES, seed=2, kills=2, places=PLACES, options=shape)
    story.check(tmp_path)
    assert story.kills
