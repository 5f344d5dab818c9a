"""Whether a rung's fences carry work from group to group on a device, and whether the host reaches a running kernel.

Both are seen to work or they do not count: what devices report about their atomics is the same for one that works and
for one that does not. The kernels are those of `kernels/checks/handoff.cl`; the answers are kept for each driver
(`vyrectl.opencl.remembered`). Imports numpy; pyopencl comes with the context.
"""

from __future__ import annotations

import mmap
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.checks import (
    HANDOFF,
    HANDOFF_ANSWER,
    HANDOFF_BLIND,
    HANDOFF_ENDED,
    HANDOFF_HELLO,
    HANDOFF_PAYLOAD,
    HANDOFF_SEEN,
    HANDOFF_STALE,
    KERNEL_SAW,
)
from vyrectl.opencl.build import Rung
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.quiet import without_counts
from vyrectl.opencl.remembered import known, remember
from vyrectl.opencl.source import assemble_alone

KERNELS = "handoff.cl"
WORDS = HANDOFF.size
BLIND, STALE, ENDED = HANDOFF_BLIND.index, HANDOFF_STALE.index, HANDOFF_ENDED.index
HELLO, ANSWER, SEEN = HANDOFF_HELLO.index, HANDOFF_ANSWER.index, HANDOFF_SEEN.index

GROUPS, TURNS = 32, 64
FIRST_POLLS, POLL_GROWTH, MOST_POLLS = 1 << 12, 8, 1 << 30
MEET_SECONDS = 1.0
"""How long groups, or a group and the host, wait for each other: on a busy machine one may not have had its turn."""

ATTEMPTS = 3

_COMPLETE = 0


def may_admit(device: Device, rung: Rung) -> bool:
    """Whether nothing is known against a rung yet; see `admits`."""
    return rung.number == 3 or known(_question(rung), device) is not False


def admits(device: Device, context: Handle, queue: Handle, rung: Rung, built: Handle = None) -> bool:
    """Whether work may go from group to group within a kernel, on a rung that promises it.

    Args:
        device: The device of that context.
        context: pyopencl context on it.
        queue: pyopencl command queue.
        rung: A rung; one that promises nothing is always admitted, as is one that does not build, for its compiler
            says why when the engine is built.
        built: A pyopencl program on that rung in which the kernels are; they are built alone when None.
    """
    if rung.number == 3:
        return True

    def find() -> bool | None:
        kernels = _build(context, rung) if built is None else built
        return True if kernels is None else groups_meet(device, context, queue, kernels)

    return remember(_question(rung), device, find)


def _question(rung: Rung) -> str:
    return f"hand-off, rung {rung.number} {rung.standard}"


def reaches(device: Device, context: Handle, queue: Handle, rung: Rung, *, shared: bool) -> bool:
    """Whether a running kernel sees what the host writes, and where memory is shared the host what the kernel writes.

    Args:
        device: The device of that context.
        context: pyopencl context on it.
        queue: pyopencl command queue.
        rung: The rung that launches use.
        shared: Host and device share memory; else the host writes through a second queue.
    """

    def find() -> bool | None:
        kernels = _build(context, rung)
        return False if kernels is None else host_meets(context, queue, kernels, shared=shared)

    return remember(f"reach, rung {rung.number} {rung.standard}, {shared}", device, find)


def groups_meet(device: Device, context: Handle, queue: Handle, kernels: Handle) -> bool | None:
    """Let two groups hand a baton back and forth; None where they never were on the device together.

    Args:
        device: The device of that context.
        context: pyopencl context on it.
        queue: pyopencl command queue.
        kernels: Built `handoff.cl`.
    """
    for polls in _growing_polls(lambda polls: _relay(context, queue, kernels, polls)):
        words = _relay(context, queue, kernels, polls)
        if words is None or words[BLIND] or words[STALE]:
            return False
        if words[ENDED] == 2:
            return True
    return False if device.compute_units == 1 else None


def _relay(context: Handle, queue: Handle, kernels: Handle, polls: int) -> NDArray[np.uint32] | None:
    """What the groups left behind; None where they died."""
    cl = pyopencl()
    words = np.zeros(WORDS, np.uint32)
    try:
        memory, payload = _copy(context, words), _copy(context, np.zeros(HANDOFF_PAYLOAD, np.uint32))
        kernel = BuiltKernel.of(kernels, "vyre_handoff_groups")
        kernel(queue, GROUPS, 1, words=memory, payload=payload, turns=TURNS, polls=polls)
        cl.enqueue_copy(queue, words, memory)
    except cl.Error:
        return None
    return words


def host_meets(context: Handle, queue: Handle, kernels: Handle, *, shared: bool) -> bool:
    """Answer a kernel that waits for the host, as long as it waits, and look whether it saw that.

    Args:
        context: pyopencl context.
        queue: pyopencl command queue.
        kernels: Built `handoff.cl`.
        shared: See `reaches`.
    """

    def answer(polls: int) -> bool:
        return _answer(context, queue, kernels, polls, shared=shared)

    return any(answer(polls) for polls in _growing_polls(answer))


def _growing_polls(run: Callable[[int], object]) -> Iterator[int]:
    """How long to wait, longer each time, until ATTEMPTS of them took MEET_SECONDS, the compiler's time apart."""
    run(1)
    polls, long_ones = FIRST_POLLS, 0
    while long_ones < ATTEMPTS:
        began = time.monotonic()
        yield polls
        taken = time.monotonic() - began
        if taken > MEET_SECONDS / 2 or polls >= MOST_POLLS:
            long_ones += 1
        polls = min(MOST_POLLS, int(polls * min(POLL_GROWTH, MEET_SECONDS / max(taken, 1e-6))))


def _answer(context: Handle, queue: Handle, kernels: Handle, polls: int, *, shared: bool) -> bool:
    cl = pyopencl()
    words = np.frombuffer(mmap.mmap(-1, mmap.PAGESIZE), np.uint32)[:WORDS]
    flags = cl.mem_flags
    memory = flags.USE_HOST_PTR if shared else flags.COPY_HOST_PTR
    try:
        buffer = cl.Buffer(context, flags.READ_WRITE | memory, hostbuf=words)
        event = BuiltKernel.of(kernels, "vyre_handoff_host")(queue, 1, 1, words=buffer, polls=polls)
        queue.flush()
        saw_it_running = not shared
        if shared:
            saw_it_running = _answer_in_memory(event, words)
        else:
            _answer_beside(context, buffer)
        queue.finish()
        seen = np.empty(1, np.uint32)
        cl.enqueue_copy(queue, seen, buffer, src_offset=SEEN * 4)
    except cl.Error:
        return False
    return saw_it_running and int(seen[0]) == KERNEL_SAW


def _answer_in_memory(event: Handle, words: NDArray[np.uint32]) -> bool:
    """Answer what the kernel says; whether it was heard while it ran."""
    while event.command_execution_status > _COMPLETE:
        if words[HELLO]:
            heard = event.command_execution_status > _COMPLETE
            words[ANSWER] = 1
            return bool(heard)
        time.sleep(0)
    return False


def _answer_beside(context: Handle, buffer: Handle) -> None:
    cl = pyopencl()
    beside = cl.CommandQueue(context)
    one = np.ones(1, np.uint32)
    cl.enqueue_copy(beside, buffer, one, dst_offset=ANSWER * 4, is_blocking=False)
    beside.finish()


def _build(context: Handle, rung: Rung) -> Handle:
    """`handoff.cl` on a rung; None where it does not build."""
    cl = pyopencl()
    try:
        with warnings.catch_warnings(), without_counts():
            warnings.simplefilter("ignore")
            source = cl.Program(context, assemble_alone(KERNELS))
            return source.build([f"-cl-std={rung.standard}", f"-DVYRE_RUNG={rung.number}"], cache_dir=False)
    except cl.Error:
        return None


def _copy(context: Handle, words: NDArray[np.uint32]) -> Handle:
    cl = pyopencl()
    flags = cl.mem_flags
    return cl.Buffer(context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=words)
