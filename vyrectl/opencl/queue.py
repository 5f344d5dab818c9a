"""One command queue of a device: its kernels, one after another, and a wait that signals can interrupt.

Invariant: whatever the driver reports becomes a KernelDiedError that names the device, and no wait blocks signals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from vyrectl.engine.backend import Interrupt
from vyrectl.engine.doing import COMPILING, say_doing
from vyrectl.errors import KernelDiedError
from vyrectl.opencl.buffers import Buffers
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.program import Program

LEAVE_SECONDS = 5.0
"""How long a kernel gets to leave when whoever waits for it was interrupted."""

_LOOKS, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 64, 20e-6, 2e-3
"""Looks at an event before the first pause: a kernel over a short ring has ended by then."""


class _Pending(NamedTuple):
    """A kernel that was enqueued."""

    event: Handle
    name: str
    asked_at: float
    is_first: bool


class DeviceQueue(Buffers):
    """The queue of a program, as one session uses it, and the buffers behind it."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.device_seconds = 0.0
        self.compile_seconds = 0.0
        self._queue = self._desk.queue
        self._pending: list[_Pending] = []
        self._compiles = False
        self._is_stuck = False
        self._is_open = True

    def kernel(self, name: str) -> BuiltKernel:
        """A kernel of the program for this session alone."""
        return self._desk.kernel(self._program, name)

    def forget_times(self) -> None:
        """Count seconds from here on."""
        self.device_seconds = self.compile_seconds = 0.0

    def enqueue(self, kernel: BuiltKernel, work_items: int, local: int, /, **given: object) -> None:
        """Have a kernel run after those before it.

        Args:
            kernel: One of this session's.
            work_items: Work-items of the whole run.
            local: Of a work-group.
            given: Its arguments, by name.

        Raises:
            KernelDiedError: The driver does not take it.
        """
        is_first = self._is_first(kernel, work_items, local)
        if is_first and not self._compiles:
            self._compiles = True
            say_doing(COMPILING)
        self._all_change()
        try:
            asked_at = time.monotonic()
            event = kernel(self._queue, work_items, local, **given)
        except self.cl.Error as error:
            raise self.died(error, f"run {kernel.name}") from error
        self._pending.append(_Pending(event, kernel.name, asked_at, is_first))

    def wait(self, interrupt: Interrupt = lambda: None, ask: Callable[[], None] = lambda: None) -> bool:
        """Wait for the end of every kernel that was enqueued.

        Args:
            interrupt: Called again and again; true when the kernels should be asked to leave.
            ask: Asks them, once.

        Returns:
            Whether they were asked.

        Raises:
            KernelDiedError: One did not end well.
            BaseException: Whatever interrupts the wait, Ctrl-C above all; the kernels are asked to leave then, and get
                LEAVE_SECONDS for it.
        """
        pending, self._pending = self._pending, []
        try:
            self._queue.flush()
            asked = self._wait(pending[0].event, pending[-1].event, interrupt, ask)
            for one in pending:
                self._look_at_clock(one)
            self._hear()
        except self.cl.Error as error:
            raise self.died(error, f"run {pending[-1].name}") from error
        except BaseException:
            self._part_from_kernel(ask)
            raise
        return asked

    def _look_at_clock(self, ended: _Pending) -> None:
        """Note what a kernel took, and at its first run what it waited for before."""
        profile = ended.event.profile
        start = profile.start
        run = (profile.end - start) * 1e-9
        self.device_seconds += run
        if ended.is_first:
            self.compile_seconds += _waited(profile, time.monotonic() - ended.asked_at - run)

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

    def is_warm(self, kernel: BuiltKernel, work_items: int, local: int) -> bool:
        """Whether a kernel ran here in this shape before, so that nothing of it is left to be compiled."""
        return _shape_of(kernel, work_items, local) in self._desk.warm

    def _is_first(self, kernel: BuiltKernel, work_items: int, local: int) -> bool:
        if self.is_warm(kernel, work_items, local):
            return False
        self._desk.warm.add(_shape_of(kernel, work_items, local))
        return True

    def close(self) -> None:
        """Give the buffers back once the queue is empty; with a kernel that does not leave, nothing."""
        if not self._is_open:
            return
        self._is_open = False
        if self._is_stuck:
            self.abandon()
            return
        self._queue.finish()
        self.release()

    def _wait(self, first: Handle, event: Handle, interrupt: Interrupt, ask: Callable[[], None]) -> bool:
        """Poll, so that signals and the wish to stop are noticed while the device works.

        A driver of a GPU has compiled all kernels once the first of them runs, and may not say of a later one that it
        does; one of a CPU compiles each when its turn comes.
        """
        tells = event if self._program.device.is_cpu else first
        complete = self.cl.command_execution_status.COMPLETE
        running = self.cl.command_execution_status.RUNNING
        pause = _FIRST_PAUSE_SECONDS
        asked, looks = False, 0
        while (status := event.command_execution_status) != complete:
            if status <= running or (self._compiles and tells.command_execution_status <= running):
                self._has_compiled()
            if status < 0:
                self.give_up()
                raise KernelDiedError(
                    f"the kernel ended with OpenCL status {status}",
                    where=self._program.device.name,
                    fix="Run `vyrectl doctor`, or try another device",
                )
            looks += 1
            if looks < _LOOKS:
                continue
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
            if interrupt() and not asked:
                asked = True
                ask()
        self._has_compiled()
        return asked

    def _has_compiled(self) -> None:
        """What was run for the first time is running: the driver has compiled it by now."""
        if self._compiles:
            self._compiles = False
            say_doing(None)


def _shape_of(kernel: BuiltKernel, work_items: int, local: int) -> tuple[int, int, int]:
    return kernel.handle.int_ptr, work_items, local


def _waited(profile: Handle, most: float) -> float:
    """Seconds from the call to the kernel's begin, by a clock that may be the driver's invention."""
    told: float = (profile.start - profile.queued) * 1e-9
    return min(max(told, 0.0), max(most, 0.0))
