"""Shapes of load for a minute each: yields, requeues, pauses with epochs, a mixture; verified and in closed form.

Each launch has another geometry, up to eight groups a compute unit, and proves with `verify` that every turn had one
owner; the ring must end as arithmetic says. The last shape looks at the order: with one worker no task is overtaken by
more than a ticket of lower ones, with many the worst case is said.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.conformance.cases import Case, InProcess, assert_same_slots, make_slots
from tests.conformance.plain import plain_result, plain_ring
from tests.long._run import Run
from vyrectl.bench.order import judge
from vyrectl.bench.rings import bench_ops, op_id
from vyrectl.engine.buffers import Buffer
from vyrectl.engine.ops import load_source
from vyrectl.task.arrays import SlotArray

TURNS, TO_AND_FRO = 0x3_0000, 0x3_0001
FENCE, WAIT, REQUEUE_N = 7, 0x1006, 0x1007
MOST_SLOTS = 20_000
SOURCE = load_source(Path(__file__).with_name("stress.cl"))


@dataclasses.dataclass(frozen=True)
class Load:
    """A ring, the one that must result, and how many claims that takes."""

    before: SlotArray
    after: SlotArray
    claims: int
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def yields(random: Random) -> Load:
    """Tasks that yield up to nine times."""
    before = _tasks(random, TURNS, 10)
    after = _finished(before)
    after["yield_count"] += before["param"]
    some = before["param"] > 0
    for field in ("continuation_pc", "continuation_data"):
        after[field] = np.where(some, before["param"], before[field])
    return Load(before, after, len(before) + int(before["param"].sum()))


def requeues(random: Random) -> Load:
    """Tasks that go down the classes."""
    before = _tasks(random, REQUEUE_N, 6)
    expected = plain_result(before, 0)
    return Load(before, expected.slots, expected.claims)


def to_and_fro(random: Random) -> Load:
    """Tasks that yield and requeue in turn."""
    before = _tasks(random, TO_AND_FRO, 12)
    after = _finished(before)
    turns = before["param"].astype(np.int64)
    after["continuation_pc"] = turns
    after["yield_count"] += ((turns + 1) // 2).astype(np.uint32)
    moves = turns // 2
    after["requeue_count"] += moves.astype(np.uint32)
    after["age_ticks"] += moves.astype(np.uint32)
    after["priority"] = (before["priority"] + 3 * moves) % 5
    return Load(before, after, len(before) + int(turns.sum()))


def pauses(random: Random) -> Load:
    """Tasks that wait for an epoch, and fences that bring it; what waits for a later one stays Paused."""
    fences = random.randrange(1, 20)
    before = make_slots(random.randrange(fences, MOST_SLOTS), op_handle=WAIT)
    before["param"] = np.random.default_rng(random.randrange(1 << 32)).integers(0, 40, len(before))
    before["op_handle"][:fences] = FENCE
    after = _finished(before)
    waits = before["op_handle"] == WAIT
    after["continuation_pc"][waits] = 1
    after["resume_epoch"][waits] = before["param"][waits]
    late = waits & (before["param"] > fences)
    after["state"][late], after["flags"][late] = 4, 1
    return Load(before, after, len(before) + int(np.count_nonzero(waits & ~late)))


def mixture(random: Random) -> Load:
    """Tasks in every state, counters at their ends, operations that nothing defines."""
    before = plain_ring(random.randrange(1, MOST_SLOTS), random.randrange(1 << 32))
    expected = plain_result(before, epoch=2)
    return Load(before, expected.slots, expected.claims, {"epoch": 2})


SHAPES: dict[str, Callable[[Random], Load]] = {
    one.__name__: one for one in (yields, requeues, to_and_fro, pauses, mixture)
}


def run(run: Run) -> None:
    """Every shape for its share of the time."""
    share = (run.deadline - time.monotonic()) / (len(SHAPES) + 1)
    runners = run.runners()
    for name, shape in SHAPES.items():
        part = dataclasses.replace(run, deadline=time.monotonic() + share)
        claims = 0
        for seed in part.seeds():
            run.current = seed
            for runner in runners:
                claims += stress(runner, shape(Random(seed)), Random(seed))
        run.say(f"{name}: {claims} claims, each by one owner")
    for runner in runners:
        order(dataclasses.replace(run, deadline=time.monotonic() + share / max(1, len(runners))), runner)


def stress(runner: InProcess, load: Load, random: Random) -> int:
    """One verified launch; how many claims it made."""
    options = {**geometry(runner, random), "verify": True, "ops": [SOURCE], **load.options}
    answer = runner.run(Case(load.before, options=options))
    assert_same_slots(load.after, answer.slots)
    assert (answer.report["claims"], answer.lost) == (load.claims, 0), options
    return load.claims


def geometry(runner: InProcess, random: Random) -> dict[str, Any]:
    """Up to eight groups a compute unit."""
    device = runner.backend.device  # type: ignore[attr-defined]
    units = device.compute_units
    return {
        "workers": random.choice((1, units, 2 * units, 8 * units)),
        "work_group_size": random.choice((1, 2, 64, device.max_work_group_size)),
        "ticket": random.choice((1, 7, 64, 1000)),
        "mode": "interpreter",
    }


def order(run: Run, runner: InProcess) -> None:
    """How far tasks are overtaken by lower ones; a bound that one worker keeps exactly."""
    worst = 0
    for seed in run.seeds():
        random = Random(seed)
        count = random.randrange(1, MOST_SLOTS)
        before = make_slots(count, op_handle=op_id("stamp"))
        before["priority"] = np.random.default_rng(seed).integers(0, 5, count)
        stamped = Buffer(np.zeros(count + 1, np.uint32), writable=True)
        spread = {
            "ticket": random.choice((1, 7, 64)),
            "workers": random.choice((1, 1, 2, 8)),
            "work_group_size": 1,
        }
        options = {**spread, "ops": [bench_ops()], "age_threshold": 0}
        answer = runner.run(Case(before, {0: stamped}, options=options))
        found = judge(before["priority"], answer.buffers[0][1:], spread["ticket"] * spread["workers"])
        assert spread["workers"] > 1 or found.beyond <= found.bound, (spread, found)
        worst = max(worst, found.beyond)
    run.say(f"order on {runner.name}: at most {worst} lower tasks went before one, beside the guard's share")


def _tasks(random: Random, op: int, most: int) -> SlotArray:
    count = random.randrange(1, MOST_SLOTS)
    numbers = np.random.default_rng(random.randrange(1 << 32))
    slots = make_slots(count, op_handle=op, tenant_id=numbers.integers(0, 40, count))
    slots["param"] = numbers.integers(0, most, count)
    slots["priority"] = numbers.integers(0, 5, count)
    return slots


def _finished(before: SlotArray) -> SlotArray:
    after = before.copy()
    after["state"] = 3
    return after
