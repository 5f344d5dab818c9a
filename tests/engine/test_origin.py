"""Whether an output that a killed launch left is gone on with: judged slot by slot."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.rings import ready_tasks
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.origin import Origin

READY, DONE, PAUSED, FAULTED = 1, 3, 4, 7


@pytest.mark.parametrize(
    ("slot", "changes", "goes_on"),
    [
        (0, {}, False),
        (0, {"state": DONE}, True),
        (0, {"state": FAULTED}, True),
        (0, {"state": PAUSED, "continuation_pc": 1}, True),
        (0, {"yield_count": 1}, True),
        (0, {"state": DONE, "tenant_id": 4, "task_id": 77, "age_ticks": 9, "requeue_count": 40}, True),
        (0, {"state": DONE, "param": 9}, False),
        (0, {"state": DONE, "op_handle": 9}, False),
        (0, {"param": 9}, False),
        (2, {"state": DONE}, False),
    ],
)
def test_one_slot(slot: int, changes: dict[str, int], goes_on: bool) -> None:
    slots = ready_tasks(3, state=[READY, READY, DONE])
    seal = Origin(slots).seal()
    for name, value in changes.items():
        slots[name][slot] = value
    assert Origin(slots).goes_on_from(seal) is goes_on


@pytest.mark.parametrize(
    "word", ["param", "op_handle", "tenant_id", "task_id", "continuation_pc", "age_ticks"]
)
def test_an_edit_of_what_has_not_ended_changes_nothing(word: str) -> None:
    slots = ready_tasks(3)
    seal = Origin(slots).seal()
    slots["state"][:2] = DONE
    slots[word][2] = 5
    assert Origin(slots).goes_on_from(seal)


def test_another_length_and_another_file() -> None:
    slots = ready_tasks(3)
    seal = Origin(slots).seal()
    slots["state"] = DONE
    assert not Origin(ready_tasks(4, state=DONE)).goes_on_from(seal)
    assert not Origin(slots).goes_on_from(bytes(len(seal)))


def test_tasks_of_many_kinds_are_told_apart() -> None:
    slots = ready_tasks(1000, op_handle=np.arange(1000), param=np.arange(1000))
    seal = Origin(slots).seal()
    slots["state"], slots["param"] = DONE, slots["param"][::-1].copy()
    assert not Origin(slots).goes_on_from(seal)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("param", 3, False),
        ("continuation_pc", 1, True),
        ("state", 4, True),
        ("state", 3, True),
        ("state", 7, True),
    ],
)
def test_a_ring_has_results_once_a_task_has_begun(field: str, value: int, kept: bool) -> None:
    slots = np.zeros(3, SLOT_DTYPE)
    slots["state"][:2] = 1
    slots[field][1] = value
    assert Origin(slots).has_results is kept
