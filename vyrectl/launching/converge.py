"""`converge`: state convergence (spec 1.8) in this process; `vyrectl.hosting.converge` runs it in a child."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.converge import Convergence, Fixpoint, Stop, Words
from vyrectl.engine.shares import bit_set, check_chain, cumulative_matrix, edges_by_target, shares_of
from vyrectl.engine.transfer_steps import StepSource, find_step, load_steps
from vyrectl.errors import InvalidInputError
from vyrectl.launching.backends import choose_converger
from vyrectl.numbers import integer

DEFAULT_MAX_ITERATIONS = 10_000

DISTRIBUTION, REACHABILITY = "distribution", "reachability"


def converge(
    vector: NDArray[np.generic],
    *,
    step: str | None = None,
    steps: StepSource | str | PathLike[str] | None = None,
    operands: Sequence[NDArray[np.generic]] = (),
    device: object = None,
    max_iterations: int = DEFAULT_MAX_ITERATIONS,
    stop: Stop = lambda: False,
) -> Fixpoint:
    """Repeat a transfer step over a vector until an iteration changes nothing, in one dispatch.

    `vyrectl.launching.converge.share_job` and `reach_job` make vectors and operands for the steps that ship.

    Args:
        vector: u32, shape (n,); not written.
        step: Name of the step; may be left out when `steps` declares one.
        steps: An OpenCL C source with steps of your own.
        operands: Arrays of 32-bit elements that the step reads.
        device: `reference`, a selector for `vyrectl.opencl.devices.find_device`, a `Device` or a `Converger`; the
            best OpenCL device when None.
        max_iterations: Most iterations.
        stop: Asked while the device works; something true ends the run.

    Returns:
        The vector at the end, how many iterations it took and whether it has converged.

    Raises:
        UnknownNameError: Nothing bears the step's name.
        InvalidInputError: Arrays of another shape or type; a source that declares no step.
        StepFaultError: The step read outside an array.
        DeviceError: No usable device, a build that fails, a device that dies.
    """
    source = steps if isinstance(steps, StepSource) or steps is None else load_steps(Path(steps))
    info, declared = find_step(step, source)
    job = Convergence(
        info,
        declared,
        as_words(vector, "the vector", least=1),
        tuple(as_words(operand, f"operand {i}") for i, operand in enumerate(operands)),
        check_iterations(max_iterations),
    )
    return choose_converger(device).converge(job, stop)


def share_job(
    weights: NDArray[np.float64], transitions: NDArray[np.float64], *, lazy: bool = False
) -> tuple[Words, tuple[Words, ...]]:
    """Vector and operands of the step `distribution`.

    Args:
        weights: What each node holds at the start, float64 from 0 up, shape (n,).
        transitions: Transition counts or chances, float64 from 0 up, shape (n, n), from row to column; a row of
            zeros stays.
        lazy: Let half of each share stay in every iteration; see `cumulative_matrix`.

    Raises:
        InvalidInputError: No weight at all, or a matrix of another shape.
    """
    check_chain(transitions, len(weights), "the matrix")
    return shares_of(weights), (cumulative_matrix(transitions, lazy=lazy).reshape(-1),)


def reach_job(members: NDArray[np.bool_], edges: NDArray[np.integer]) -> tuple[Words, tuple[Words, ...]]:
    """Vector and operands of the step `reachability`.

    Args:
        members: Which nodes are in the set at the start, shape (n,).
        edges: From and to, shape (m, 2).

    Raises:
        InvalidInputError: An edge names a node that does not exist.
    """
    return bit_set(members), edges_by_target(edges, len(members))


def as_words(array: NDArray[np.generic], what: str, *, least: int = 0) -> Words:
    """An array of 32-bit elements as u32 words, bit by bit.

    Raises:
        InvalidInputError: Elements of another width, or too few or too many of them.
    """
    if array.dtype.kind not in "uif" or array.dtype.itemsize != 4:
        raise InvalidInputError(
            f"{what} holds {array.dtype}, not 32-bit elements", fix="Convert it to uint32"
        )
    if not least <= array.size <= U32_MAX:
        raise InvalidInputError(f"{what} has {array.size} words", fix=f"Give {least} to {U32_MAX}")
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return little.reshape(-1).view("<u4")


def check_iterations(most: int) -> int:
    """The bound of a run.

    Raises:
        UsageError: Not a u32.
    """
    return integer("max_iterations", most)
