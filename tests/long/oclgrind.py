"""Random and hostile rings under Oclgrind: no access outside, no uninitialised word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.conformance.backends import reference
from tests.conformance.cases import Case, assert_same, lent
from tests.conformance.oclgrind import GPU_LANES, HANDS_OFF, Oclgrind
from tests.conformance.worlds import HOSTILE_OPS, MORE_OPS, hostile_buffers, hostile_ring, world
from tests.long._run import Run
from tests.support.rings import ready_tasks
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.buffers import Buffer
from vyrectl.engine.reference_family import FORK_SUM, QUICKSORT, STENCIL

WORKER_SEEDS = 200
"""Seeds after which the workers give way to fresh ones; they release no buffer."""

Options = dict[str, Any]


def run(run: Run) -> None:
    """A random ring and one of the hostile shapes a seed; in every other seed work goes from hand to hand."""
    drivers: Counter[str] = Counter()
    with ExitStack() as ended:
        workers: list[Oclgrind] = []
        for seed in run.seeds():
            if (seed - run.seed) % WORKER_SEEDS == 0:
                ended.close()
                workers = [start(ended, ()), start(ended, HANDS_OFF)]
            random = Random(seed)
            geometry = geometry_of(random)
            random_ring(workers[seed % 2], seed, random, geometry)
            shape = SHAPES[seed // 2 % len(SHAPES)]
            shape(workers[seed % 2], seed, random, geometry)
            drivers[f"{shape.__name__} {driver_of(geometry)}{' with hand-off' if seed % 2 else ''}"] += 1
    run.say(", ".join(f"{name} {count}" for name, count in sorted(drivers.items())))


def start(ended: ExitStack, edits: tuple[tuple[str, str], ...]) -> Oclgrind:
    """A worker with a folder of its own."""
    folder = ended.enter_context(TemporaryDirectory())
    return ended.enter_context(closing(Oclgrind(Path(folder), edits=edits, lanes=GPU_LANES)))


def geometry_of(random: Random) -> Options:
    """One of the drivers, in some size; now and then as much memory beside the ring as there may be, or as little."""
    exact = {"workers": 1, "work_group_size": 1, "ticket": 1}
    spread = {
        "workers": random.choice((1, 2, 8)),
        "work_group_size": random.choice((1, 1, 3, 16, 64)),
        "ticket": random.choice((1, 2, 64)),
    }
    return {**(exact if random.random() < 0.2 else spread), "fast_index": random.choice((None, True, False))}


def driver_of(geometry: Options) -> str:
    """Which driver a CPU, as which Oclgrind passes, uses."""
    if geometry["work_group_size"] > 1:
        return "group"
    return "exact" if geometry["workers"] == geometry["ticket"] == 1 else "lane"


def random_ring(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Every state, fault, flag and gate, with the words of the reference backend."""
    case = world(random.randint(1, 40), seed)
    assert_same(worker.run(replace(case, options={**case.options, **geometry})), reference().run(case))


def hostile(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Random bytes."""
    run_hostile(worker, random.randint(1, 200), seed, geometry)


def hostile_families(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Random bytes that make tasks, packed slots, debug records."""
    ops = (*HOSTILE_OPS, *MORE_OPS * 3)
    run_hostile(worker, random.randint(1, 60), seed, {**geometry, "max_steps": 300}, ops)


def hostile_quotas(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Random bytes of tenants that may claim so often."""
    quotas = {tenant: random.choice((0, 1, 7, 10**6)) for tenant in (0, 1, 31, 2**31, U32_MAX)}
    run_hostile(worker, random.randint(1, 200), seed, {**geometry, "quotas": quotas})


def hostile_shards(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Random bytes, a part of the ring at a time."""
    run_hostile(worker, 200, seed, {**geometry, "shard_slots": random.choice((64, 100))})


def run_hostile(
    worker: Oclgrind, count: int, seed: int, options: Options, ops: tuple[int, ...] = HOSTILE_OPS
) -> None:
    """Run a hostile ring; what it does is its own affair, as long as it stays inside."""
    ring = hostile_ring(count, seed, ops)
    worker.run(Case(ring, hostile_buffers(), options={"max_steps": 1000, **options}))


def families(worker: Oclgrind, seed: int, random: Random, geometry: Options) -> None:
    """Sums by halves, a quicksort and a stencil, with many free slots or few; verified, and equal to numpy."""
    numbers = np.random.default_rng(seed)
    words = numbers.integers(0, 2**32, random.randint(1, 9000), dtype=np.uint64).astype("<u4")
    circle = numbers.integers(0, 2**32, random.randint(3, 1500), dtype=np.uint64).astype("<u4")
    steps = random.randint(0, 3)
    slots = np.concatenate([ready_tasks(3), ready_tasks(random.choice((0, 2, 9, 60)), state=0)])
    slots["op_handle"][:3] = FORK_SUM, QUICKSORT, STENCIL
    slots["input_handle"][0], slots["output_handle"][:3], slots["param"][2] = 0, (1, 2, 3), steps
    buffers: dict[int | str, Buffer] = {
        0: Buffer(words, writable=False),
        1: lent(np.zeros(7, np.uint32)),
        2: lent(words[:300].copy()),
        3: lent(np.concatenate([circle, np.zeros_like(circle)])),
    }
    answer = worker.run(Case(slots, buffers, options={**geometry, "verify": True}))
    assert int(answer.buffers[1][0]) == int(words.sum(dtype=np.uint64)) & U32_MAX
    assert (answer.buffers[2] == np.sort(words[:300])).all()
    for _ in range(steps):
        circle = np.roll(circle, 1) + circle + np.roll(circle, -1)
    assert (answer.buffers[3].reshape(2, -1)[steps % 2] == circle).all()


SHAPES: tuple[Callable[[Oclgrind, int, Random, Options], None], ...] = (
    hostile,
    hostile_families,
    families,
    hostile_quotas,
    hostile_shards,
)
