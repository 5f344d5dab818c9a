"""Devices that do not exist, and a pyopencl that behaves as told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from vyrectl.opencl.devices import Device

GIB = 1 << 30


def device(device_id: str = "0:0", kind: str = "cpu", name: str = "", **facts: Any) -> Device:
    """A device with these facts."""
    all_facts = {
        "platform": "Some Platform",
        "compute_units": 2,
        "max_work_group_size": 4096,
        "memory_bytes": 8 * GIB,
        "max_allocation_bytes": 2 * GIB,
        "version": "OpenCL 3.0",
        "driver": "1",
        "handle": None,
        **facts,
    }
    return Device(id=device_id, kind=kind, name=name or f"the {kind} {device_id}", **all_facts)


class FakeError(Exception):
    """Stands for `pyopencl.Error`."""


class FakePlatform:
    """A platform with these devices, or one that raises."""

    def __init__(
        self, name: str, *devices: Any, version: str = "OpenCL 3.0", int_ptr: int | None = None
    ) -> None:
        self.name = name
        self.version = version
        self.int_ptr = id(self) if int_ptr is None else int_ptr
        self._devices = devices

    def get_devices(self) -> list[Any]:
        if not self._devices:
            raise FakeError("DEVICE_NOT_FOUND")
        return list(self._devices)


def handle(name: str, bits: int) -> SimpleNamespace:
    """What pyopencl calls a device."""
    return SimpleNamespace(
        name=f" {name} ",
        type=bits,
        max_compute_units=4,
        max_work_group_size=256,
        global_mem_size=GIB,
        max_mem_alloc_size=GIB // 4,
        version="OpenCL 3.0 ",
        driver_version="7",
    )


class FakeCl:
    """A pyopencl whose platforms are given and whose every build ends with one message."""

    Error = FakeError
    device_type = SimpleNamespace(CPU=2, GPU=4, ACCELERATOR=8)
    command_queue_properties = SimpleNamespace(PROFILING_ENABLE=2)

    def __init__(self, *platforms: FakePlatform, build_log: str = "", opens: bool = True) -> None:
        self._platforms = platforms
        self._build_log = build_log
        self._opens = opens
        self.builds = 0

    def get_platforms(self) -> list[FakePlatform]:
        if not self._platforms:
            raise FakeError("PLATFORM_NOT_FOUND_KHR")
        return list(self._platforms)

    def Context(self, handles: Any) -> object:  # noqa: N802
        if not self._opens:
            raise FakeError("DEVICE_NOT_AVAILABLE")
        return SimpleNamespace(devices=list(handles))

    def CommandQueue(self, context: Any, **options: Any) -> object:  # noqa: N802
        return object()

    def Program(self, context: Any, source: str) -> FakeCl:  # noqa: N802
        return self

    def build(self, options: Any, cache_dir: Any) -> None:
        self.builds += 1
        raise FakeError(self._build_log)
