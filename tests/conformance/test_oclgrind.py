"""Every access of the kernels, checked by Oclgrind; kernels broken on purpose show that each check bites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_oclgrind, reference
from tests.conformance.cases import Case, assert_same
from tests.conformance.oclgrind import GPU_LANES, Edit, Oclgrind
from tests.conformance.plain import plain_ring
from tests.conformance.worlds import hostile_buffers, hostile_ring, world
from tests.support.rings import ready_tasks

pytestmark = [
    needs_oclgrind(),
    pytest.mark.timeout(150),
]

BOUNDS = ("OCLGRIND_UNINITIALIZED",)
RACES = ("OCLGRIND_DATA_RACES", "OCLGRIND_UNIFORM_WRITES")
ATOMIC_WORDS: tuple[Edit, ...] = (
    (
        "vyre_load_relaxed(vyre_word_ptr p) { return *p; }",
        "vyre_load_relaxed(vyre_word_ptr p) { return atomic_or(p, 0u); }",
    ),
    ("uint value) { *p = value; }", "uint value) { atomic_xchg(p, value); }"),
)
"""OpenCL 1.2 has no atomic load and store; the checker is told that these two stand for them."""

GROUPS = {"workers": 4, "work_group_size": 4, "ticket": 2}
Start = Callable[..., Oclgrind]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts workers, and ends them with the test."""
    started: list[Oclgrind] = []

    def start(checks: tuple[str, ...], *edits: Edit) -> Oclgrind:
        started.append(Oclgrind(tmp_path, checks, edits))
        return started[-1]

    yield start
    for worker in started:
        worker.close()


@pytest.fixture(scope="module")
def bounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oclgrind]:
    worker = Oclgrind(tmp_path_factory.mktemp("bounds"), BOUNDS)
    yield worker
    worker.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_rings_equal_the_reference(bounds: Oclgrind, seed: int) -> None:
    case = world(20, seed)
    spread = Case(case.slots, case.buffers, case.control, {**case.options, **GROUPS})
    assert_same(bounds.run(spread), reference().run(case))


def test_groups_as_large_as_a_gpu_s_equal_the_reference(tmp_path: Path) -> None:
    case = world(20, 6)
    with closing(Oclgrind(tmp_path, BOUNDS, lanes=GPU_LANES)) as worker:
        answer = worker.run(replace(case, options={**case.options, "verify": True}))
    assert answer.report["geometry"]["work_group_size"] == 256
    assert_same(answer, reference().run(case))


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_ring_reaches_nothing_outside(bounds: Oclgrind, seed: int) -> None:
    answer = bounds.run(Case(hostile_ring(150, seed), hostile_buffers(), options={"max_steps": 1000}))
    assert answer.report["claims"] > 50
    assert answer.report["done"] > 10
    assert answer.report["faulted"] > 10


def test_a_device_without_c11_atomics_gets_the_last_rung(bounds: Oclgrind) -> None:
    assert bounds.run(Case(ready_tasks(1))).report["geometry"]["rung"] == 3


def test_a_missing_range_check_is_seen(start: Start) -> None:
    check = (
        "else if (first > length || count > length - first)\n        task->fault = VYRE_FAULT_OUT_OF_RANGE;"
    )
    worker = start(BOUNDS, (check, ""))
    _, complaints = worker.run_and_look(
        Case(hostile_ring(60, 1), hostile_buffers(), options={"max_steps": 60})
    )
    assert "Invalid read" in complaints or "Invalid write" in complaints


def test_an_uninitialised_word_is_seen(start: Start) -> None:
    worker = start(BOUNDS, ("        (task).fault = 0u;                                          \\\n", ""))
    _, complaints = worker.run_and_look(Case(ready_tasks(3)))
    assert "uninitialized" in complaints


def test_work_items_own_what_they_touch(start: Start) -> None:
    """Index and run: no word is written by one work-item and touched by another, but through atomics."""
    worker = start(RACES, *ATOMIC_WORDS)
    slots = plain_ring(1024, seed=3)
    worker.run(Case(slots, options={"max_steps": 0, "epoch": 2}))
    worker.run(Case(slots[:300], options={**GROUPS, "epoch": 2}))


@pytest.mark.parametrize(
    "edit",
    [
        ("counts[row * chunks + chunk] = tally[row];", "counts[chunk] = tally[row];"),
        (
            "const uint at = vyre_local_fetch_add(next + classes[i], 1u);",
            "const uint at = next[classes[i]];",
        ),
        ("    vyre_add_relaxed(tally + word, count);", "    tally[word] += count;"),
    ],
    ids=["counts of the index", "slots of the queue", "tallies of the run"],
)
def test_shared_words_are_seen(start: Start, edit: Edit) -> None:
    worker = start(RACES, edit, *ATOMIC_WORDS)
    slots = ready_tasks(512, priority=np.arange(512) % 5)
    _, complaints = worker.run_and_look(Case(slots, options={**GROUPS, "max_steps": 64}))
    assert "data race" in complaints
