"""`runner`: each backend of this machine in turn; `opencl_runner`: those that run OpenCL C; `here`: those of this
process; `device_runner`: each OpenCL device of this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.backends import devices, on_device, reference, runner_named, runner_names
from tests.conformance.cases import InProcess, Runner


@pytest.fixture(scope="session", params=runner_names())
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with runner_named(request.param, tmp_path_factory.mktemp("runner")) as found:
        yield found


@pytest.fixture(scope="session", params=[name for name in runner_names() if name != "reference"])
def opencl_runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    with runner_named(request.param, tmp_path_factory.mktemp("runner")) as found:
        yield found


@pytest.fixture(scope="session", params=["reference", *devices()])
def here(request: pytest.FixtureRequest) -> InProcess:
    return reference() if request.param == "reference" else on_device(request.param)


@pytest.fixture(scope="session", params=list(devices()))
def device_runner(request: pytest.FixtureRequest) -> InProcess:
    return on_device(request.param)
