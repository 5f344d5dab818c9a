"""Random and hostile rings under Oclgrind: no access outside, no uninitialised word."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.conformance.backends import reference
from tests.conformance.cases import Case, assert_same
from tests.conformance.oclgrind import Oclgrind
from tests.conformance.worlds import hostile_buffers, hostile_ring, world
from tests.long._run import Run

WORKER_SEEDS = 200
"""Seeds after which a worker gives way to a fresh one; it releases no buffer."""


def run(run: Run) -> None:
    """A random ring and a hostile one a seed."""
    with TemporaryDirectory() as folder:
        worker: Oclgrind | None = None
        try:
            for seed in run.seeds():
                if worker is None or (seed - run.seed) % WORKER_SEEDS == 0:
                    if worker is not None:
                        worker.close()
                    worker = Oclgrind(Path(folder))
                look(worker, seed)
        finally:
            if worker is not None:
                worker.close()


def look(worker: Oclgrind, seed: int) -> None:
    """Both rings of a seed."""
    random = Random(seed)
    geometry = {
        "workers": random.choice((1, 2, 8)),
        "work_group_size": random.choice((1, 3, 16, 64)),
        "ticket": random.choice((1, 2, 64)),
    }
    case = world(random.randint(1, 40), seed)
    spread = Case(case.slots, case.buffers, case.control, {**case.options, **geometry})
    assert_same(worker.run(spread), reference().run(case))
    hostile = hostile_ring(random.randint(1, 200), seed)
    worker.run(Case(hostile, hostile_buffers(), options={**geometry, "max_steps": 2000}))
