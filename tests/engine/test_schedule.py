"""The lines of a round give their tasks in the order of spec 3.5; classes; tenants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rings import ready_tasks
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.schedule import ClaimLines, class_of, tenants_admitted

rows = st.sampled_from((0, 1, 14, 15, 16, 17, 40, U32_MAX - 1, U32_MAX))
lines = st.lists(st.lists(st.integers(0, 2**28), max_size=40), min_size=5, max_size=5)


def simulate(lines: list[list[int]], row: int) -> tuple[list[int], list[int]]:
    """Slots in the order of their claims, and the row of claims above Normal after each."""
    left = [list(line) for line in lines]
    order, rows = [], []
    while any(left):
        above, below = [line for line in left[:2] if line], [line for line in left[2:] if line]
        from_below = bool(below) and (row >= 16 or not above)
        order.append((below if from_below else above)[0].pop(0))
        row = 0 if from_below else min(row + 1, U32_MAX)
        rows.append(row)
    return order, rows


@given(lines, rows)
def test_order_and_row_equal_the_simulation(lines: list[list[int]], row: int) -> None:
    expected, expected_rows = simulate(lines, row)
    claims = ClaimLines(lines, row)
    for left, slot, after in zip(range(len(expected), 0, -1), expected, expected_rows, strict=True):
        assert len(claims) == left
        assert (claims.take(), claims.above) == (slot, after)
    assert (len(claims), claims.take()) == (0, None)


def test_an_empty_round_keeps_the_row() -> None:
    claims = ClaimLines([[]] * 5, 7)
    assert (claims.take(), claims.above) == (None, 7)


def test_a_task_that_comes_back_waits_behind_its_class() -> None:
    claims = ClaimLines([[], [], [1, 2], [3], []], 0)
    assert claims.take() == 1
    claims.append(1, priority=2, age_ticks=0, age_threshold=32)
    assert [claims.take(), claims.take(), claims.take()] == [2, 1, 3]


@pytest.mark.parametrize(
    ("priority", "age_ticks", "threshold", "goes_before"),
    [(4, 96, 32, 20), (4, 96, 0, None), (U32_MAX, 64, 32, 30), (3, U32_MAX, 32, 10), (0, 0, 32, 10)],
)
def test_the_line_of_a_task_that_comes_back(
    priority: int, age_ticks: int, threshold: int, goes_before: int | None
) -> None:
    claims = ClaimLines([[0], [10], [20], [30], [40]], 0)
    claims.append(99, priority, age_ticks, threshold)
    order = [claims.take() for _ in range(6)]
    behind = order.index(99) + 1
    assert (order[behind] if behind < 6 else None) == goes_before


@pytest.mark.parametrize(
    ("priority", "age", "threshold", "expected"),
    [
        (0, 0, 32, 0),
        (4, 31, 32, 4),
        (4, 32, 32, 3),
        (4, 127, 32, 1),
        (4, 128, 32, 0),
        (4, U32_MAX, 32, 0),
        (2, U32_MAX, 0, 2),
        (2, U32_MAX, U32_MAX, 1),
        (5, 0, 32, 4),
        (U32_MAX, 64, 32, 2),
        (3, 2, 1, 1),
    ],
)
def test_class_of_a_task(priority: int, age: int, threshold: int, expected: int) -> None:
    slots = ready_tasks(1, priority=priority, age_ticks=age)
    assert class_of(slots, threshold).tolist() == [expected]
    assert slots["priority"][0] == priority


def test_tenants_with_and_without_a_mask() -> None:
    control = np.zeros(160, np.uint32)
    control[[3, 3 + 28]] = 5, U32_MAX
    control[32:] = 1
    slots = ready_tasks(6, tenant_id=[0, 1, 28, 29, 31, U32_MAX])
    assert tenants_admitted(slots, control).tolist() == [True, False, True, False, False, False]
