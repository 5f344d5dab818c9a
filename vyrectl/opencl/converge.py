"""State convergence (spec 1.8) on an OpenCL device: one dispatch of one work-group.

The program is small: a transfer step, the loop of `kernels/converge/loop.cl` and the atomics of `vyre_sync.h`, on
the best rung of the ladder that builds and was seen to keep its promise. The host writes nothing while the loop runs,
but for the wish to stop.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.loop import (
    LOOP,
    LOOP_ENDED,
    LOOP_FAULT,
    LOOP_FAULT_KIND,
    LOOP_FAULT_OPERAND,
    LOOP_FAULT_WORD,
    LOOP_ITERATIONS,
    LOOP_STOP,
    OPERAND_ROW,
    STEP_PAST_OPERAND,
    LoopEnd,
)
from vyrectl.engine.converge import Convergence, Fixpoint, Stop, Words
from vyrectl.engine.transfer_steps import StepSource
from vyrectl.errors import DeviceError, KernelDiedError, StepFaultError
from vyrectl.opencl.build import Ladder
from vyrectl.opencl.devices import Device, find_device, pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.handoff import admits
from vyrectl.opencl.kept import OpenDevice, open_device
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.source import Paster, forget_macros
from vyrectl.resources import kernels_dir

OPERAND_DTYPE = dtype_of(OPERAND_ROW)
_STATE_WORDS = LOOP.size

CPU_ITEMS, GPU_ITEMS = 1, 1024
"""Most work-items of the group. A CPU runs them one after another anyway, and vectorises one item's loop better."""

MOST_KERNELS = 16
"""Steps whose kernels a converger keeps."""


class OpenCLConverger:
    """Runs transfer steps on one OpenCL device.

    Args:
        device: The device, or a selector for `find_device`.
        items: Most work-items of the group; the device's own choice when None.
    """

    def __init__(self, device: Device | str | None = None, *, items: int | None = None) -> None:
        self.device = device if isinstance(device, Device) else find_device(device)
        self._items = items or (CPU_ITEMS if self.device.is_cpu else GPU_ITEMS)
        self.name = self.device.name
        self._cl = pyopencl()
        self._host: OpenDevice | None = None
        self._kernels: dict[str, BuiltKernel] = {}

    def converge(self, job: Convergence, stop: Stop = lambda: False) -> Fixpoint:
        """Iterate; see `vyrectl.engine.converge.Converger`.

        Raises:
            KernelBuildError: The step does not compile; carries the compiler's log.
            StepFaultError: The step read outside an array.
            DeviceError: The device cannot hold the arrays, or died.
        """
        try:
            return self._run(job, stop)
        except self._cl.Error as error:
            raise KernelDiedError(
                f"the device cannot run the step ({error})",
                where=self.name,
                fix="Try another device with --device",
            ) from error

    def _run(self, job: Convergence, stop: Stop) -> Fixpoint:
        self._check_size(job)
        host = self._host = self._host or open_device(self.device)
        kernel = self._kernel(host, job)
        shape = self._shape(kernel, len(job.current))
        loop = _Loop(self._cl, host, job)
        event = kernel(host.queue, *shape, **loop.arguments)
        loop.wait(event, stop)
        state = loop.state()
        if state[LOOP_FAULT.index]:
            raise _fault(job, state)
        return Fixpoint(
            current=loop.current(),
            iterations=int(state[LOOP_ITERATIONS.index]),
            ended=LoopEnd(int(state[LOOP_ENDED.index])).word,
            device=self.name,
            device_seconds=(event.profile.end - event.profile.start) * 1e-9,
            work_group_size=shape[1],
        )

    def _shape(self, kernel: BuiltKernel, words: int) -> tuple[int, int]:
        """Global and local size: one group, hardly larger than the vector needs."""
        wanted = self._cl.kernel_work_group_info.WORK_GROUP_SIZE
        most = kernel.handle.get_work_group_info(wanted, self.device.handle)
        items = min(1 << (words - 1).bit_length(), most, self._items)
        return items, items

    def _kernel(self, host: OpenDevice, job: Convergence) -> BuiltKernel:
        """The kernel of a step, built once while its text stays as it is."""
        text = assemble(job.source, job.step.name)
        if text not in self._kernels:
            if len(self._kernels) >= MOST_KERNELS:
                self._kernels.clear()
            self._kernels[text] = self._build(host, job, text)
        return self._kernels[text]

    def _build(self, host: OpenDevice, job: Convergence, text: str) -> BuiltKernel:
        ladder = Ladder(
            self._cl,
            self.device,
            host.context,
            text,
            admits=lambda rung: admits(self.device, host.context, host.queue, rung),
        )
        for built in ladder:
            try:
                kernel = BuiltKernel.of(built.handle, "vyre_converge")
            except self._cl.Error as error:
                ladder.logs.append(str(error))
                continue
            ladder.keep(built)
            return kernel
        raise ladder.refusal((job.source,))

    def _check_size(self, job: Convergence) -> None:
        largest = max(job.current.nbytes, sum(operand.nbytes for operand in job.operands))
        if largest > self.device.max_allocation_bytes:
            raise DeviceError(
                f"an array takes {largest} bytes and the device gives at most "
                f"{self.device.max_allocation_bytes} in one piece",
                where=self.name,
                fix="Choose another device",
            )


def assemble(source: StepSource, step: str) -> str:
    """The program of one step: the source that declares it, then the loop that calls it."""
    paste = Paster(kernels_dir())
    header = paste.file(kernels_dir() / "include" / "vyre_step.h")
    own = paste.source(source.text, source.path)
    parts = (
        header,
        own,
        forget_macros((own,)),
        f"#define VYRE_STEP_CALL(step, index) vyre_step_{step}((step), (index))",
        paste.file(kernels_dir() / "converge" / "loop.cl"),
    )
    return "\n".join(parts) + "\n"


class _Loop:
    """The buffers of one run."""

    def __init__(self, cl: Handle, host: OpenDevice, job: Convergence) -> None:
        self._cl, self._context, self._queue = cl, host.context, host.queue
        self._job = job
        self._state = self._buffer(np.zeros(_STATE_WORDS, np.uint32))
        self._current = self._buffer(job.current)
        rows = np.zeros(max(1, len(job.operands)), OPERAND_DTYPE)
        rows["words"][: len(job.operands)] = [len(operand) for operand in job.operands]
        rows["first"][1:] = np.cumsum(rows["words"])[:-1]
        self.arguments: dict[str, object] = {
            "current": self._current,
            "next": self._buffer(np.empty_like(job.current)),
            "words": len(job.current),
            "arena": self._buffer(np.concatenate([*job.operands, np.zeros(1, np.uint32)])),
            "operands": self._buffer(rows),
            "operand_count": len(job.operands),
            "max_iterations": job.max_iterations,
            "state": self._state,
        }

    def wait(self, event: Handle, stop: Stop) -> None:
        """Poll until the kernel is over; tell it once when it should stop."""
        complete = self._cl.command_execution_status.COMPLETE
        self._queue.flush()
        pause, told = 20e-6, False
        while (status := event.command_execution_status) != complete:
            if status < 0:
                raise KernelDiedError(f"the loop ended with OpenCL status {status}")
            time.sleep(pause)
            pause = min(pause * 1.5, 2e-3)
            if not told and stop():
                told = True
                self._ask_to_stop()

    def state(self) -> NDArray[np.uint32]:
        """What the loop said at its end."""
        return self._read(np.empty(_STATE_WORDS, np.uint32), self._state)

    def current(self) -> Words:
        """The vector as it is now."""
        return self._read(np.empty(len(self._job.current), np.uint32), self._current)

    def _ask_to_stop(self) -> None:
        """Through a second queue, beside the running kernel."""
        queue = self._cl.CommandQueue(self._context)
        one = np.ones(1, np.uint32)
        self._cl.enqueue_copy(
            queue, self._state, one, dst_offset=LOOP_STOP.index * WORD_BYTES, is_blocking=False
        )
        queue.flush()

    def _buffer(self, array: NDArray[np.generic]) -> Handle:
        flags = self._cl.mem_flags
        contiguous = np.ascontiguousarray(array)
        return self._cl.Buffer(self._context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=contiguous)

    def _read(self, array: NDArray[np.uint32], buffer: Handle) -> NDArray[np.uint32]:
        self._cl.enqueue_copy(self._queue, array, buffer)
        return array


def _fault(job: Convergence, state: NDArray[np.uint32]) -> StepFaultError:
    low, high = state[LOOP_FAULT_WORD.index :][:2]
    return StepFaultError(
        job.step.name,
        index=0xFFFF_FFFF - int(state[LOOP_FAULT.index]),
        iteration=int(state[LOOP_ITERATIONS.index]) + 1,
        operand=int(state[LOOP_FAULT_OPERAND.index])
        if state[LOOP_FAULT_KIND.index] == STEP_PAST_OPERAND
        else None,
        word=int(low) | int(high) << 32,
    )
