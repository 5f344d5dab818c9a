"""Finds OpenCL devices, tells them apart, and chooses one.

The invariants: the ids of a machine's devices depend on its drivers alone, not on the order in which a folder lists
them or on how often one is registered; and of several devices none is chosen by itself that could not run a ring.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TypedDict, cast

from vyrectl.dataclass import dataclass
from vyrectl.engine.default_device import DEVICE_VARIABLE
from vyrectl.errors import NoDeviceError, OutOfMemoryError, UnknownNameError, lacks_memory
from vyrectl.opencl import asking, broken, brought, causes, drivers, fitness, used
from vyrectl.opencl.handlers import own_handlers
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.hints import import_hint
from vyrectl.opencl.surroundings import lend_linker
from vyrectl.shapes import Count

KINDS = ("gpu", "accelerator", "cpu", "other")
"""Kinds of device, best first."""

SIMULATORS = ("oclgrind",)
"""Platforms that interpret kernels to look for faults: good for that, and slow."""

MAX_GROUPS_PER_DIMENSION = 65_535
"""Stands in for the limit that OpenCL does not report (spec 2.3 step 6)."""


class DeviceRecord(TypedDict):
    """The plain facts of a device; memory is None where it has none of its own."""

    id: str
    name: str
    platform: str
    kind: str
    compute_units: Count
    max_work_group_size: Count
    memory_bytes: Count | None
    max_allocation_bytes: Count | None
    version: str
    driver: str


@dataclass(frozen=True, slots=True)
class Device:
    """One OpenCL device.

    Attributes:
        id: `platform:device`, as `--device` takes it.
        name: The driver's name for it.
        platform: The driver's platform.
        kind: One of `KINDS`.
        compute_units: How many work-groups can run at a time, at least.
        max_work_group_size: Most work-items of one group.
        memory_bytes: Global memory.
        max_allocation_bytes: Largest single buffer.
        version: OpenCL version the device reports.
        driver: Driver version.
        handle: The pyopencl device; None for one that another process found.
        platform_version: Version of the driver's platform, which may name the product.
    """

    id: str
    name: str
    platform: str
    kind: str
    compute_units: int
    max_work_group_size: int
    memory_bytes: int
    max_allocation_bytes: int
    version: str
    driver: str
    handle: Handle = field(default=None, repr=False, compare=False)
    platform_version: str = field(default="", repr=False, compare=False)

    @property
    def is_cpu(self) -> bool:
        """True when the device shares the host's memory and cores."""
        return self.kind == "cpu"

    @property
    def limits(self) -> dict[str, int]:
        """The adapter limits that a launch request asks for (spec 2.1)."""
        return {
            "max_workgroup_size_x": self.max_work_group_size,
            "max_compute_workgroups_per_dimension": MAX_GROUPS_PER_DIMENSION,
            "max_compute_invocations_per_workgroup": self.max_work_group_size,
        }

    @property
    def is_simulator(self) -> bool:
        """True when it interprets kernels."""
        return any(name in self.platform.lower() for name in SIMULATORS)

    def to_record(self) -> DeviceRecord:
        """The plain facts, as `devices --json` prints them."""
        return cast(DeviceRecord, {name: getattr(self, name) for name in DeviceRecord.__annotations__})


def pyopencl() -> Handle:
    """Import pyopencl, without what it and its helpers warn of at import.

    Raises:
        ForkedError: This process was forked by one that had used OpenCL.
        NoDeviceError: It is not installed, or cannot be loaded.
        OutOfMemoryError: This process may not have the memory that it needs.
    """
    used.refuse_in_a_fork()
    os.environ.setdefault("PYOPENCL_COMPILER_OUTPUT", "0")
    if not _has_cache_home():
        os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyopencl as cl
    except ImportError as error:
        if lacks_memory(error):
            raise OutOfMemoryError from error
        what = f"pyopencl cannot be imported ({error})"
        raise NoDeviceError(what, fix=import_hint(str(error))) from error
    if used.note():
        for module in _WARN_LATER:
            warnings.filterwarnings("ignore", module=f"{re.escape(module)}$")
    return cl


def _has_cache_home() -> bool:
    """Whether a user's cache has a place: pyopencl's own would raise at the first kernel where it has none."""
    return any(map(os.path.isabs, (os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~"))))


_WARN_LATER = ("pyopencl.invoker", "pytools.py_codegen")
"""What older pyopencl warns of, at the first kernels and not at its import, which no user can do anything about."""

_listed: list[Handle] = []
"""What listed devices, and which; the loader looks for drivers once in a process."""


def list_devices() -> list[Device]:
    """Every OpenCL device that a driver reports, in the order of their ids; empty when there is none.

    Once there are some, they are asked for no more: a process meets no other drivers.

    Raises:
        NoDeviceError: pyopencl cannot be imported, or the drivers are known to end the process that asks them.
    """
    cl = pyopencl()
    if _listed and _listed[0] is cl.get_platforms:
        return list(_listed[1])
    os.environ.update({**brought.lend_folders(os.environ), **lend_linker(os.environ)})
    try:
        with brought.lent_drivers(broken.broken_drivers()), own_handlers():
            found = cl.get_platforms()
    except cl.Error:
        return []
    devices = []
    for platform_index, platform in enumerate(_in_order(found)):
        try:
            with own_handlers():
                handles = platform.get_devices()
        except cl.Error:
            continue
        for device_index, handle in enumerate(handles):
            devices.append(_describe(cl, f"{platform_index}:{device_index}", platform, handle))
    if devices:
        _listed[:] = [cl.get_platforms, tuple(devices)]
    return devices


def _in_order(platforms: Sequence[Handle]) -> list[Handle]:
    """Each platform once, by name and version: a driver that is registered twice gives the same platform twice."""
    once = {getattr(platform, "int_ptr", id(platform)): platform for platform in platforms}
    return sorted(once.values(), key=lambda platform: (_words(platform, "name"), _words(platform, "version")))


def survey() -> list[Device]:
    """As `list_devices`, but by another process: for who wants to know devices and not to use them.

    Raises:
        NoDeviceError: pyopencl cannot be imported, or a driver ends the process that lists its devices.
    """
    answer = asking.ask("list", seconds=asking.LIST_SECONDS)
    for record in answer.records:
        if "error" in record:
            raise NoDeviceError(record["error"], fix=import_hint(record["error"]))
    if answer.trouble is not None:
        cause = causes.of_trouble(answer, drivers.icd_files())
        raise NoDeviceError(f"{broken.CANNOT_LIST}: {cause.what}", fix=cause.fix)
    return [
        Device(**record["device"], platform_version=record["platform"])
        for record in answer.records
        if "device" in record
    ]


def rank(device: Device) -> tuple[int, bool]:
    """Lower is better: GPUs, then accelerators, then CPUs; a simulator after the real ones of its kind."""
    return KINDS.index(device.kind), device.is_simulator


def find_device(
    selector: str | None = None, devices: Sequence[Device] | None = None, *, reference: bool = True
) -> Device:
    """The device that a selector names, or the best one that can run a ring.

    Args:
        selector: `0:0`, `cpu`, `gpu`, or a part of a name, platform or version in any case; VYRECTL_DEVICE, then
            the best device by `rank`, when None or empty.
        devices: To choose from; all of this machine by default.
        reference: Whether the caller would take the reference backend too, so that it may be advised.

    Raises:
        NoDeviceError: There is none at all, or none of that kind, with what to type.
        UnknownNameError: None has that name.
    """
    known = sorted(list_devices() if devices is None else devices, key=rank)
    if not known:
        raise no_device(reference=reference)
    wanted = (selector or os.environ.get(DEVICE_VARIABLE) or "").lower()
    if not wanted:
        return best(known)
    for matches in (_by_id, _by_kind, _by_name):
        found = [device for device in known if matches(device, wanted)]
        if found:
            return found[0] if matches is _by_id else best(found)
    if wanted in KINDS:
        fix = "Run `vyrectl doctor`: it says what this machine lacks; `vyrectl devices` lists what it has"
        raise NoDeviceError(f"this machine has no OpenCL device of kind {wanted}", fix=fix)
    names = tuple(f"{device.id} ({device.name})" for device in known)
    raise UnknownNameError("device", wanted, (*(["reference"] if reference else []), *names))


def best(devices: Sequence[Device], is_fit: Callable[[Device], bool] | None = None) -> Device:
    """The first device of a list that can run a ring; one that is alone is taken as it is.

    Args:
        devices: Best first.
        is_fit: Says whether one can; by `vyrectl.opencl.fitness` when None.
    """
    if len(devices) == 1:
        return devices[0]
    return next(filter(is_fit or fitness.is_fit, devices), devices[0])


def no_device(*, reference: bool = True) -> NoDeviceError:
    """The error of a machine without any device, with the reason that was found.

    Args:
        reference: Whether to say how to do without one.
    """
    cause = causes.find_cause()
    fix = f"{cause.fix}. Or run without OpenCL: --device reference" if reference else cause.fix
    return NoDeviceError(f"no OpenCL device was found: {cause.what}", fix=fix)


def _by_id(device: Device, wanted: str) -> bool:
    return device.id == wanted


def _by_kind(device: Device, wanted: str) -> bool:
    return device.kind == wanted


def _by_name(device: Device, wanted: str) -> bool:
    return any(
        wanted in text.lower()
        for text in (device.name, device.platform, device.platform_version, device.version)
    )


def _describe(cl: Handle, device_id: str, platform: Handle, handle: Handle) -> Device:
    kinds = cl.device_type
    by_bit = ((kinds.CPU, "cpu"), (kinds.GPU, "gpu"), (kinds.ACCELERATOR, "accelerator"))
    bits = _number(handle, "type")
    return Device(
        id=device_id,
        name=_words(handle, "name"),
        platform=_words(platform, "name"),
        kind=next((name for bit, name in by_bit if bits & bit), "other"),
        compute_units=max(1, _number(handle, "max_compute_units")),
        max_work_group_size=max(1, _number(handle, "max_work_group_size")),
        memory_bytes=_number(handle, "global_mem_size"),
        max_allocation_bytes=_number(handle, "max_mem_alloc_size"),
        version=_words(handle, "version"),
        driver=_words(handle, "driver_version"),
        handle=handle,
        platform_version=_words(platform, "version"),
    )


def _number(thing: Handle, fact: str) -> int:
    """What a driver says of a device or a platform; 0 where it does not know."""
    said = _said(thing, fact)
    return said if isinstance(said, int) else 0


def _words(thing: Handle, fact: str) -> str:
    """As `_number`, for a text."""
    return str(_said(thing, fact) or "").strip()


def _said(thing: Handle, fact: str) -> object:
    try:
        return getattr(thing, fact)
    except (pyopencl().Error, UnicodeDecodeError):
        return None
