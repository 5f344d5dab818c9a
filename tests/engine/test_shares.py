from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vyrectl.engine.shares import (
    MOST_NODES,
    ONE,
    as_weights,
    bit_set,
    check_chain,
    cumulative_matrix,
    edges_by_target,
    members_of,
    shares_of,
)
from vyrectl.errors import InvalidInputError

WEIGHT = st.one_of(st.just(0.0), st.floats(0, 1e300), st.integers(0, 2**64 - 1).map(float))
WEIGHTS = st.lists(WEIGHT, min_size=1, max_size=40).filter(any).map(np.array)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(WEIGHTS)
def test_shares_add_up_are_near_and_keep_zeros(weights: np.ndarray) -> None:
    shares = shares_of(weights)
    assert shares.dtype == np.uint32
    assert int(shares.sum(dtype=np.int64)) == ONE
    assert not shares[weights == 0].any()
    total = sum(map(Fraction, weights.tolist()))
    for weight, share in zip(weights.tolist(), shares.tolist(), strict=True):
        assert abs(Fraction(weight) / total * ONE - share) <= 2


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.integers(1, 12), st.booleans(), st.integers(0, 2**32))
def test_rows_of_a_matrix_rise_to_one(nodes: int, lazy: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.random((nodes, nodes)) * (rng.random((nodes, nodes)) < 0.5)
    matrix = cumulative_matrix(weights, lazy=lazy).astype(np.int64)
    assert (matrix[:, -1] == ONE).all()
    chances = np.diff(matrix, axis=1, prepend=0)
    assert (chances >= 0).all()
    stays = np.eye(nodes, dtype=bool)
    empty = ~weights.any(axis=1)
    assert (chances[~stays & (weights == 0)] == 0).all()
    assert (chances[empty] == ONE * stays[empty]).all()
    if lazy:
        assert (chances[stays] >= ONE // 2).all()


def test_a_matrix_by_hand() -> None:
    matrix = cumulative_matrix(np.array([[1.0, 3.0], [0.0, 0.0]]))
    assert matrix.tolist() == [[ONE // 4, ONE], [0, ONE]]
    assert cumulative_matrix(np.array([[0.0, 1.0], [1.0, 0.0]]), lazy=True).tolist() == [
        [ONE // 2, ONE],
        [ONE // 2, ONE],
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1, -1], "x holds -1 at [1]"),
        ([[0, float("nan")]], "x holds nan at [0, 1]"),
        ([float("inf")], "inf"),
        (["a"], "no table of numbers"),
        ([[1], [1, 2]], "no table of numbers"),
        ([2**70], "no table of numbers"),
        (None, "no table of numbers"),
    ],
)
def test_weights_are_numbers(values: object, says: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        as_weights(values, "x")
    assert says in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4,), (2, 2, 2), (MOST_NODES + 1, MOST_NODES + 1)])
def test_a_chain_fits_its_vector(shape: tuple[int, ...]) -> None:
    weights = np.broadcast_to(np.zeros(()), shape)
    with pytest.raises(InvalidInputError):
        check_chain(weights, shape[0] if shape[0] > 100 else 2, "x")


def test_no_weight_at_all() -> None:
    with pytest.raises(InvalidInputError, match="every weight is 0"):
        shares_of(np.zeros(3))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=100))
def test_bit_sets_come_back(members: list[bool]) -> None:
    words = bit_set(np.array(members))
    assert len(words) == -(-len(members) // 32)
    assert [bool(words[n // 32] >> np.uint32(n % 32) & 1) for n in range(len(members))] == members
    assert members_of(words, len(members)).tolist() == members


def test_edges_by_target() -> None:
    offsets, sources = edges_by_target(np.array([[0, 2], [1, 0], [2, 2]]), 4)
    assert (offsets.tolist(), sources.tolist()) == ([0, 1, 1, 3, 3], [1, 0, 2])
    with pytest.raises(InvalidInputError, match="edge 1 leads from 4 to 0"):
        edges_by_target(np.array([[0, 0], [4, 0]]), 4)
