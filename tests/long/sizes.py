"""Rings of every size in every geometry, against the closed form. Of fixed length."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.conformance.backends import reference
from tests.conformance.cases import Case, InProcess, assert_same_slots
from tests.conformance.plain import plain_result, plain_ring
from tests.long._run import Run

SMALL = (1, 2, 63, 64, 65, 1000)
LARGE = (65_536, 1 << 20, 1 << 24)
LARGE_ON_A_CPU = 1 << 20
REFERENCE_SLOTS = 65_536


def run(run: Run) -> None:
    """Small rings in all geometries, large ones in the device's own and in the two extremes."""
    runners = run.runners()
    for runner in runners:
        for count, options in small(runner):
            check(run, runner, count, options)
        for count, options in large(runner):
            check(run, runner, count, options)
    if not run.device:
        check(run, reference(), REFERENCE_SLOTS, {})


def small(runner: InProcess) -> Iterator[tuple[int, dict[str, Any]]]:
    """1 to 8 groups a compute unit; groups of 1, 2, 64 and the largest; tickets of one and many."""
    device = runner.backend.device  # type: ignore[attr-defined]
    units = device.compute_units
    sizes = (1, 2, 64, device.max_work_group_size)
    for count, workers, size, ticket in product(SMALL, (1, units, 2 * units, 8 * units), sizes, (1, 64)):
        yield count, {"workers": workers, "work_group_size": size, "ticket": ticket}


def large(runner: InProcess) -> Iterator[tuple[int, dict[str, Any]]]:
    device = runner.backend.device  # type: ignore[attr-defined]
    most = LARGE_ON_A_CPU if device.is_cpu else device.max_allocation_bytes // 64
    for count in LARGE:
        if count <= most:
            yield count, {}
            yield count, {"workers": 8 * device.compute_units, "work_group_size": 64, "ticket": 1}
            yield count, {"work_group_size": device.max_work_group_size, "ticket": 1000}


def check(run: Run, runner: InProcess, count: int, options: dict[str, Any]) -> None:
    """One launch, slot by slot."""
    run.alive()
    before = plain_ring(count, seed=count)
    expected = plain_result(before, epoch=2)
    started = time.monotonic()
    answer = runner.run(Case(before, options={"epoch": 2, **options}))
    seconds = time.monotonic() - started
    assert_same_slots(expected.slots, answer.slots)
    found = (answer.report["claims"], answer.report["done"], answer.lost)
    assert found == (expected.claims, expected.done, 0), (count, options, found)
    if count > max(SMALL):
        run.say(f"{runner.name}: {count} slots {options or ''} {seconds:.2f} s")
