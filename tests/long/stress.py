"""Shapes of load for a minute each: yields, requeues, pauses with epochs, mixtures, other processes, the order.

Each launch has another geometry, up to eight groups a compute unit, and proves with `verify` that every turn had one
owner; the ring must end as arithmetic says. Where other processes publish and edit meanwhile, every task counts its
steps in a buffer instead. The last shape looks at the order: no task is overtaken by more lower ones than workers can
hold in their tickets.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.conformance.cases import Case, InProcess, assert_same_slots
from tests.conformance.plain import plain_result, plain_ring
from tests.live.producing import Produced, produce
from tests.long._run import Run
from tests.support.ops import BATCH_FENCE as FENCE
from tests.support.ops import REQUEUE_N, WAIT
from tests.support.rings import ready_tasks
from vyrectl.bench.order import guard_share
from vyrectl.engine.buffers import Buffer
from vyrectl.engine.ops import load_source
from vyrectl.task.arrays import SlotArray

TURNS, TO_AND_FRO, MARK = 0x3_0000, 0x3_0001, 0x3_0002
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
    before = ready_tasks(random.randrange(fences, MOST_SLOTS), op_handle=WAIT)
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
    share = (run.deadline - time.monotonic()) / (len(SHAPES) + 2)
    runners = run.runners()
    for name, shape in SHAPES.items():
        part = dataclasses.replace(run, deadline=time.monotonic() + share)
        claims = 0
        for seed in part.seeds():
            run.current = seed
            for runner in runners:
                claims += stress(runner, shape(Random(seed)), Random(seed))
        run.say(f"{name}: {claims} claims, each by one owner")
    if any(runner.backend.device.is_cpu for runner in runners):  # type: ignore[attr-defined]
        others(dataclasses.replace(run, deadline=time.monotonic() + share))
    for runner in runners:
        order(dataclasses.replace(run, deadline=time.monotonic() + share / max(1, len(runners))), runner)


def stress(runner: InProcess, load: Load, random: Random) -> int:
    """One verified launch; how many claims it made."""
    options = {**geometry(runner, random), "verify": True, "ops": [SOURCE], **load.options}
    answer = runner.run(Case(load.before, options=options))
    assert_same_slots(load.after, answer.slots)
    assert (answer.report["claims"], answer.lost) == (load.claims, 0), options
    return load.claims


def others(run: Run) -> None:
    """Launches in place beside two producers and two editors in processes of their own."""
    sums, first = Produced(), run.seed
    for seed in run.seeds():
        random = Random(seed)
        spread = {
            "--workers": random.choice((1, 2, 4, 16)),
            "--work-group-size": random.choice((1, 1, 2, 8)),
        }
        if random.random() < 0.5:
            spread["--ticket"] = random.choice((1, 7, 64))
        options = [text for name, value in spread.items() for text in (name, str(value))]
        each = 500 if seed == first else 3000
        with TemporaryDirectory() as folder:
            did = produce(
                Path(folder), seed, each=each, slots=random.choice((100, 300, 1000)), options=options
            )
        sums.tasks += did.tasks
        sums.collisions += did.collisions
        sums.edits += did.edits
        sums.reads += did.reads
    run.say(
        f"others: {sums.tasks} tasks published by other processes, each step run once; {sums.edits} edits, "
        f"{sums.collisions} slots that somebody else had first, {sums.reads} reads without a torn slot"
    )


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
    """How far tasks are overtaken by lower ones, held to the bound for any number of workers."""
    worst, at_once = 0, 0
    units = runner.backend.device.compute_units  # type: ignore[attr-defined]
    for seed in run.seeds():
        random = Random(seed)
        count = random.randrange(1, MOST_SLOTS)
        before = ready_tasks(count, op_handle=MARK)
        before["priority"] = np.random.default_rng(seed).integers(0, 5, count)
        marks = Buffer(np.zeros(2 * count + 1, np.uint32), writable=True)
        ticket, workers = random.choice((1, 7, 64)), random.choice((1, 1, units, 8 * units))
        options = {
            "ticket": ticket,
            "workers": workers,
            "work_group_size": 1,
            "ops": [SOURCE],
            "age_threshold": 0,
        }
        answer = runner.run(Case(before, {0: marks}, options=options))
        stamps, items = answer.buffers[0][1:].reshape(-1, 2).T
        beyond = held_back(before["priority"], stamps, items, ticket if workers > 1 else 0)
        assert beyond <= ticket * workers, (seed, options, beyond)
        worst = max(worst, beyond)
        at_once = max(at_once, held_back(before["priority"], stamps, items, 0))
    run.say(
        f"order on {runner.name}: at most {worst} lower tasks went before one that lay in the queue, beside the "
        f"guard's share; {at_once} before one that a worker had in its ticket"
    )


def held_back(
    classes: NDArray[np.uint32], stamps: NDArray[np.uint32], items: NDArray[np.uint32], ticket: int
) -> int:
    """Most lower tasks that ran before a task could be in its worker's ticket, less the guard's share.

    A worker that the system has taken off its core keeps what it has in its ticket, and the others go on; so a task is
    looked at as it was `ticket` turns of its worker before: it lay in the queue then, with a turn of another ticket.

    Args:
        classes: The tasks' classes, shape (n,).
        stamps: How many tasks ran before each.
        items: Who ran it.
        ticket: Tasks that a worker takes at once; 0 for the very moment in which a task ran.
    """
    by_time = np.argsort(stamps, kind="stable")
    lain = stamps.astype(np.int64)
    for item in np.unique(items):
        own = by_time[items[by_time] == item]
        lain[own] = np.concatenate([np.zeros(ticket, np.int64), stamps[own]])[: len(own)]
    lower = np.stack([np.concatenate([[0], np.cumsum(classes[by_time] > one)]) for one in range(5)])
    seen = lower[classes, lain]
    return int((seen - guard_share(classes, lain)).max(initial=0))


def _tasks(random: Random, op: int, most: int) -> SlotArray:
    count = random.randrange(1, MOST_SLOTS)
    numbers = np.random.default_rng(random.randrange(1 << 32))
    slots = ready_tasks(count, op_handle=op, tenant_id=numbers.integers(0, 40, count))
    slots["param"] = numbers.integers(0, most, count)
    slots["priority"] = numbers.integers(0, 5, count)
    return slots


def _finished(before: SlotArray) -> SlotArray:
    after = before.copy()
    after["state"] = 3
    return after
