"""`bench`: each OpenCL device of this machine in turn, ready for kernels; `backend`: the engine on it."""

from __future__ import annotations

import pytest

from tests.conformance.backends import devices, on_device
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device
from vyrectl.opencl.workbench import Workbench


@pytest.fixture(scope="session", params=list(devices()))
def device(request: pytest.FixtureRequest) -> Device:
    return devices()[request.param]


@pytest.fixture(scope="session")
def bench(device: Device) -> Workbench:
    return Workbench(device)


@pytest.fixture(scope="session", params=list(devices()))
def backend(request: pytest.FixtureRequest) -> OpenCLBackend:
    found = on_device(request.param).backend
    assert isinstance(found, OpenCLBackend)
    return found
