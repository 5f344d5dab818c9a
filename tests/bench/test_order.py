"""Tasks overtaken by a lower class: against a count by hand, and against drains by one worker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.bench.order import Overtaken, guard_share, in_flight, judge, overtaken, summary, watch_order
from vyrectl.bench.rings import Stage
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.workbench import Workbench

CLASSES = st.lists(st.integers(0, 4), max_size=120)


def one_worker(classes: list[int]) -> list[int]:
    """Stamps of a drain by spec 3.5: from the top, and after 16 claims above Normal one from below."""
    waiting: list[list[int]] = [[i for i, c in enumerate(classes) if c == one] for one in range(5)]
    stamps = [0] * len(classes)
    run = 0
    for stamp in range(len(classes)):
        order = (2, 3, 4, 0, 1) if run == 16 else (0, 1, 2, 3, 4)
        chosen = next(one for one in order if waiting[one])
        stamps[waiting[chosen].pop(0)] = stamp
        run = min(run + 1, 16) if chosen < 2 else 0
    return stamps


@given(CLASSES, st.randoms(use_true_random=False))
def test_against_a_count_by_hand(classes: list[int], random: object) -> None:
    stamps = list(range(len(classes)))
    random.shuffle(stamps)  # type: ignore[attr-defined]
    tasks = list(zip(classes, stamps, strict=True))
    expected = [sum(c > own and s < stamp for c, s in tasks) for own, stamp in tasks]
    assert overtaken(np.array(classes, int), np.array(stamps, int)).tolist() == expected


@given(CLASSES)
def test_one_worker_stays_within_the_guards_share(classes: list[int]) -> None:
    stamps = np.array(one_worker(classes), int)
    assert judge(np.array(classes, int), stamps, bound=1).beyond == 0


def test_one_worker_gives_the_guard_what_it_owes() -> None:
    """34 tasks above Normal and two below: the lows are claimed 17th and 34th."""
    classes = np.array([0] * 34 + [4] * 2)
    stamps = np.array(one_worker(classes.tolist()))
    assert sorted(stamps[34:].tolist()) == [16, 33]
    assert overtaken(classes, stamps).max() == 2
    assert guard_share(classes, stamps)[stamps == 35].tolist() == [2]
    assert guard_share(classes, stamps)[34:].tolist() == [0, 0]


def test_a_stray_task_is_late() -> None:
    classes = np.array([0, 4, 4, 4])
    assert judge(classes, np.array([3, 0, 1, 2]), bound=2) == Overtaken(most=3, beyond=3, bound=2, late=1)
    assert judge(classes, np.array([0, 1, 2, 3]), bound=2) == Overtaken(most=0, beyond=0, bound=2, late=0)


def test_summary_keeps_the_worst() -> None:
    rows = summary(8, [Overtaken(3, 1, 4, 0), Overtaken(9, 8, 4, 2), Overtaken(5, 2, 4, 0)])
    assert rows["beyond"] == 2
    assert rows["beyond_worst"] == 8
    assert rows["late_worst"] == 2
    assert rows["drains"] == 3


@pytest.mark.parametrize(
    ("facts", "bound"), [({"ticket": 64, "workers": 4}, 256), ({"ticket": 1, "workers": 1}, 1), ({}, 1)]
)
def test_bound(facts: dict[str, int], bound: int) -> None:
    assert in_flight(facts) == bound


def test_a_drain_stamps_every_task_once(backend: OpenCLBackend) -> None:
    stage = Stage(Workbench(backend.device), 200_000, in_place=False)
    seen = watch_order(backend, stage)
    assert seen.bound >= 1
    assert seen.most > 0, "the starvation guard lets lower classes in while 80 000 tasks above Normal wait"
    stage.close()
