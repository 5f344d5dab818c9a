"""Every backend of this machine by name, and one runner of each for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.conformance.cases import InProcess, Runner
from tests.conformance.oclgrind import Oclgrind, icd_library
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.errors import NoDeviceError
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device, list_devices

REFERENCE_SLOTS = 65_536
DEVICE_SLOTS = 1 << 20


@cache
def devices() -> dict[str, Device]:
    """Name for a test -> OpenCL device."""
    try:
        return {f"{one.kind}-{one.id}": one for one in list_devices()}
    except NoDeviceError:
        return {}


@cache
def on_device(name: str) -> InProcess:
    """The one runner of an OpenCL device; its programs are built once."""
    return InProcess(name, OpenCLBackend(devices()[name]), DEVICE_SLOTS)


@cache
def reference() -> InProcess:
    """The one runner of the reference backend."""
    return InProcess("reference", ReferenceBackend(), REFERENCE_SLOTS)


def runner_names() -> list[str]:
    """Every backend that can be had here."""
    return ["reference", *devices(), *(["oclgrind"] if icd_library() else [])]


@contextmanager
def runner_named(name: str, folder: Path) -> Iterator[Runner]:
    """The runner of that name; Oclgrind's ends with the block."""
    if name == "oclgrind":
        worker = Oclgrind(folder)
        try:
            yield worker
        finally:
            worker.close()
    else:
        yield reference() if name == "reference" else on_device(name)
