"""Random jobs of state convergence, for the reference and for devices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.converge import Convergence
from vyrectl.engine.shares import bit_set, cumulative_matrix, edges_by_target, shares_of
from vyrectl.engine.transfer_steps import find_step

Weights = NDArray[np.float64]


def random_chain(seed: int, nodes: int) -> tuple[Weights, Weights]:
    """Weights and transition counts; some rows are empty."""
    rng = np.random.default_rng(seed)
    chain = rng.integers(0, 9, (nodes, nodes)) * (rng.random((nodes, nodes)) < 0.6)
    weights = rng.random(nodes)
    return weights, chain.astype(np.float64)


def random_graph(seed: int, nodes: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """A set of nodes and about one and a half edges a node."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, nodes, (nodes * 3 // 2, 2))
    return rng.random(nodes) < 0.1, edges


def distribution_job(
    weights: Weights, chain: Weights, *, lazy: bool = False, most: int = 5000
) -> Convergence:
    step, source = find_step("distribution")
    matrix = cumulative_matrix(chain, lazy=lazy).reshape(-1)
    return Convergence(step, source, shares_of(weights), (matrix,), most)


def reachability_job(members: NDArray[np.bool_], edges: NDArray[Any], *, most: int = 5000) -> Convergence:
    step, source = find_step("reachability")
    operands = edges_by_target(edges, len(members))
    return Convergence(step, source, bit_set(members), operands, most)
