"""Random rings on every device, in every geometry, verified, against the reference backend."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from tests.conformance.backends import reference
from tests.conformance.cases import InProcess, assert_same
from tests.conformance.worlds import LIMIT_SLOTS, world
from tests.long._run import Run

JIT_SHARE = 0.02
"""Each such seed has a program of its own to build."""


def run(run: Run) -> None:
    """One case a seed."""
    runners = run.runners()
    for seed in run.seeds():
        random = Random(seed)
        case = world(random.randint(1, LIMIT_SLOTS), seed)
        expected = reference().run(case)
        for runner in runners:
            options = {**case.options, **geometry(runner, random), "verify": random.random() < 0.3}
            options["mode"] = "jit" if random.random() < JIT_SHARE else "interpreter"
            answer = runner.run(replace(case, options=options))
            assert_same(answer, expected)
            assert answer.lost == 0, options


def geometry(runner: InProcess, random: Random) -> dict[str, Any]:
    """Work-groups, their size and the ticket; each may be left to the device."""
    device = runner.backend.device  # type: ignore[attr-defined]
    choices: dict[str, tuple[int | None, ...]] = {
        "workers": (None, 1, 2, device.compute_units, 8 * device.compute_units),
        "work_group_size": (None, 1, 2, 64, device.max_work_group_size),
        "ticket": (None, 1, 2, 64, 1000, 2**32 - 1),
    }
    return {name: random.choice(values) for name, values in choices.items()}
