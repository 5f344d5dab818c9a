"""Builds a program on a device, on the best rung of the fence ladder that really works there.

The ladder (`kernels/include/vyre_sync.h`) is climbed by building and running, never by version. Each rung
that builds must also answer the probes: the slot's layout is that of `vyrectl.abi`, and the atomics do what
they say.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELDS
from vyrectl.engine.buffers import TABLE_DTYPE
from vyrectl.engine.ops import OpInfo, OpSource
from vyrectl.engine.steps import StepSource
from vyrectl.errors import AbiMismatchError, DeviceError, KernelBuildError, KernelDiedError
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.hints import INSTALL, system_family
from vyrectl.opencl.source import Variant, assemble, op_order


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to get atomics and fences from a compiler.

    Attributes:
        number: VYRE_RUNG, 1 to 3.
        standard: What `-cl-std` is set to.
        meaning: For `devices` and reports.
    """

    number: int
    standard: str
    meaning: str


LADDER: tuple[Rung, ...] = (
    Rung(1, "CL3.0", "C11 acquire and release at device scope"),
    Rung(1, "CL2.0", "C11 acquire and release at device scope"),
    Rung(2, "CL1.2", "OpenCL 1.2 atomics between the vendor's device fences"),
    Rung(3, "CL1.2", "OpenCL 1.2 atomics; no hand-off between groups inside a kernel"),
)


class Host(NamedTuple):
    """A pyopencl context and command queue, shared by the programs of one backend."""

    context: Any
    queue: Any


@dataclass(frozen=True, slots=True)
class Program:
    """A built program and where it lives.

    Attributes:
        device: The device it was built for.
        context: pyopencl context.
        queue: pyopencl command queue with profiling.
        handle: pyopencl program.
        rung: The rung of the ladder it uses.
        ops: Operations in the order of their tally rows.
        variant: What it was put together from.
        coherent: The device works on the host's own memory, and each sees the other's writes.
    """

    device: Device
    context: Any
    queue: Any
    handle: Any
    rung: Rung
    ops: tuple[OpInfo, ...]
    variant: Variant
    coherent: bool = False

    def kernel(self, name: str) -> Any:
        """A fresh kernel object."""
        return pyopencl().Kernel(self.handle, name)


def build_program(
    device: Device, extra: Sequence[OpSource] = (), variant: Variant = Variant(), host: Host | None = None
) -> Program:
    """Build the engine with the shipped and the user's operations.

    Args:
        device: Where to build it.
        extra: The user's sources.
        variant: Which program to put together.
        host: Context and queue to share with other programs; opened anew when None.

    Raises:
        KernelBuildError: No rung builds; carries the compiler's log, which names the user's file and line.
        AbiMismatchError: The device lays a slot out differently.
        DeviceError: The device cannot be opened, or a rung builds and none works.
    """
    cl = pyopencl()
    source = assemble(extra, variant)
    context, queue = host or open_device(device)
    logs: list[str] = []
    died: KernelDiedError | None = None
    for rung in LADDER:
        handle = try_build(cl, context, source, rung, logs)
        if handle is None:
            continue
        program = Program(device, context, queue, handle, rung, op_order(extra, variant.only), variant)
        try:
            works, coherent = probe_atomics(program)
            if works:
                check_layout(program)
                return replace(program, coherent=coherent and device.is_cpu)
        except KernelDiedError as error:
            died = error
    raise died or build_error(device, logs, extra)


def open_device(device: Device) -> Host:
    """Context and profiling queue of a device.

    Raises:
        DeviceError: It cannot be opened.
    """
    cl = pyopencl()
    try:
        context = cl.Context([device.handle])
        return Host(
            context, cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)
        )
    except cl.Error as error:
        raise DeviceError(f"the device cannot be opened ({error})", where=device.name) from error


def check_layout(program: Program) -> None:
    """Ask the device for the size and the offsets of a slot (spec 1.2) and of a buffer table row.

    Raises:
        AbiMismatchError: They are not those of `vyrectl.abi`.
    """
    answers = _ask(program, "vyre_probe_layout", np.zeros(32, np.uint32))
    expected = [SLOT_BYTES, TABLE_DTYPE.itemsize, *(field.offset_bytes for field in FIELDS), 1]
    names = [
        "sizeof(slot)",
        "sizeof(buffer row)",
        *(f"offset of {field.name}" for field in FIELDS),
        "byte order",
    ]
    for name, want, got in zip(names, expected, answers.tolist(), strict=False):
        if want != got:
            raise AbiMismatchError(
                f"the device says {got} for {name}, the wire says {want}",
                where=program.device.name,
                fix="Choose another device with --device; `vyrectl devices` lists them",
            )


def probe_atomics(program: Program) -> tuple[bool, bool]:
    """Run each atomic of the rung once, on words that lie in the host's memory.

    Returns:
        Whether they did what they say, and whether the host's memory shows it without any copy.
    """
    words = np.array([5, 0, 3, 11], np.uint32)
    answers = _ask(program, "vyre_probe_atomics", words, shared=True)
    expected = [6, 7, 12, 12]
    return answers.tolist() == expected, words.tolist() == expected


def _ask(program: Program, kernel_name: str, words: NDArray[np.uint32], *, shared: bool = False) -> Any:
    cl = pyopencl()
    flags = cl.mem_flags
    try:
        memory = flags.USE_HOST_PTR if shared else flags.COPY_HOST_PTR
        buffer = cl.Buffer(program.context, flags.READ_WRITE | memory, hostbuf=words)
        program.kernel(kernel_name)(program.queue, (1,), (1,), buffer)
        program.queue.finish()
        answers = np.empty_like(words)
        cl.enqueue_copy(program.queue, answers, buffer)
    except cl.Error as error:
        raise KernelDiedError(
            f"the device builds kernels and cannot run them ({error})",
            where=program.device.name,
            fix="Choose another device with --device; `vyrectl devices` lists them",
        ) from error
    return answers


def try_build(cl: Any, context: Any, source: str, rung: Rung, logs: list[str]) -> Any:
    """A source built on one rung, or None with the compiler's words added to `logs`."""
    options = [f"-cl-std={rung.standard}", f"-DVYRE_RUNG={rung.number}"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cl.Program(context, source).build(options)
    except cl.Error as error:
        logs.append(str(error))
        return None


def build_error(device: Device, logs: list[str], extra: Sequence[OpSource | StepSource]) -> DeviceError:
    """Why no rung of the ladder can be used.

    Args:
        device: Where it was tried.
        logs: What the compiler said on each rung that does not build.
        extra: The user's sources in the program.
    """
    log = logs[-1] if logs else ""
    if "unknown target CPU" in log:
        return KernelBuildError(
            "this build of PoCL does not know the processor",
            where=device.name,
            fix=f"Use the system's PoCL instead of the one from PyPI: {INSTALL[system_family()]}",
        )
    if not logs or len(logs) < len(LADDER):
        return DeviceError("the device builds its atomics and they do not work", where=device.name)
    return KernelBuildError(
        "the kernels do not compile",
        where=", ".join(str(source.path) for source in extra) or device.name,
        fix="Mend the lines that the compiler names" if extra else "Choose another device with --device",
        log=_compiler_words(log),
    )


def _compiler_words(log: str) -> str:
    """The compiler's messages out of pyopencl's error text, without repetitions."""
    start = log.find("Build on ")
    end = log.find("(source saved as")
    return log[max(start, 0) : end if end > 0 else len(log)].strip()
