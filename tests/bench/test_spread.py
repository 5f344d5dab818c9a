"""Medians, extremes, rates and shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.bench.spread import Spread, shares

SECONDS = st.floats(1e-6, 1e3)


def test_of() -> None:
    assert Spread.of([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0)
    assert Spread.of([4.0, 2.0]).median == 3.0


def test_rates_turn_the_ends_around() -> None:
    assert Spread(2.0, 1.0, 4.0).rates(8) == Spread(4.0, 2.0, 8.0)


def test_a_share_is_of_rates_not_of_times() -> None:
    share = shares([2.0], 100, [1.0], 200)
    assert share == Spread(0.25, 0.25, 0.25)


@given(st.lists(st.tuples(SECONDS, st.floats(0.5, 2.0)), min_size=1, max_size=9), st.floats(0.01, 1.0))
def test_what_slows_both_leaves_the_share(rounds: list[tuple[float, float]], speed: float) -> None:
    """A device that drifts by any factor from round to round shows the same share in each."""
    beside = [seconds * drift for seconds, drift in rounds]
    own = [seconds / speed for seconds in beside]
    share = shares(own, 1000, beside, 1000)
    assert share.least == pytest.approx(speed)
    assert share.most == pytest.approx(speed)
