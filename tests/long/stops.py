"""Launches stopped at any moment: no task is left Running or lost, and the next launch goes on."""

from __future__ import annotations

from random import Random

import numpy as np

from tests.conformance.cases import Case, InProcess, assert_same_slots
from tests.conformance.plain import plain_result, plain_ring
from tests.long._run import Run

PARTS = 6


def run(run: Run) -> None:
    """One ring a seed, worked off in up to six parts that a clock or a budget ends."""
    runners = run.runners()
    for seed in run.seeds():
        for runner in runners:
            stop_and_go(runner, Random(seed), seed)


def stop_and_go(runner: InProcess, random: Random, seed: int) -> None:
    before = plain_ring(random.choice((10, 3000, 30_000)), seed)
    expected = plain_result(before, epoch=2)
    slots, claims = before, 0
    for part in range(PARTS + 1):
        stop = {"timeout": random.choice((0.0, 1e-4, 1e-3, 1e-2))}
        budget = {"max_steps": random.randrange(len(before))}
        limit = {} if part == PARTS else random.choice((stop, budget))
        answer = runner.run(Case(slots, options={"epoch": 2, **limit}))
        slots, claims = answer.slots, claims + answer.report["claims"]
        running = slots["state"] == 2
        assert np.array_equal(running, before["state"] == 2), (seed, part)
    assert_same_slots(expected.slots, slots)
    assert claims == expected.claims, seed
