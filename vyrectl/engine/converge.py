"""State convergence (spec 1.8): the job, its answer, and the reference backend that judges every other.

The reference runs the loop of `kernels/converge/loop.cl` one word after the other; each shipped step has its
Python twin below, with the same arithmetic and the same checked reads. A step of the user's own needs a twin to
run here. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import U32_MAX, U64_MAX
from vyrectl.abi.loop import LoopEnd
from vyrectl.dataclass import dataclass
from vyrectl.engine.shares import SHARE_BITS
from vyrectl.engine.transfer_steps import StepInfo, StepSource
from vyrectl.errors import DeviceError, StepFaultError
from vyrectl.records import Comparable

Words = NDArray[np.uint32]

ASK_EVERY_WORDS = 1 << 10
"""Words that the reference works on between two looks at whether to stop."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """What to iterate.

    Attributes:
        step: The transfer step.
        source: The source that declares it.
        current: The vector to start from, u32, shape (n,), n >= 1; not written.
        operands: Arrays of u32 words, shape (any,), that the step may read.
        max_iterations: Most iterations; 0 leaves the vector as it is.
    """

    step: StepInfo
    source: StepSource
    current: Words
    operands: tuple[Words, ...] = ()
    max_iterations: int = U32_MAX


@dataclass(frozen=True, slots=True, eq=False)
class Fixpoint(Comparable):
    """What came of it.

    Attributes:
        current: The vector at the end, u32, shape (n,).
        iterations: Iterations run; one that changes nothing is the last and counts.
        ended: the word of a `LoopEnd`.
        device: Name of the device, or `reference`.
        device_seconds: Time the device was busy.
        work_group_size: Work-items of the one group; 1 on the reference.
    """

    current: Words = field(repr=False)
    iterations: int
    ended: str
    device: str
    device_seconds: float = 0.0
    work_group_size: int = 1

    @property
    def converged(self) -> bool:
        """True when the last iteration changed nothing."""
        return self.ended == LoopEnd.CONVERGED.word


Stop = Callable[[], object]
"""Gives something true when the run should end early."""


class Converger(Protocol):
    """Something that can run a transfer step until it comes to rest."""

    name: str
    """What a report calls it."""

    def converge(self, job: Convergence, stop: Stop = lambda: False) -> Fixpoint:
        """Iterate until nothing changes, `max_iterations` or the wish to stop.

        Raises:
            StepFaultError: The step read outside an array.
            DeviceError: The device cannot run it.
        """


class StepReads:
    """What a step may read, as `vyre_step` shows it on the device.

    Args:
        current: The vector before this iteration, words.
        operands: Words of each operand, from 0 up.
        step: Name of the step, for errors.
    """

    def __init__(self, current: Sequence[int], operands: Sequence[Sequence[int]], step: str = "step") -> None:
        self.words = len(current)
        self._current = current
        self._operands = operands
        self._step = step
        self.index = 0
        self.iteration = 1

    def current(self, word: int) -> int:
        """One word of the vector.

        Raises:
            StepFaultError: There is no such word.
        """
        if word >= self.words:
            raise StepFaultError(self._step, self.index, self.iteration, None, word)
        return self._current[word]

    def operand_words(self, operand: int) -> int:
        """How many words an operand has; 0 when there is no such operand."""
        return len(self._operands[operand]) if operand < len(self._operands) else 0

    def operand(self, operand: int, word: int) -> int:
        """One word of an operand.

        Raises:
            StepFaultError: There is no such word.
        """
        if word >= self.operand_words(operand):
            raise StepFaultError(self._step, self.index, self.iteration, operand, word)
        return self._operands[operand][word]


Body = Callable[[StepReads, int], int]
"""A step in Python: the reads and the index; gives next[index], u32."""


def distribution(step: StepReads, index: int) -> int:
    """Shares move once under the cumulative transition matrix; see `kernels/converge/distribution.cl`."""
    arriving = _flow(step, index - 1) if index else 0
    return (step.current(index) + _flow(step, index) - arriving) & U32_MAX


def _flow(step: StepReads, j: int) -> int:
    exact = 0
    for i in range(step.words):
        share = step.current(i)
        exact += share * step.operand(0, i * step.words + j) - (share << SHARE_BITS if i <= j else 0)
    exact &= U64_MAX
    back = exact >> 63
    size = ((-exact if back else exact) & U64_MAX) >> SHARE_BITS
    return -size if back else size


def reachability(step: StepReads, index: int) -> int:
    """Nodes join a bit set along edges; see `kernels/converge/reachability.cl`."""
    nodes = max(0, step.operand_words(0) - 1)
    members = step.current(index)
    for bit in range(min(32, nodes - 32 * index)):
        if not members >> bit & 1 and _is_reached(step, 32 * index + bit):
            members |= 1 << bit
    return members


def _is_reached(step: StepReads, node: int) -> bool:
    end = step.operand(0, node + 1)
    sources = (step.operand(1, at) for at in range(step.operand(0, node), end))
    return any(step.current(source >> 5) >> (source & 31) & 1 for source in sources)


BODIES: Mapping[str, Body] = {"distribution": distribution, "reachability": reachability}
"""Python twins of the steps that ship."""


class ReferenceConverger:
    """Runs transfer steps in plain Python, one word after the other.

    Args:
        bodies: Name -> Python twin, beside those of the shipped steps.
    """

    name = "reference"

    def __init__(self, bodies: Mapping[str, Body] | None = None) -> None:
        self._bodies = {**BODIES, **(bodies or {})}

    def converge(self, job: Convergence, stop: Stop = lambda: False) -> Fixpoint:
        """Iterate; see `Converger.converge`.

        Raises:
            DeviceError: The step is OpenCL C and has no twin here.
            StepFaultError: The step read outside an array.
        """
        body = self._bodies.get(job.step.name)
        if body is None:
            raise DeviceError(
                f"the reference backend cannot run {job.step.name!r}, which is OpenCL C",
                where=f"{job.step.path}, line {job.step.line}",
                fix="Choose an OpenCL device, or give ReferenceConverger a Python twin of it",
            )
        current: list[int] = job.current.tolist()
        operands = [operand.tolist() for operand in job.operands]
        ended, iterations = LoopEnd.BOUND, 0
        while ended is LoopEnd.BOUND and iterations < job.max_iterations:
            reads = StepReads(current, operands, job.step.name)
            reads.iteration = iterations + 1
            following = _next_words(body, reads, stop)
            if following is None:
                ended = LoopEnd.STOPPED
                break
            iterations += 1
            ended = LoopEnd.CONVERGED if following == current else LoopEnd.BOUND
            current = following
        return Fixpoint(np.array(current, np.uint32), iterations, ended.word, self.name)


def _next_words(body: Body, reads: StepReads, stop: Stop) -> list[int] | None:
    """The next vector, or None when the run should stop."""
    words = []
    for index in range(reads.words):
        if index % ASK_EVERY_WORDS == 0 and stop():
            return None
        reads.index = index
        words.append(body(reads, index))
    return words
