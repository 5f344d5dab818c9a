"""One command queue of a device and the buffers behind it: memory, copies, kernels that can be interrupted.

Imports numpy; pyopencl comes with the program. Invariant: whatever the driver reports becomes a KernelDiedError that
names the device, and no wait blocks signals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from vyrectl.engine.backend import Interrupt
from vyrectl.errors import DeviceError, KernelDiedError
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.program import Program

_LEAST_BUFFER_BYTES = 64
LEAVE_SECONDS = 5.0
"""How long a kernel gets to leave when whoever waits for it was interrupted."""

_ABANDONED: list[object] = []
"""What a kernel that did not leave still works with; never released."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 20e-6, 2e-3


class DeviceQueue:
    """The queue of a program, as one session uses it.

    Args:
        program: Whose queue and context.

    Attributes:
        device_seconds: What the kernels have taken so far, by the device's own events.
        compile_seconds: What their first dispatches waited before they began: some drivers compile only then.
    """

    def __init__(self, program: Program) -> None:
        self.device_seconds = 0.0
        self.compile_seconds = 0.0
        self._begun: set[str] = set()
        self.cl = pyopencl()
        self._program = program
        self._queue = program.queue
        self._urgent: Any = None
        self._beside: Any = None
        self._buffers: list[Any] = []
        self._is_stuck = False

    def buffer(self, size_bytes: int) -> Any:
        """Memory of the device's own."""
        flags = self.cl.mem_flags.READ_WRITE
        size = max(size_bytes, _LEAST_BUFFER_BYTES)
        return self._kept(self.cl.Buffer(self._program.context, flags, size))

    def shared(self, memory: Any) -> Any:
        """The host's memory itself, for the device to work on."""
        flags = self.cl.mem_flags
        return self._kept(
            self.cl.Buffer(self._program.context, flags.READ_WRITE | flags.USE_HOST_PTR, hostbuf=memory)
        )

    @property
    def allocated_bytes(self) -> int:
        """Bytes of all buffers so far."""
        return sum(buffer.size for buffer in self._buffers)

    def read(self, array: NDArray[Any], buffer: Any, offset: int = 0) -> None:
        """Fill an array from a buffer.

        Raises:
            KernelDiedError: The device failed.
        """
        try:
            self.cl.enqueue_copy(self._queue, array, buffer, src_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be read") from error

    def write(self, buffer: Any, array: NDArray[Any], offset: int = 0) -> None:
        """Copy an array into a buffer.

        Raises:
            KernelDiedError: The device failed.
        """
        try:
            self.cl.enqueue_copy(self._queue, buffer, array, dst_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be written") from error

    def write_beside(self, buffer: Any, array: NDArray[Any]) -> None:
        """Copy into a buffer while a kernel runs, through a second queue."""
        if self._urgent is None:
            self._urgent = self.cl.CommandQueue(self._program.context)
        self.cl.enqueue_copy(self._urgent, buffer, array)
        self._urgent.finish()

    def read_beside(self, array: NDArray[Any], buffer: Any, offset: int = 0) -> None:
        """Fill an array from a buffer while a kernel runs, through a queue for this alone; one thread at a time.

        Raises:
            KernelDiedError: The device failed.
        """
        try:
            if self._beside is None:
                self._beside = self.cl.CommandQueue(self._program.context)
            self.cl.enqueue_copy(self._beside, array, buffer, src_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be read beside its kernel") from error

    def launch(
        self,
        kernel: Any,
        work_items: int,
        local: int,
        *arguments: Any,
        interrupt: Interrupt = lambda: None,
        ask: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run a kernel to its end.

        Args:
            kernel: It.
            work_items: How many.
            local: Of a work-group.
            arguments: What it takes.
            interrupt: Called again and again; true when the kernel should be asked to leave.
            ask: Asks it, once.

        Returns:
            Whether it was asked.

        Raises:
            KernelDiedError: It did not end well.
            BaseException: Whatever interrupts the wait, Ctrl-C above all; the kernel is asked to leave then, and gets
                LEAVE_SECONDS for it.
        """
        try:
            before = time.monotonic()
            event = kernel(self._queue, (work_items,), (local,), *arguments)
            self._queue.flush()
            asked = self._wait(event, interrupt, ask)
            run = (event.profile.end - event.profile.start) * 1e-9
            self.device_seconds += run
            if kernel.function_name not in self._begun:
                self._begun.add(kernel.function_name)
                self.compile_seconds += _waited(event.profile, time.monotonic() - before - run)
        except self.cl.Error as error:
            raise self.died(error, f"run {kernel.function_name}") from error
        except BaseException:
            self._part_from_kernel(ask)
            raise
        return asked

    def _part_from_kernel(self, ask: Callable[[], None]) -> None:
        """Ask a kernel to leave that nobody will wait for, and see whether it does."""
        self._is_stuck = True
        ask()
        marker = self.cl.enqueue_marker(self._queue)
        self._queue.flush()
        until = time.monotonic() + LEAVE_SECONDS
        complete = self.cl.command_execution_status.COMPLETE
        while marker.command_execution_status > complete:
            if time.monotonic() >= until:
                return
            time.sleep(_LONGEST_PAUSE_SECONDS)
        self._is_stuck = False

    def close(self) -> None:
        """Release every buffer once the queue is empty; with a kernel that does not leave, nothing."""
        if self._is_stuck:
            _ABANDONED.append((self._program, self._queue, self._urgent, self._beside, self._buffers))
            self._buffers = []
        if self._buffers:
            self._queue.finish()
        for buffer in self._buffers:
            buffer.release()
        self._buffers = []

    def died(self, error: Exception, doing: str) -> DeviceError:
        """What to raise for an error of the driver."""
        return KernelDiedError(
            f"the device cannot {doing} ({error})",
            where=self._program.device.name,
            fix="Try another device with --device; the ring on disk is unchanged",
        )

    def _kept(self, buffer: Any) -> Any:
        self._buffers.append(buffer)
        return buffer

    def _wait(self, event: Any, interrupt: Interrupt, ask: Callable[[], None]) -> bool:
        """Poll, so that signals and the wish to stop are noticed while the device works."""
        complete = self.cl.command_execution_status.COMPLETE
        pause = _FIRST_PAUSE_SECONDS
        asked = False
        while (status := event.command_execution_status) != complete:
            if status < 0:
                raise KernelDiedError(
                    f"the kernel ended with OpenCL status {status}",
                    where=self._program.device.name,
                    fix="Run `vyrectl doctor`, or try another device",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
            if not asked and interrupt():
                asked = True
                ask()
        return asked


def _waited(profile: Any, most: float) -> float:
    """Seconds from the call to the kernel's begin, by a clock that may be the driver's invention."""
    told: float = (profile.start - profile.queued) * 1e-9
    return min(max(told, 0.0), max(most, 0.0))
