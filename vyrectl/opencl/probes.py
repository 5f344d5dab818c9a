"""What `doctor` does to a device; runs in a process of its own, which a broken driver may end or hang.

`python -m vyrectl.opencl.probes list FD` and `... device ID FD`, likewise `rung`, `open` and `sound`, write one JSON
object a line to the descriptor FD, each as soon as it is known, so that what was found before a crash is not lost. The
invariant: every kernel gives up after a bounded number of polls. Imports numpy and pyopencl.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.checks import DOCTOR, DOCTOR_ANSWER, DOCTOR_HELLO, DOCTOR_MOST, DOCTOR_SEEN, KERNEL_SAW
from vyrectl.errors import AbiMismatchError, NoDeviceError, VyrectlError
from vyrectl.files.children import hear_of_children
from vyrectl.opencl.asking import LISTED, OPENED, OPENS, OVER, Report
from vyrectl.opencl.build import LADDER, REFUSING
from vyrectl.opencl.devices import Device, list_devices, pyopencl
from vyrectl.opencl.diagnosis import Check, Fact, Status
from vyrectl.opencl.guard import be_watched
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.handoff import admits
from vyrectl.opencl.kept import open_device
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.program import Program, build_program
from vyrectl.opencl.remembered import DriverNamed
from vyrectl.opencl.selftest import check_primitives
from vyrectl.opencl.source import Variant, assemble_alone

KERNELS = "doctor.cl"
WORDS = DOCTOR.size
HELLO, ANSWER, SEEN = DOCTOR_HELLO.index, DOCTOR_ANSWER.index, DOCTOR_SEEN.index

_COMPLETE = 0

FIRST_POLLS = 1 << 10
POLL_GROWTH = 8
MOST_POLLS = 1 << 30
COHERENCE_SECONDS = 0.2
RESIDENT_SECONDS = 0.03
"""About how long a kernel polls before it gives up."""

ATTEMPTS = 3
MOST_GROUPS_A_UNIT = 64
MOST_GROUP_SIZE = 256
SELFTEST_GROUPS = 64


def main(arguments: list[str]) -> None:
    """Entry point of the child."""
    what, *rest, descriptor = arguments
    hear_of_children()
    be_watched()
    kinds: dict[str, Callable[..., Iterator[Report]]] = {
        "list": _list,
        "device": _device,
        "rung": _rung,
        "open": _open,
        "sound": _sound,
    }
    for record in kinds[what](*rest):
        _write(int(descriptor), record)
    _write(int(descriptor), OVER)


def _write(descriptor: int, record: Mapping[str, object]) -> None:
    os.write(descriptor, json.dumps(dict(record)).encode() + b"\n")


def _list() -> Iterator[Report]:
    try:
        for device in list_devices():
            yield {"device": device.to_record(), "platform": device.platform_version}
    except NoDeviceError as error:
        yield {"error": error.what}


def _device(device_id: str) -> Iterator[Report]:
    device = next(one for one in list_devices() if one.id == device_id)
    for check in probe_device(device):
        yield {"check": asdict(check)}


def _rung(device_id: str) -> Iterator[Report]:
    """Whether the engine builds, and on which rung."""
    device = next(one for one in list_devices() if one.id == device_id)
    try:
        program = build_program(device)
    except VyrectlError as error:
        yield {"usable": False, "rung": None, "problem": str(error)}
    else:
        yield {"usable": True, "rung": program.rung.number, "problem": None}


def _open(device_id: str) -> Iterator[Report]:
    """Whether a device can be opened, compiles a small program and runs it."""
    yield from _use(next(one for one in list_devices() if one.id == device_id))


def _sound() -> Iterator[Report]:
    """Which devices there are, then whether one of each driver's can be used, where a small program tells that."""
    devices = list_devices()
    yield dict(LISTED)
    for device in {DriverNamed.of(one): one for one in devices if one.platform in REFUSING}.values():
        yield from _use(device)


def _use(device: Device) -> Iterator[Report]:
    facts = DriverNamed.of(device)._asdict()
    yield {OPENS: facts}
    context, queue = open_device(device)
    any(admits(device, context, queue, rung) for rung in LADDER)
    yield {OPENED: facts}


def probe_device(device: Device) -> Iterator[Check]:
    """Build the engine on a device, then ask it everything that a launch relies on or profits from."""
    area = f"device {device.id}"
    started = time.monotonic()
    try:
        program = build_program(device, variant=Variant(verify=True))
    except VyrectlError as error:
        name = "abi" if isinstance(error, AbiMismatchError) else "build"
        yield Check(area, name, Status.ERROR, _with_log(error), error.fix)
        return
    seconds = time.monotonic() - started
    yield Check(area, "build", Status.OK, f"the engine, in {seconds:.2f} s", facts={"build_seconds": seconds})
    yield Check(area, "abi", Status.OK, "sizes and offsets of a slot are those of the wire")
    yield _check_rung(area, program)
    yield _check_selftest(area, program)
    for probe in (check_coherence, check_resident):
        yield from _guarded(area, program, probe)


def _with_log(error: VyrectlError) -> str:
    log = str(getattr(error, "log", "")).strip().splitlines()
    return f"{error.what}: {log[0]}" if log else error.what


def _check_rung(area: str, program: Program) -> Check:
    rung = program.rung
    facts: dict[str, Fact] = {"rung": rung.number, "standard": rung.standard}
    message = f"rung {rung.number} ({rung.standard}): {rung.meaning}"
    if rung.number < 3:
        return Check(area, "fences", Status.OK, message, facts=facts)
    return Check(
        area, "fences", Status.NOTE, message, "Nothing: yielded work waits for the next round", facts
    )


def _check_selftest(area: str, program: Program) -> Check:
    groups = max(2, min(SELFTEST_GROUPS, program.device.compute_units))
    try:
        check_primitives(program, groups)
    except VyrectlError as error:
        return Check(area, "claims", Status.ERROR, error.what, error.fix)
    return Check(area, "claims", Status.OK, f"each won once, payload seen, by {groups} work-groups")


def _guarded(
    area: str, program: Program, probe: Callable[[str, Program, Handle], Iterator[Check]]
) -> Iterator[Check]:
    cl = pyopencl()
    try:
        options = [f"-cl-std={program.rung.standard}", f"-DVYRE_RUNG={program.rung.number}"]
        kernels = cl.Program(program.context, assemble_alone(KERNELS)).build(options)
        yield from probe(area, program, kernels)
    except cl.Error as error:
        fix = "Rings run all the same; report the driver's error to its vendor"
        yield Check(area, probe.__name__.removeprefix("check_"), Status.WARNING, f"not known ({error})", fix)


def check_coherence(area: str, program: Program, kernels: Handle) -> Iterator[Check]:
    """Whether a running kernel and the host see each other's writes in host memory; CPU devices only.

    Each attempt polls twice as long as the one before: on a busy machine the host may not have had its turn.
    """
    if not program.device.is_cpu:
        return
    words = np.frombuffer(mmap.mmap(-1, mmap.PAGESIZE), np.uint32)[:WORDS]
    seen_here = seen_there = False
    polls = polls_for(program, kernels, COHERENCE_SECONDS)
    for attempt in range(ATTEMPTS):
        here, there = _exchange(program, kernels, words, min(polls << attempt, MOST_POLLS))
        seen_here, seen_there = seen_here or here, seen_there or there
        if seen_here and seen_there:
            break
    facts = {"coherent": seen_here and seen_there}
    if facts["coherent"]:
        message = "host and running kernel see each other: launches run in place, live editing works"
        yield Check(area, "coherence", Status.OK, message, facts=facts)
        return
    blind = " and ".join(
        name for name, seen in (("the host", seen_here), ("the kernel", seen_there)) if not seen
    )
    message = f"{blind} did not see the other's writes while the kernel ran"
    yield Check(
        area, "coherence", Status.NOTE, message, "Nothing: launches replace the ring at their end", facts
    )


def _exchange(program: Program, kernels: Handle, words: NDArray[np.uint32], polls: int) -> tuple[bool, bool]:
    """One attempt: who saw whom. The host looks until the kernel is over."""
    cl = pyopencl()
    words[:] = 0
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.USE_HOST_PTR
    buffer = cl.Buffer(program.context, flags, hostbuf=words)
    event = BuiltKernel.of(kernels, "vyre_doctor_coherence")(program.queue, 1, 1, words=buffer, polls=polls)
    program.queue.flush()
    saw_it_running = False
    while event.command_execution_status > _COMPLETE:
        if words[HELLO] and not words[ANSWER]:
            # Before the answer: the kernel may be over as soon as it has it.
            saw_it_running = event.command_execution_status > _COMPLETE
            words[ANSWER] = 1
    program.queue.finish()
    return saw_it_running, int(words[SEEN]) == KERNEL_SAW


def check_resident(area: str, program: Program, kernels: Handle) -> Iterator[Check]:
    """How many work-groups are on the device at a time: more and more are started until some have to wait."""
    device = program.device
    size = 1 if device.is_cpu else min(MOST_GROUP_SIZE, device.max_work_group_size)
    polls = polls_for(program, kernels, RESIDENT_SECONDS)
    most, groups = 0, max(1, device.compute_units)
    while True:
        for _ in range(ATTEMPTS):
            if most == groups:
                break
            most = max(most, _count_resident(program, kernels, groups, size, groups, polls))
        if most < groups or groups >= MOST_GROUPS_A_UNIT * device.compute_units:
            break
        groups *= 2
    facts = {"resident_groups": most, "resident_group_size": size}
    noun = "work-group" if most == 1 else "work-groups"
    message = f"{most} {noun} of {size} at a time, on {device.compute_units} compute units"
    yield Check(area, "resident", Status.OK, message, facts=facts)


def polls_for(program: Program, kernels: Handle, seconds: float) -> int:
    """How many polls take about so long; found by a lone group that waits for a second one in vain.

    The quicker of two counts: the first may have waited for the driver's compiler.
    """
    polls = FIRST_POLLS
    while polls < MOST_POLLS:
        taken = min(_time_in_vain(program, kernels, polls) for _ in range(2))
        if taken >= seconds / POLL_GROWTH:
            return min(MOST_POLLS, max(FIRST_POLLS, int(polls * seconds / taken)))
        polls *= POLL_GROWTH
    return polls


def _time_in_vain(program: Program, kernels: Handle, polls: int) -> float:
    """Seconds that a lone group waits for a second one."""
    started = time.monotonic()
    _count_resident(program, kernels, 1, 1, 2, polls)
    return time.monotonic() - started


def _count_resident(
    program: Program, kernels: Handle, groups: int, size: int, awaited: int, polls: int
) -> int:
    cl = pyopencl()
    words = np.zeros(WORDS, np.uint32)
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    buffer = cl.Buffer(program.context, flags, hostbuf=words)
    kernel = BuiltKernel.of(kernels, "vyre_doctor_resident")
    kernel(program.queue, groups * size, size, words=buffer, groups=awaited, polls=polls)
    cl.enqueue_copy(program.queue, words, buffer)
    return int(words[DOCTOR_MOST.index])


if __name__ == "__main__":
    main(sys.argv[1:])
