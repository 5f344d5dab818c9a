"""The closed form of a round's claim order equals the words of spec 3.5 taken one claim at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.cases import make_slots
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.schedule import ClaimOrder, class_of, tenants_admitted

runs = st.sampled_from((0, 1, 14, 15, 16, 17, 40, U32_MAX))


def simulate(high_count: int, low_count: int, row: int) -> tuple[list[int], list[int]]:
    """Queue indices in the order of their claims, and the row of high claims before each and at the end."""
    high, low = list(range(high_count)), list(range(high_count, high_count + low_count))
    order, rows = [], [row]
    while high or low:
        if low and (row >= 16 or not high):
            order.append(low.pop(0))
            row = 0
        else:
            order.append(high.pop(0))
            row = min(row + 1, U32_MAX)
        rows.append(row)
    return order, rows


@given(st.integers(0, 150), st.integers(0, 60), runs)
def test_order_and_row_equal_the_simulation(high_count: int, low_count: int, row: int) -> None:
    order = ClaimOrder(high_count, low_count, row)
    expected, rows = simulate(high_count, low_count, row)
    assert order.total == len(expected)
    assert [order.index_of(position) for position in range(order.total)] == expected
    assert [order.run_after(position) for position in range(order.total + 1)] == rows


def test_every_small_round() -> None:
    for high_count in range(36):
        for low_count in range(5):
            for row in (0, 15, 16, 99):
                order = ClaimOrder(high_count, low_count, row)
                expected, rows = simulate(high_count, low_count, row)
                assert [order.index_of(p) for p in range(order.total)] == expected
                assert order.run_after(order.total) == rows[-1]


@given(st.integers(0, 2**28), st.integers(0, 2**28), runs, st.data())
def test_positions_of_large_rounds_stay_inside(high: int, low: int, row: int, data: st.DataObject) -> None:
    order = ClaimOrder(high, low, row)
    if not order.total:
        return
    near = st.integers(0, order.total - 1)
    positions = sorted(set(data.draw(st.lists(near, min_size=1, max_size=20))))
    indices = [order.index_of(position) for position in positions]
    assert all(0 <= index < order.total for index in indices)
    assert len(set(indices)) == len(indices)
    assert 0 <= order.run_after(order.total) <= U32_MAX


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
    slots = make_slots(1, priority=priority, age_ticks=age)
    assert class_of(slots, threshold).tolist() == [expected]
    assert slots["priority"][0] == priority


def test_tenants_with_and_without_a_mask() -> None:
    control = np.zeros(160, np.uint32)
    control[[3, 3 + 28]] = 5, U32_MAX
    control[32:] = 1
    slots = make_slots(6, tenant_id=[0, 1, 28, 29, 31, U32_MAX])
    assert tenants_admitted(slots, control).tolist() == [True, False, True, False, False, False]
