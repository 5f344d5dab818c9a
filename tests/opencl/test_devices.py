"""Discovery and choice of devices, with devices that do not exist."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.opencl.fakes import FakeCl, FakePlatform, device, handle
from vyrectl.errors import NoDeviceError, UnknownNameError
from vyrectl.opencl import devices
from vyrectl.opencl.devices import Device, find_device, list_devices, rank

CPU, GPU, ACCELERATOR = 2, 4, 8
Install = Callable[[FakeCl], None]


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VYRECTL_DEVICE", raising=False)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    return lambda cl: monkeypatch.setattr(devices, "pyopencl", lambda: cl)


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    found = [
        device("0:0", "cpu", "pthread-EPYC", platform="Portable Computing Language"),
        device("1:0", "other", "Odd"),
        device("2:0", "gpu", "Radeon"),
        device("2:1", "gpu", "NVIDIA H200", platform="NVIDIA CUDA"),
    ]
    monkeypatch.setattr(devices, "list_devices", lambda: found)
    return found


def test_every_device_of_every_platform(install: Install) -> None:
    install(
        FakeCl(
            FakePlatform("Empty"),
            FakePlatform(" Two ", handle("A", GPU | 1), handle("B", CPU)),
            FakePlatform("Sim", handle("C", CPU | GPU | ACCELERATOR), handle("D", 16)),
        )
    )
    found = list_devices()
    assert [(one.id, one.name, one.kind) for one in found] == [
        ("1:0", "A", "gpu"),
        ("1:1", "B", "cpu"),
        ("2:0", "C", "gpu"),
        ("2:1", "D", "other"),
    ]
    assert (found[0].platform, found[0].version, found[0].is_cpu, found[1].is_cpu) == (
        "Two",
        "OpenCL 3.0",
        False,
        True,
    )
    assert "handle" not in found[0].to_record()


def test_no_platform_is_no_device(install: Install) -> None:
    install(FakeCl())
    assert list_devices() == []
    with pytest.raises(NoDeviceError) as caught:
        find_device()
    assert caught.value.exit_code == 5
    assert "--device reference" in str(caught.value.fix)


def test_pyopencl_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    with pytest.raises(NoDeviceError, match="pyopencl cannot be imported") as caught:
        list_devices()
    assert caught.value.fix == "pip install pyopencl"


def test_gpus_come_first(four: list[Device]) -> None:
    assert [one.id for one in sorted(four, key=rank)] == ["2:0", "2:1", "0:0", "1:0"]
    assert find_device() is four[2]
    assert find_device("") is four[2]


@pytest.mark.parametrize(
    ("selector", "index"),
    [
        ("0:0", 0),
        ("2:1", 3),
        ("cpu", 0),
        ("GPU", 2),
        ("other", 1),
        ("h200", 3),
        ("nvidia", 3),
        ("portable", 0),
        ("Odd", 1),
    ],
)
def test_selectors(four: list[Device], selector: str, index: int) -> None:
    assert find_device(selector) is four[index]


def test_the_environment_names_the_default(four: list[Device], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VYRECTL_DEVICE", "cpu")
    assert find_device() is four[0]
    assert find_device("2:1") is four[3]
    monkeypatch.setenv("VYRECTL_DEVICE", "no such")
    with pytest.raises(UnknownNameError):
        find_device()


def test_an_unknown_device_lists_the_known_ones(four: list[Device]) -> None:
    with pytest.raises(UnknownNameError, match="unknown device 'zz:9'") as caught:
        find_device("zz:9")
    assert all(one.id in str(caught.value.fix) for one in four)
    assert "reference" in str(caught.value.fix)


def test_limits_for_a_launch_request() -> None:
    assert device(max_work_group_size=64).limits == {
        "max_workgroup_size_x": 64,
        "max_compute_workgroups_per_dimension": 65_535,
        "max_compute_invocations_per_workgroup": 64,
    }
