"""The reference backend of state convergence, against algebra and a search; spec 1.8's loop itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.convergences import distribution_job, random_chain, random_graph, reachability_job
from vyrectl.engine.converge import Convergence, ReferenceConverger, StepReads
from vyrectl.engine.shares import ONE, fractions_of, members_of
from vyrectl.engine.transfer_steps import scan_steps
from vyrectl.errors import DeviceError, StepFaultError

SOURCE = scan_steps('VYRE_STEP(own, "one of the test\'s own") {}', Path("own.cl"))


def own(current: list[int], most: int, *operands: list[int]) -> Convergence:
    arrays = tuple(np.array(operand, np.uint32) for operand in operands)
    return Convergence(SOURCE.steps[0], SOURCE, np.array(current, np.uint32), arrays, most)


def halve(step: StepReads, index: int) -> int:
    return step.current(index) // 2


@pytest.mark.parametrize(
    ("most", "result", "iterations", "converged"),
    [
        (0, [12, 1], 0, False),
        (1, [6, 0], 1, False),
        (4, [0, 0], 4, False),
        (5, [0, 0], 5, True),
        (99, [0, 0], 5, True),
    ],
)
def test_the_loop_counts_iterations_up_to_the_one_that_changes_nothing(
    most: int, result: list[int], iterations: int, converged: bool
) -> None:
    job = own([12, 1], most)
    found = ReferenceConverger({"own": halve}).converge(job)
    assert (found.current.tolist(), found.iterations, found.converged) == (result, iterations, converged)
    assert job.current.tolist() == [12, 1]


def test_a_step_reads_the_iteration_before() -> None:
    def shift(step: StepReads, index: int) -> int:
        return step.current(index - 1) if index else 0

    found = ReferenceConverger({"own": shift}).converge(own([1, 2, 3], 1))
    assert found.current.tolist() == [0, 1, 2]


def test_it_can_be_stopped() -> None:
    asked = iter([False, False, True])
    found = ReferenceConverger({"own": halve}).converge(own([12], 99), lambda: next(asked))
    assert (found.ended, found.iterations, found.current.tolist()) == ("stopped", 2, [3])


@pytest.mark.parametrize(
    ("read", "array", "word"),
    [
        (lambda step: step.current(3), None, 3),
        (lambda step: step.operand(0, 2), 0, 2),
        (lambda step: step.operand(1, 0), 1, 0),
    ],
)
def test_reads_are_checked(read: object, array: int | None, word: int) -> None:
    def wild(step: StepReads, index: int) -> int:
        if index == 1 and step.current(0) == 3:
            return int(read(step))  # type: ignore[operator]
        return step.current(index) // 2

    with pytest.raises(StepFaultError) as caught:
        ReferenceConverger({"own": wild}).converge(own([12, 0, 9], 99, [1, 2]))
    error = caught.value
    assert (error.index, error.iteration, error.operand, error.word) == (1, 3, array, word)


def test_opencl_c_alone_is_no_body() -> None:
    with pytest.raises(DeviceError, match="cannot run 'own'"):
        ReferenceConverger().converge(own([1], 1))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_shares_move_as_the_chain_says(seed: int, nodes: int) -> None:
    weights, chain = random_chain(seed, nodes)
    job = distribution_job(weights, chain, most=4)
    found = ReferenceConverger().converge(job)
    rows = chain.sum(axis=1, keepdims=True)
    chances = np.where(rows > 0, chain / np.where(rows > 0, rows, 1), np.eye(nodes))
    expected = weights / weights.sum() @ np.linalg.matrix_power(chances, found.iterations)
    assert int(found.current.sum(dtype=np.int64)) == ONE
    assert np.abs(fractions_of(found.current) - expected).max() * ONE < 4 * (nodes + 2)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_a_dense_chain_comes_to_rest_at_its_limit(seed: int, nodes: int) -> None:
    rng = np.random.default_rng(seed)
    chain = rng.random((nodes, nodes)) + 0.05
    found = ReferenceConverger().converge(distribution_job(rng.random(nodes) + 0.01, chain, lazy=True))
    chances = chain / chain.sum(axis=1, keepdims=True)
    limit = np.linalg.matrix_power(chances, 1 << 12)[0]
    assert found.converged
    assert np.abs(fractions_of(found.current) - limit).max() < 1e-6


def test_a_chain_that_swings_needs_the_lazy_half() -> None:
    weights, swing = np.array([3.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    plain = ReferenceConverger().converge(distribution_job(weights, swing, most=50))
    assert (plain.converged, plain.current.tolist()) == (False, [ONE * 3 // 4, ONE // 4])
    lazy = ReferenceConverger().converge(distribution_job(weights, swing, lazy=True))
    assert (lazy.converged, lazy.current.tolist()) == (True, [ONE // 2, ONE // 2])


def test_what_is_done_stays_done() -> None:
    chain = np.array([[0.0, 9.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    found = ReferenceConverger().converge(distribution_job(np.array([1.0, 1.0, 0.0]), chain))
    assert found.iterations == 2
    assert fractions_of(found.current) == pytest.approx([0, 0.95, 0.05], abs=1e-9)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 150))
def test_reachability_finds_what_a_search_finds(seed: int, nodes: int) -> None:
    members, edges = random_graph(seed, nodes)
    found = ReferenceConverger().converge(reachability_job(members, edges))
    reached, border = set(np.flatnonzero(members).tolist()), list(np.flatnonzero(members).tolist())
    while border:
        node = border.pop()
        new = {end for start, end in edges.tolist() if start == node} - reached
        reached |= new
        border += new
    assert found.converged
    assert set(np.flatnonzero(members_of(found.current, nodes)).tolist()) == reached
