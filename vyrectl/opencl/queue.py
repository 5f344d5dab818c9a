"""One command queue of a device and the buffers behind it: memory, copies, kernels that can be interrupted.

Imports numpy; pyopencl comes with the program. Invariant: whatever the driver reports becomes a KernelDiedError that
names the device, and no wait blocks signals.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.backend import Interrupt
from vyrectl.engine.doing import COMPILING, say_doing
from vyrectl.errors import DeviceError, KernelDiedError
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.kept import Desk, Piece, forget
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.program import Program
from vyrectl.opencl.staging import LEAST_BYTES, Staging
from vyrectl.task.parts import in_parts, processors

_LEAST_BUFFER_BYTES = 64
LEAVE_SECONDS = 5.0
"""How long a kernel gets to leave when whoever waits for it was interrupted."""

_ABANDONED: list[object] = []
"""What a kernel that did not leave still works with; never released."""

BYTES_PER_THREAD = 16 << 20
"""Fewer to copy are not worth a thread."""

_LOOKS, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 64, 20e-6, 2e-3
"""Looks at an event before the first pause: a kernel over a short ring has ended by then."""


class _Pending(NamedTuple):
    """A kernel that was enqueued."""

    event: Any
    name: str
    asked_at: float
    is_first: bool


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
        self.cl = pyopencl()
        self._program = program
        station = program.station
        self._desk = Desk(program.queue) if station is None else station.sit()
        self._queue = self._desk.queue
        self._urgent: Any = None
        self._beside: Any = None
        self._pieces: list[Piece] = []
        self._memories: dict[int, NDArray[np.uint8]] = {}
        self._borrowed: list[Any] = []
        self._bytes = 0
        self._pending: list[_Pending] = []
        self._compiles = False
        self._is_stuck = False
        self._is_broken = False
        self._is_open = True

    def kernel(self, name: str) -> BuiltKernel:
        """A kernel of the program for this session alone."""
        return self._desk.kernel(self._program, name)

    def buffer(self, size_bytes: int) -> Any:
        """Memory for the device, with arbitrary content; the host's own where they share it."""
        flags = self.cl.mem_flags.READ_WRITE
        size = max(size_bytes, _LEAST_BUFFER_BYTES)
        piece = self._desk.take(size)
        if piece is None and self._program.coherent:
            memory = page_aligned(size)
            piece = Piece(self._over(memory), memory)
        elif piece is None:
            piece = Piece(self.cl.Buffer(self._program.context, flags, size), None)
        if piece.memory is not None:
            self._memories[piece.buffer.int_ptr] = piece.memory
        self._pieces.append(piece)
        self._bytes += size
        return piece.buffer

    def _over(self, memory: Any) -> Any:
        flags = self.cl.mem_flags
        return self.cl.Buffer(self._program.context, flags.READ_WRITE | flags.USE_HOST_PTR, hostbuf=memory)

    def shared(self, memory: Any) -> Any:
        """The host's memory itself, for the device to work on."""
        buffer = self._over(memory)
        if self._program.coherent and isinstance(memory, np.ndarray):
            self._memories[buffer.int_ptr] = bytes_of(memory)
        self._borrowed.append(buffer)
        return buffer

    @property
    def allocated_bytes(self) -> int:
        """Bytes of all buffers of the device's own so far."""
        return self._bytes

    def forget_times(self) -> None:
        """Count seconds from here on."""
        self.device_seconds = self.compile_seconds = 0.0

    def read(self, array: NDArray[Any], buffer: Any, offset: int = 0) -> None:
        """Fill an array from a buffer.

        Raises:
            KernelDiedError: The device failed.
        """
        memory = self._memories.get(buffer.int_ptr)
        if memory is not None:
            _copy(bytes_of(array), memory[offset : offset + array.nbytes])
            return
        try:
            if self._is_staged(array):
                self._staging().read(bytes_of(array), buffer, offset)
            else:
                self.cl.enqueue_copy(self._queue, array, buffer, src_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be read") from error

    def write(self, buffer: Any, array: NDArray[Any], offset: int = 0) -> None:
        """Copy an array into a buffer.

        Raises:
            KernelDiedError: The device failed.
        """
        memory = self._memories.get(buffer.int_ptr)
        if memory is not None:
            _copy(memory[offset : offset + array.nbytes], bytes_of(array))
            return
        try:
            if self._is_staged(array):
                self._staging().write(buffer, bytes_of(array), offset)
            else:
                self.cl.enqueue_copy(self._queue, buffer, array, dst_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be written") from error

    def _is_staged(self, array: NDArray[Any]) -> bool:
        """Whether so much goes to or from memory of the device's own that pinned pieces are quicker."""
        station = self._program.station
        return station is not None and not station.device.is_cpu and array.nbytes >= LEAST_BYTES

    def _staging(self) -> Staging:
        assert self._program.station is not None
        return self._program.station.staging()

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

    def enqueue(self, kernel: BuiltKernel, work_items: int, local: int, /, **given: object) -> None:
        """Have a kernel run after those before it.

        Args:
            kernel: One of this session's.
            work_items: How many.
            local: Of a work-group.
            given: Its arguments, by name.

        Raises:
            KernelDiedError: The driver does not take it.
        """
        is_first = self._is_first(kernel, work_items, local)
        if is_first and not self._compiles:
            self._compiles = True
            say_doing(COMPILING)
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
            asked = self._wait(pending[-1].event, interrupt, ask)
            for one in pending:
                self._look_at_clock(one)
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
        pieces, borrowed = self._pieces, self._borrowed
        self._pieces, self._borrowed, self._memories = [], [], {}
        if self._is_stuck:
            beside = self._urgent, self._beside
            _ABANDONED.append((self._program, self._desk, *beside, pieces, borrowed))
            return
        self._queue.finish()
        for buffer in borrowed:
            buffer.release()
        station = self._program.station
        if station is None or self._is_broken:
            for piece in pieces:
                piece.buffer.release()
            return
        for piece in pieces:
            self._desk.put(piece)
        station.leave(self._desk)

    def died(self, error: Exception, doing: str) -> DeviceError:
        """What to raise for an error of the driver, with which nothing is kept that it may have spoiled."""
        self._give_up()
        return KernelDiedError(
            f"the device cannot {doing} ({error})",
            where=self._program.device.name,
            fix="Try another device with --device; the ring on disk is unchanged",
        )

    def _give_up(self) -> None:
        self._is_broken = True
        if self._program.station is not None:
            forget(self._program.station)

    def _wait(self, event: Any, interrupt: Interrupt, ask: Callable[[], None]) -> bool:
        """Poll, so that signals and the wish to stop are noticed while the device works."""
        complete = self.cl.command_execution_status.COMPLETE
        running = self.cl.command_execution_status.RUNNING
        pause = _FIRST_PAUSE_SECONDS
        asked, looks = False, 0
        while (status := event.command_execution_status) != complete:
            if status <= running:
                self._has_compiled()
            if status < 0:
                self._give_up()
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


def page_aligned(size_bytes: int) -> NDArray[np.uint8]:
    """Memory that starts on a page, with arbitrary content, u8, shape (size_bytes,)."""
    raw = np.empty(size_bytes + mmap.PAGESIZE, np.uint8)
    skip = -raw.ctypes.data % mmap.PAGESIZE
    return raw[skip : skip + size_bytes]


def _copy(into: NDArray[np.uint8], data: NDArray[np.uint8]) -> None:
    """Copy bytes, many of them on several threads."""

    def work(first: int, end: int) -> None:
        into[first:end] = data[first:end]

    in_parts(len(into), work, threads=1 + min(processors() - 1, len(into) // BYTES_PER_THREAD))


def bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """A contiguous array as bytes."""
    return array.reshape(-1).view(np.uint8)


def _shape_of(kernel: BuiltKernel, work_items: int, local: int) -> tuple[int, int, int]:
    return kernel.handle.int_ptr, work_items, local


def _waited(profile: Any, most: float) -> float:
    """Seconds from the call to the kernel's begin, by a clock that may be the driver's invention."""
    told: float = (profile.start - profile.queued) * 1e-9
    return min(max(told, 0.0), max(most, 0.0))
