"""Gives a device's program, on the best rung of the fence ladder that really works there.

A rung that builds (`vyrectl.opencl.build`) must also answer the probes: the slot's layout is that of `vyrectl.abi`, and
the atomics do what they say. A program from the cache has answered them, on this device and driver.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.questions import QUESTIONS
from vyrectl.dataclass import dataclass
from vyrectl.engine.ops import OpInfo, OpSource
from vyrectl.errors import AbiMismatchError, KernelDiedError
from vyrectl.opencl.build import REFUSING, Ladder, Rung, author_includes
from vyrectl.opencl.cache import KernelCache
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.handoff import admits, may_admit
from vyrectl.opencl.kept import OpenDevice, Station, open_device
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.op_limits import refuse_falling
from vyrectl.opencl.source import Variant, assemble, op_order, pasted

NVIDIA_REGISTERS = 64
"""Registers of a work-item: a unit's 65 536 among GROUPS_PER_UNIT groups of 256."""

POCL_THAT_CALLS = 7
"""PoCL from which on groups call functions too."""

_POCL_VERSION = re.compile(r"\bPoCL (\d+)")

COHERENT = "coherent"
"""What a cached program remembers of its probes."""


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
        station: What keeps it, for sessions to work at; None for one that is not kept.
    """

    device: Device
    context: Handle
    queue: Handle
    handle: Handle
    rung: Rung
    ops: tuple[OpInfo, ...]
    variant: Variant
    coherent: bool = False
    station: Station | None = field(default=None, compare=False, repr=False)

    def kernel(self, name: str) -> BuiltKernel:
        """A fresh kernel object."""
        return BuiltKernel.of(self.handle, name, self.variant.features)


def build_program(
    device: Device,
    extra: Sequence[OpSource] = (),
    variant: Variant = Variant(),
    host: OpenDevice | None = None,
    cache: KernelCache | None = None,
) -> Program:
    """Build the engine with the shipped and the user's operations.

    Args:
        device: Where to build it.
        extra: The user's sources.
        variant: Which program to put together.
        host: Context and queue to share with other programs; opened anew when None.
        cache: Where built programs are kept; the user's by default.

    Raises:
        KernelBuildError: No rung builds; carries the compiler's log, which names the user's file and line.
        AbiMismatchError: The device lays a slot out differently.
        DeviceError: The device cannot be opened, or a rung builds and none works.
    """
    return _build(device, extra, variant, assemble(extra, variant), host or open_device(device), cache)


def kept_program(station: Station, extra: Sequence[OpSource] = (), variant: Variant = Variant()) -> Program:
    """As `build_program`, but built once as long as the text that comes of it is the same."""
    source = assemble(extra, variant)

    def build() -> Program:
        built = _build(station.device, extra, variant, source, station.host, None)
        for one in extra:
            refuse_falling(pasted(one))
        return replace(built, station=station)

    # A compiler that looks for a file itself may find another one next time.
    if any("include" in one.text for one in extra) and author_includes(source):
        return build()
    return station.program((source, variant), build)


def _build(
    device: Device,
    extra: Sequence[OpSource],
    variant: Variant,
    source: str,
    host: OpenDevice,
    cache: KernelCache | None,
) -> Program:
    cl = pyopencl()
    context, queue = host
    options = engine_options(device, variant)
    ladder = Ladder(
        cl,
        device,
        context,
        source,
        options=options,
        cache=cache,
        admits=lambda rung: (
            may_admit(device, rung) if device.platform in REFUSING else admits(device, context, queue, rung)
        ),
    )
    died: KernelDiedError | None = None
    for built in ladder:
        ops = op_order(extra, variant.only)
        program = Program(device, context, queue, built.handle, built.rung, ops, variant)
        if built.facts is not None:
            return replace(program, coherent=built.facts[COHERENT])
        try:
            works, coherent = probe_atomics(program)
            if works and admits(device, context, queue, built.rung, built.handle):
                check_layout(program)
                coherent = coherent and device.is_cpu
                ladder.keep(built, **{COHERENT: coherent})
                return replace(program, coherent=coherent)
        except KernelDiedError as error:
            died = error
    raise died or ladder.refusal(extra)


def engine_options(device: Device, variant: Variant) -> list[str]:
    """Build options of an engine's program beside the rung's own.

    NVIDIA's compiler is told how many registers a work-item may take, so that all groups of the usual geometry (256
    work-items, GROUPS_PER_UNIT to a unit) are resident: one group less in every unit costs group tasks a tenth.
    CPUs call functions (VYRE_APART), but for what every turn of a lane goes through (VYRE_OP_APART): that shortens what
    PoCL takes to build a program of lanes by a third, and costs a turn next to nothing. On an H200 calls save a seventh
    of the build and take half of the rate of a mixed load.
    """
    in_groups = variant.driver == "group"
    bounded = in_groups and device.platform.upper().startswith("NVIDIA")
    registers = [f"-cl-nv-maxrregcount={NVIDIA_REGISTERS}"] if bounded else []
    calls = device.is_cpu and (not in_groups or _groups_call(device))
    return ["-DVYRE_CALLS", *registers] if calls else registers


def _groups_call(device: Device) -> bool:
    """Whether kernels with barriers may call functions, or must, on a CPU.

    PoCL 3.1 makes some that crash of those that do; the compiler of PoCL 7.1 dies of the large ones that do not.
    """
    version = _POCL_VERSION.search(device.platform_version)
    return version is not None and int(version[1]) >= POCL_THAT_CALLS


def check_layout(program: Program) -> None:
    """Ask the device for the sizes and offsets of a slot (spec 1.2) and of all that kernels share with the host.

    Raises:
        AbiMismatchError: They are not those of `vyrectl.abi`.
    """
    answers = _ask(program, "vyre_probe_layout", "answers", np.zeros(len(QUESTIONS) + 1, np.uint32))
    expected = [*((one.what, one.answer) for one in QUESTIONS), ("byte order", 1)]
    for (name, want), got in zip(expected, answers.tolist(), strict=True):
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
    answers = _ask(program, "vyre_probe_atomics", "words", words, shared=True)
    expected = [6, 7, 12, 12]
    return answers.tolist() == expected, words.tolist() == expected


def _ask(
    program: Program, kernel_name: str, parameter: str, words: NDArray[np.uint32], *, shared: bool = False
) -> Handle:
    """What a kernel of one parameter makes of words."""
    cl = pyopencl()
    flags = cl.mem_flags
    try:
        memory = flags.USE_HOST_PTR if shared else flags.COPY_HOST_PTR
        buffer = cl.Buffer(program.context, flags.READ_WRITE | memory, hostbuf=words)
        program.kernel(kernel_name)(program.queue, 1, 1, **{parameter: buffer})
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
