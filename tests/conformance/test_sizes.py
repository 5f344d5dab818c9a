"""Rings of every size, from one slot to as many as a backend can take in a test, come out as computed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.cases import Case, Runner, assert_same_slots
from tests.conformance.plain import plain_result, plain_ring
from tests.support.rings import ready_tasks
from vyrectl.errors import RingFormatError

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, "most"])
def test_every_task_comes_out_as_computed(runner: Runner, size: int | str) -> None:
    count = size if isinstance(size, int) else runner.most_slots
    before = plain_ring(count, seed=count)
    expected = plain_result(before, epoch=2)
    answer = runner.run(Case(before, options={"epoch": 2}))
    assert_same_slots(expected.slots, answer.slots)
    assert answer.report["ended"] == "drained"
    assert (answer.report["claims"], answer.report["done"]) == (expected.claims, expected.done)
    assert answer.lost == 0


def test_a_ring_without_slots_is_refused(runner: Runner) -> None:
    with pytest.raises((RingFormatError, RuntimeError), match="an empty ring has nothing to launch"):
        runner.run(Case(ready_tasks(0)))


def test_a_ring_with_nothing_to_do_stays_as_it_is(runner: Runner) -> None:
    before = ready_tasks(40, flags=np.arange(40))
    before["state"] = np.resize([0, 2, 3, 4, 7, 8, 99, 2**32 - 1], 40)
    before["resume_epoch"] = 5
    answer = runner.run(Case(before, options={"epoch": 4}))
    assert_same_slots(before, answer.slots)
    assert answer.report["rounds"] == answer.report["claims"] == answer.report["remaining"] == 0
    assert answer.report["left_alone"] == {
        "running": 5,
        "paused": 5,
        "shut_out": 0,
        "without_mask": 0,
        "not_selected": 0,
        "unknown": 15,
    }
