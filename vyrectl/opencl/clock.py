"""Which clock a device's kernels can read: the rungs of `kernels/include/vyre_clock.h`, by try-building and running.

Invariant: a rung that is chosen went forward in a kernel of this device.
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from vyrectl.dataclass import dataclass
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.quiet import without_counts
from vyrectl.opencl.source import assemble_alone

KERNEL = "vyre_ask_clock"
CALIBRATE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that kernels read.

    Attributes:
        rung: VYRE_CLOCK.
        name: What a trace calls it.
        ticks_per_second: How fast it goes; 0 for numbers that only count.
    """

    rung: int
    name: str
    ticks_per_second: float


SEQUENCE = Clock(0, "sequence numbers: no clock can be read, distances mean nothing", 0.0)

RUNGS: tuple[tuple[int, str, str, float], ...] = (
    (1, "cl_khr_kernel_clock", "CL3.0", 0.0),
    (2, "NVIDIA %globaltimer, nanoseconds", "CL3.0", 1e9),
    (3, "__builtin_readcyclecounter, calibrated against the host", "CL1.2", 0.0),
)
"""VYRE_CLOCK, name, -cl-std, ticks per second where they are known."""


COUNTING = ("portable computing language", "intel")
"""Platforms whose compiler takes `__builtin_readcyclecounter`; in others (rusticl's) it ends the process."""


def choose_clock(device: Device, context: Handle, queue: Handle) -> Clock:
    """The first rung that builds, runs and goes forward; sequence numbers otherwise.

    Args:
        device: Whose clock it is to be.
        context: pyopencl context on it.
        queue: pyopencl command queue.
    """
    for rung, name, standard, known in RUNGS:
        if rung == 1 and "cl_khr_kernel_clock" not in device.handle.extensions:
            continue
        if rung == 2 and "nvidia" not in device.platform.lower():
            continue
        if rung == 3 and not any(name in device.platform.lower() for name in COUNTING):
            continue
        ask = _Asker.build(context, queue, rung, standard)
        if ask is None or not ask.goes_forward():
            continue
        return Clock(rung, name, known or ask.ticks_per_second())
    return SEQUENCE


class _Asker:
    """A built `clock.cl`."""

    def __init__(self, context: Handle, queue: Handle, kernel: BuiltKernel) -> None:
        self._context, self._queue, self._kernel = context, queue, kernel

    @classmethod
    def build(cls, context: Handle, queue: Handle, rung: int, standard: str) -> _Asker | None:
        cl = pyopencl()
        source = assemble_alone("clock.cl")
        try:
            with warnings.catch_warnings(), without_counts():
                warnings.simplefilter("ignore")
                handle = cl.Program(context, source).build([f"-cl-std={standard}", f"-DVYRE_CLOCK={rung}"])
                kernel = BuiltKernel(cl.Kernel(handle, KERNEL), KERNEL)
        except cl.Error:
            return None
        return cls(context, queue, kernel)

    def goes_forward(self) -> bool:
        try:
            first, second = self.ask(), self.ask()
        except pyopencl().Error:
            return False
        return first[0] < first[1] <= second[0] < second[1]

    def ask(self) -> tuple[int, int]:
        """The clock at two moments of one kernel."""
        cl = pyopencl()
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
        times = cl.Buffer(self._context, flags, hostbuf=np.zeros(4, np.uint64))
        counter = cl.Buffer(self._context, flags, hostbuf=np.zeros(16, np.uint32))
        self._kernel(self._queue, 1, 1, times=times, counter=counter)
        answers = np.empty(4, np.uint64)
        cl.enqueue_copy(self._queue, answers, times)
        return int(answers[0]), int(answers[1])

    def ticks_per_second(self) -> float:
        """By two looks some time apart; a kernel's start is uncertain by microseconds."""
        began, first = time.perf_counter(), self.ask()[1]
        middle = time.perf_counter()
        time.sleep(CALIBRATE_SECONDS)
        before, second = time.perf_counter(), self.ask()[1]
        ended = time.perf_counter()
        return (second - first) / ((before + ended) / 2 - (began + middle) / 2)
