"""The crash promise: launches killed by SIGKILL while tasks yield, requeue, pause and write a buffer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.live.kills import GROUPS, PLACES, RUNNING, build, fresh, launch_once, recover, run
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import ORPHANED

pytestmark = [
    needs_cpu(),
    pytest.mark.timeout(180),
]

SEEDS = range(3, 9)
"""Where no kill came in time, as on a busy machine, the next is tried."""


def test_killed_at_any_time(tmp_path: Path) -> None:
    for seed in SEEDS:
        folder = fresh(tmp_path, seed)
        story = run(folder, build(folder, 16_000), seed=seed, kills=4)
        story.check()
        if story.kills > 1 and story.allowed:
            break
    assert story.kills > 1
    assert story.allowed, "no kill met a task that ran"
    assert not (folder / "counts.npy.partial").exists()
    assert not (folder / "ring.bin.live").exists()


def test_killed_while_the_end_of_a_turn_is_written(tmp_path: Path) -> None:
    for seed in SEEDS:
        folder = fresh(tmp_path, seed)
        story = run(folder, build(folder, 4_000), seed=seed, kills=3, places=PLACES)
        story.check()
        if story.finished:
            break
    assert story.finished, "no kill met a half-written slot"


@pytest.mark.parametrize("shape", [GROUPS, ("--workers", "1", "--ticket", "1")])
def test_groups_and_one_worker(tmp_path: Path, shape: tuple[str, ...]) -> None:
    for seed in SEEDS:
        folder = fresh(tmp_path, seed)
        story = run(folder, build(folder, 1_500), seed=seed, kills=2, places=PLACES, options=shape)
        story.check()
        if story.kills:
            break
    assert story.kills


def test_a_task_that_may_not_run_twice_is_faulted(tmp_path: Path) -> None:
    folder = fresh(tmp_path, 0)
    ring = build(folder, 12_000, once=True)
    running: set[int] = set()
    for again in range(1, 11):
        if launch_once(folder, ring, 12_000, 0.02):  # it was quicker than the kill
            folder = fresh(tmp_path, again)
            ring = build(folder, 12_000, once=True)
            continue
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
