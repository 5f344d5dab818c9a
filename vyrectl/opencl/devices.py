"""Finds OpenCL devices and tells them apart; whether one is usable shows when a program is built on it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from vyrectl.errors import NoDeviceError, UnknownNameError
from vyrectl.opencl.hints import install_hint

DEVICE_VARIABLE = "VYRECTL_DEVICE"
"""Environment variable that names the default device."""

KINDS = ("gpu", "accelerator", "cpu", "other")
"""Kinds of device, best first."""

MAX_GROUPS_PER_DIMENSION = 65_535
"""Stands in for the limit that OpenCL does not report (spec 2.3 step 6)."""


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
        handle: The pyopencl device.
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
    handle: Any = field(repr=False, compare=False)

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

    def to_record(self) -> dict[str, object]:
        """The plain facts, as `devices --json` prints them."""
        names = [name for name in self.__slots__ if name != "handle"]
        return {name: getattr(self, name) for name in names}


def pyopencl() -> Any:
    """Import pyopencl.

    Raises:
        NoDeviceError: It is not installed, or cannot be loaded.
    """
    os.environ.setdefault("PYOPENCL_COMPILER_OUTPUT", "0")
    try:
        import pyopencl as cl
    except ImportError as error:
        raise NoDeviceError(f"pyopencl cannot be imported ({error})", fix="pip install pyopencl") from error
    return cl


def list_devices() -> list[Device]:
    """Every OpenCL device that a driver reports, in the drivers' order; empty when there is no driver.

    Raises:
        NoDeviceError: pyopencl cannot be imported.
    """
    cl = pyopencl()
    try:
        platforms = cl.get_platforms()
    except cl.Error:
        return []
    devices = []
    for platform_index, platform in enumerate(platforms):
        try:
            handles = platform.get_devices()
        except cl.Error:
            continue
        for device_index, handle in enumerate(handles):
            devices.append(_describe(cl, f"{platform_index}:{device_index}", platform, handle))
    return devices


def rank(device: Device) -> int:
    """Lower is better: GPUs, then accelerators, then CPUs."""
    return KINDS.index(device.kind)


def find_device(selector: str | None = None) -> Device:
    """The device that a selector names, or the best one.

    Args:
        selector: `0:0`, `cpu`, `gpu`, or a part of a name or platform in any case; VYRECTL_DEVICE, then the
            best device by `rank`, when None or empty.

    Raises:
        NoDeviceError: There is none at all, with what to install.
        UnknownNameError: None has that name.
    """
    devices = sorted(list_devices(), key=rank)
    if not devices:
        raise NoDeviceError("no OpenCL device was found", fix=install_hint())
    wanted = selector or os.environ.get(DEVICE_VARIABLE) or ""
    if not wanted:
        return devices[0]
    for matches in (_by_id, _by_kind, _by_name):
        found = [device for device in devices if matches(device, wanted.lower())]
        if found:
            return found[0]
    known = tuple(f"{device.id} ({device.name})" for device in devices)
    raise UnknownNameError("device", wanted, ("reference", *known))


def _by_id(device: Device, wanted: str) -> bool:
    return device.id == wanted


def _by_kind(device: Device, wanted: str) -> bool:
    return device.kind == wanted


def _by_name(device: Device, wanted: str) -> bool:
    return wanted in device.name.lower() or wanted in device.platform.lower()


def _describe(cl: Any, device_id: str, platform: Any, handle: Any) -> Device:
    kinds = cl.device_type
    by_bit = ((kinds.GPU, "gpu"), (kinds.ACCELERATOR, "accelerator"), (kinds.CPU, "cpu"))
    return Device(
        id=device_id,
        name=handle.name.strip(),
        platform=platform.name.strip(),
        kind=next((name for bit, name in by_bit if handle.type & bit), "other"),
        compute_units=handle.max_compute_units,
        max_work_group_size=handle.max_work_group_size,
        memory_bytes=handle.global_mem_size,
        max_allocation_bytes=handle.max_mem_alloc_size,
        version=handle.version.strip(),
        driver=handle.driver_version.strip(),
        handle=handle,
    )
