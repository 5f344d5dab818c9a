"""The crash promise: launches killed by SIGKILL while tasks yield, requeue, pause and write a buffer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.live.kills import PLACES, RUNNING, build, launch_once, recover, run
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import ORPHANED

pytestmark = [
    needs_cpu(),
    pytest.mark.timeout(180),
]


def test_killed_at_any_time(tmp_path: Path) -> None:
    story = run(tmp_path, build(tmp_path, 16_000), seed=3, kills=4)
    story.check()
    assert story.kills > 1
    assert story.allowed, "no kill met a task that ran"
    assert not (tmp_path / "counts.npy.partial").exists()
    assert not (tmp_path / "ring.bin.live").exists()


def test_killed_while_the_end_of_a_turn_is_written(tmp_path: Path) -> None:
    story = run(tmp_path, build(tmp_path, 4_000), seed=4, kills=3, places=PLACES)
    story.check()
    assert story.finished, "no kill met a half-written slot"


@pytest.mark.parametrize("shape", [("--work-group-size", "4"), ("--workers", "1", "--ticket", "1")])
def test_groups_and_one_worker(tmp_path: Path, shape: tuple[str, ...]) -> None:
    story = run(tmp_path, build(tmp_path, 1_500), seed=5, kills=2, places=PLACES, options=shape)
    story.check()
    assert story.kills


def test_a_task_that_may_not_run_twice_is_faulted(tmp_path: Path) -> None:
    ring = build(tmp_path, 12_000, once=True)
    running: set[int] = set()
    for _ in range(10):
        assert not launch_once(tmp_path, ring, 12_000, 0.02)
        running = set(
            np.flatnonzero(np.frombuffer(ring.read_bytes(), SLOT_DTYPE)["state"] == RUNNING).tolist()
        )
        answer = recover(ring)
        assert answer["recovered_count"] == 0
        assert set(answer["faulted"]) <= running
        assert set(answer["faulted"]) | set(answer["finished"]) == running
        if answer["faulted"]:
            break
    slots = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)
    assert {int(slots["continuation_data"][slot]) for slot in answer["faulted"]} == {ORPHANED}
    assert answer["faulted"]
