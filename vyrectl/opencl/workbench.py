"""Single kernels on a device, outside any launch: built from a file, given buffers, timed one command at a time.

`reduce` counts rings with it and `vyrectl.bench` measures with it. Invariant: the time of a command is the device's
own, from its profiling events; who wants the host's looks at a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from vyrectl.errors import KernelDiedError
from vyrectl.opencl.build import Ladder
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kept import OpenDevice, open_device
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.source import assemble_file

PREFETCHING = ("portable computing language", "intel")
"""Platforms whose compiler takes `__builtin_prefetch`; it breaks others in ways that a try-build does not show."""

LEAST_BUFFER_BYTES = 64


class Workbench:
    """A device, ready for kernels of any file.

    Args:
        device: The device that runs them.
        host: Its context and queue, where the buffers of somebody else are worked on: a kernel takes buffers of its own
            context alone, which PoCL does not say and others do. Opened anew when None.

    Raises:
        DeviceError: It cannot be opened.
    """

    def __init__(self, device: Device, host: OpenDevice | None = None) -> None:
        self.device = device
        self._cl = pyopencl()
        self.context, self.queue = host or open_device(device)

    def build(self, *parts: str) -> Handle:
        """Build one file below `kernels`, on the best rung of the fence ladder that compiles.

        Args:
            parts: The file's path, for example "engine", "reduce.cl".

        Returns:
            What `kernel` takes.

        Raises:
            KernelBuildError: The device's compiler refuses it.
        """
        options = device_options(self.device)
        ladder = Ladder(self._cl, self.device, self.context, assemble_file(*parts), options=options)
        for built in ladder:
            ladder.keep(built)
            return built.handle
        raise ladder.refusal(())

    def kernel(self, built: Handle, name: str) -> BuiltKernel:
        """A fresh kernel object."""
        return BuiltKernel.of(built, name)

    def buffer(self, size_bytes: int) -> Handle:
        """Device memory with arbitrary content."""
        with self._care("give memory"):
            return self._cl.Buffer(
                self.context, self._cl.mem_flags.READ_WRITE, max(size_bytes, LEAST_BUFFER_BYTES)
            )

    def copy_of(self, array: NDArray[np.generic]) -> Handle:
        """Device memory that starts as a copy of an array."""
        flags = self._cl.mem_flags
        if not array.nbytes:
            return self.buffer(0)
        with self._care("give memory"):
            return self._cl.Buffer(
                self.context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=_bytes(array)
            )

    def over(self, array: NDArray[np.generic], *, writes: bool) -> Handle:
        """An array's own memory on a CPU device, a copy on any other.

        Args:
            array: Contiguous; it must outlive the buffer.
            writes: Kernels may write it.
        """
        if not self.device.is_cpu or not array.nbytes:
            return self.copy_of(array)
        flags = self._cl.mem_flags
        access = flags.READ_WRITE if writes else flags.READ_ONLY
        with self._care("give memory"):
            return self._cl.Buffer(self.context, access | flags.USE_HOST_PTR, hostbuf=_bytes(array))

    def run(self, kernel: BuiltKernel, work_items: int, local: int, /, **given: object) -> float:
        """Run a kernel to its end; seconds on the device."""
        with self._care(f"run {kernel.name}"):
            return _seconds(kernel(self.queue, work_items, local, **given))

    def run_many(self, kernel: BuiltKernel, count: int, /, **given: object) -> None:
        """Enqueue one work-item `count` times, each with the same arguments, and wait for the last."""
        with self._care(f"run {kernel.name}"):
            handle = kernel.handle
            handle.set_args(*kernel.arguments(given))
            enqueue, queue = self._cl.enqueue_nd_range_kernel, self.queue
            for _ in range(count):
                enqueue(queue, handle, (1,), (1,))
            queue.finish()

    def copy(self, target: Handle, source: Handle, size_bytes: int) -> float:
        """Copy from buffer to buffer; seconds on the device."""
        with self._care("copy"):
            return _seconds(self._cl.enqueue_copy(self.queue, target, source, byte_count=size_bytes))

    def read(self, buffer: Handle, array: NDArray[np.generic], offset_bytes: int = 0) -> None:
        """Bring a buffer's bytes into an array."""
        with self._care("be read"):
            self._cl.enqueue_copy(self.queue, _bytes(array), buffer, src_offset=offset_bytes)

    @contextmanager
    def _care(self, doing: str) -> Iterator[None]:
        try:
            yield
        except self._cl.Error as error:
            raise KernelDiedError(f"the device cannot {doing} ({error})", where=self.device.name) from error


def device_options(device: Device) -> list[str]:
    """Build options that a device's compiler calls for."""
    knows = device.is_cpu and any(name in device.platform.lower() for name in PREFETCHING)
    return ["-DVYRE_HAS_PREFETCH=1"] if knows else []


def _bytes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _seconds(event: Handle) -> float:
    event.wait()
    return float(event.profile.end - event.profile.start) * 1e-9
