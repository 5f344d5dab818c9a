"""Every backend of this machine by name, and one runner of each for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.cases import InProcess, Runner
from tests.conformance.oclgrind import Oclgrind, icd_library
from tests.needs import needs
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


NO_CPU = "no CPU device: apt-get install pocl-opencl-icd"
NO_OCLGRIND = "Oclgrind not found: apt-get install oclgrind"


def needs_device() -> pytest.MarkDecorator:
    """For tests that want any OpenCL device."""
    return needs(bool(devices()), "no OpenCL device: apt-get install pocl-opencl-icd")


def needs_cpu() -> pytest.MarkDecorator:
    """For tests that launch in place."""
    return needs(any(one.is_cpu for one in devices().values()), NO_CPU)


def needs_oclgrind() -> pytest.MarkDecorator:
    """For tests that are about what Oclgrind finds."""
    return needs(icd_library() is not None, NO_OCLGRIND)


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
