"""`converge`: state convergence (spec 1.8) in this process, and in a child that the caller survives.

A user's step is trusted code and may crash its device; `converge_apart` therefore runs it as `launch_file` runs a
ring: the parent keeps the clock and the signals, and the result comes back through memory that both see.
"""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.converge import (
    STOPPED,
    Convergence,
    Converger,
    Fixpoint,
    ReferenceConverger,
    Stop,
    Words,
)
from vyrectl.engine.shares import bit_set, check_chain, cumulative_matrix, edges_by_target, shares_of
from vyrectl.engine.steps import StepSource, find_step, load_steps
from vyrectl.errors import DeviceError, InvalidInputError, VyrectlError
from vyrectl.launch.deaths import silent_end
from vyrectl.launch.elsewhere import may_fork
from vyrectl.launch.supervisor import GRACE_SECONDS, Channel, Ending, Supervisor
from vyrectl.numbers import integer

DEFAULT_MAX_ITERATIONS = 10_000
REFERENCE = "reference"

DISTRIBUTION, REACHABILITY = "distribution", "reachability"


def converge(
    vector: NDArray[Any],
    *,
    step: str | None = None,
    steps: StepSource | str | PathLike[str] | None = None,
    operands: Sequence[NDArray[Any]] = (),
    device: Any = None,
    max_iterations: int = DEFAULT_MAX_ITERATIONS,
    stop: Stop = lambda: False,
) -> Fixpoint:
    """Repeat a transfer step over a vector until an iteration changes nothing, in one dispatch.

    `vyrectl.launch.converge.share_job` and `reach_job` make vectors and operands for the steps that ship.

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
    weights: NDArray[Any], transitions: NDArray[Any], *, lazy: bool = False
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


def reach_job(members: NDArray[np.bool_], edges: NDArray[np.integer[Any]]) -> tuple[Words, tuple[Words, ...]]:
    """Vector and operands of the step `reachability`.

    Args:
        members: Which nodes are in the set at the start, shape (n,).
        edges: From and to, shape (m, 2).

    Raises:
        InvalidInputError: An edge names a node that does not exist.
    """
    return bit_set(members), edges_by_target(edges, len(members))


def as_words(array: NDArray[Any], what: str, *, least: int = 0) -> Words:
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


def choose_converger(device: Any = None) -> Converger:
    """What `device` stands for; see `converge`.

    Raises:
        DeviceError: No usable device.
        UsageError: No device has that name.
    """
    if not isinstance(device, str) and hasattr(device, "converge"):
        given: Converger = device
        return given
    if (device or os.environ.get("VYRECTL_DEVICE")) == REFERENCE:
        return ReferenceConverger()
    from vyrectl.opencl.converge import OpenCLConverger

    return OpenCLConverger(device)


@dataclass(frozen=True, slots=True)
class Apart:
    """A run in a child process.

    Attributes:
        fixpoint: Its answer.
        signal_received: The signal that ended it early, 0 for none.
        timed_out: The time ended it early.
    """

    fixpoint: Fixpoint
    signal_received: int
    timed_out: bool


class ConvergeKilledError(VyrectlError):
    """The child did not stop within the grace and was killed."""

    kind = "converge_killed"

    def __init__(self, grace: float, exit_code: int) -> None:
        super().__init__(
            f"the device did not stop within {grace:g} s and was killed",
            fix="Give a smaller --max-iterations",
        )
        self.exit_code = exit_code


def converge_apart(
    vector: Words,
    *,
    timeout: float | None = None,
    grace: float = GRACE_SECONDS,
    **options: Any,
) -> Apart:
    """`converge` in a child process; in this one where forking would be unsafe (threads, a driver loaded).

    Args:
        vector: See `converge`.
        timeout: Seconds until it is asked to stop, from the moment the device starts.
        grace: Seconds it then has.
        options: What `converge` takes beside these.

    Raises:
        ConvergeKilledError: It had to be killed.
        DeviceError: The child died by itself.
        VyrectlError: Whatever `converge` raises, relayed.
    """
    if not may_fork():
        return _converge_here(vector, timeout, options)
    shared = mmap.mmap(-1, max(vector.nbytes, 1))

    def work(channel: Channel) -> dict[str, Any]:
        channel.send({"started": True})
        found = converge(vector, stop=channel.stop_reason, **options)
        shared[: vector.nbytes] = found.current.tobytes()
        return {
            "iterations": found.iterations,
            "ended": found.ended,
            "device": found.device,
            "device_seconds": found.device_seconds,
            "work_group_size": found.work_group_size,
        }

    ending = Supervisor(work, watch=lambda message: None, timeout=timeout, grace=grace).run()
    if ending.killed:
        raise ConvergeKilledError(grace, _exit_code(ending))
    if ending.result is None:
        raise DeviceError(
            f"the process that drove the device {_how_it_died(ending)}",
            fix="Look at the step's source: it may write through a wild pointer or divide by 0",
        )
    current = np.frombuffer(shared, np.uint32, count=len(vector)).copy()
    stopped = ending.result["ended"] == STOPPED
    return Apart(
        Fixpoint(current, **ending.result),
        (ending.signal_received or 0) if stopped else 0,
        ending.timed_out and stopped,
    )


def _converge_here(vector: Words, timeout: float | None, options: dict[str, Any]) -> Apart:
    deadline = None if timeout is None else time.monotonic() + timeout
    found = converge(vector, stop=lambda: deadline is not None and time.monotonic() >= deadline, **options)
    return Apart(found, 0, found.ended == STOPPED)


def _exit_code(ending: Ending) -> int:
    return 128 + ending.signal_received if ending.signal_received else 124


def _how_it_died(ending: Ending) -> str:
    if ending.died_of is None:
        return silent_end(ending.exit_status)
    return f"died of {signal.Signals(ending.died_of).name}"
