"""Data of the shipped transfer steps: shares in fixed point, cumulative transition matrices, bit sets, edges by target.

A share is a u32 in units of 2^-31. Whatever is rounded here is rounded by running sums, so that parts always add
up to exactly 2^31 and a weight of 0 stays 0. Imports numpy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.errors import InvalidInputError

SHARE_BITS = 31
ONE = 1 << SHARE_BITS
"""A share of everything."""

Words = NDArray[np.uint32]
Weights = NDArray[np.float64]

MOST_NODES = 1 << 14
"""Largest chain: its matrix has a word for every pair of nodes."""


def as_weights(values: object, what: str) -> Weights:
    """Numbers of any kind as weights.

    Args:
        values: An array or nested lists.
        what: Its name in errors.

    Raises:
        InvalidInputError: Something else than finite numbers from 0 up.
    """
    try:
        weights = np.asarray(values)
        numeric = weights.dtype.kind in "buif"
    except (ValueError, OverflowError):
        numeric = False
    if not numeric:
        raise InvalidInputError(f"{what} is no table of numbers", fix="Give numbers, rows of equal length")
    weights = weights.astype(np.float64)
    wrong = np.argwhere(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        place = ", ".join(map(str, wrong[0].tolist()))
        value = weights[tuple(wrong[0])]
        raise InvalidInputError(
            f"{what} holds {value:g} at [{place}]", fix="Weights are finite numbers from 0 up"
        )
    return weights


def shares_of(weights: Weights) -> Words:
    """Weights as shares that add up to 2^31.

    Args:
        weights: Shape (n,).

    Raises:
        InvalidInputError: All weights are 0.
    """
    if not weights.any():
        raise InvalidInputError("every weight is 0", fix="Give at least one node a weight")
    return np.diff(_running_shares(weights), prepend=0).astype(np.uint32)


def fractions_of(shares: Words) -> Weights:
    """Shares as numbers from 0 to 1."""
    fractions: Weights = shares / ONE
    return fractions


def cumulative_matrix(weights: Weights, *, lazy: bool = False) -> Words:
    """The operand of the step `distribution`.

    Args:
        weights: Transition counts or chances, shape (n, n), from row to column. A row of zeros stays where it is.
        lazy: Let only half of each share move in an iteration: the limit stays, and a chain that swings between
            states comes to rest.

    Returns:
        Shape (n, n); the last column is 2^31.
    """
    matrix = np.empty(weights.shape, np.int64)
    stay = np.where(np.tri(len(weights), dtype=bool).T, ONE, 0)
    for node, row in enumerate(weights):
        matrix[node] = _running_shares(row) if row.any() else stay[node]
    if lazy:
        matrix = (matrix + stay) // 2
    return matrix.astype(np.uint32)


def check_chain(weights: Weights, nodes: int, what: str) -> None:
    """Refuse a matrix that is not one of so many nodes.

    Raises:
        InvalidInputError: Not square, of another size, or too large.
    """
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        shape = " x ".join(map(str, weights.shape))
        raise InvalidInputError(f"{what} is {shape}, and a transition matrix is square", fix="Row = from")
    if len(weights) != nodes:
        raise InvalidInputError(
            f"{what} has {len(weights)} nodes and the vector {nodes}", fix="Give both the same nodes"
        )
    if nodes > MOST_NODES:
        raise InvalidInputError(f"{what} has more than {MOST_NODES} nodes", fix="Lump nodes together")


def bit_set(members: NDArray[np.bool_]) -> Words:
    """Node n of a bool array of shape (nodes,) as bit n % 32 of word n / 32."""
    padded = np.zeros(-(-len(members) // 32) * 32, bool)
    padded[: len(members)] = members
    words: Words = np.packbits(padded, bitorder="little").view("<u4").astype(np.uint32)
    return words


def members_of(words: Words, nodes: int) -> NDArray[np.bool_]:
    """Which nodes a bit set holds, shape (nodes,)."""
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
    return bits[:nodes].astype(bool)


def edges_by_target(edges: NDArray[np.integer], nodes: int) -> tuple[Words, Words]:
    """The operands of the step `reachability`.

    Args:
        edges: From and to, shape (m, 2).
        nodes: Number of nodes.

    Returns:
        Offsets, shape (nodes + 1,), and sources, shape (m,).

    Raises:
        InvalidInputError: An edge names a node that does not exist.
    """
    wrong = np.flatnonzero(((edges < 0) | (edges >= nodes)).any(axis=1))
    if len(wrong):
        start, end = edges[wrong[0]].tolist()
        raise InvalidInputError(
            f"edge {wrong[0]} leads from {start} to {end}", fix=f"Nodes are 0 to {nodes - 1}"
        )
    order = np.argsort(edges[:, 1], kind="stable")
    offsets = np.zeros(nodes + 1, np.uint32)
    np.cumsum(np.bincount(edges[:, 1], minlength=nodes), out=offsets[1:], dtype=np.uint32)
    return offsets, edges[order, 0].astype(np.uint32)


def _running_shares(weights: Weights) -> NDArray[np.int64]:
    """Running sums of weights, in units of 2^-31 of their total, each rounded to the nearest."""
    sums = np.cumsum(weights / weights.max())
    running: NDArray[np.int64] = np.rint(sums / sums[-1] * ONE).astype(np.int64)
    running[-1] = ONE
    return running
