"""Discovery and choice of devices, with devices that do not exist."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import pytest

from tests.opencl.fakes import FakeCl, FakeError, FakePlatform, device, handle
from vyrectl.errors import NoDeviceError, UnknownNameError
from vyrectl.opencl import causes, devices, fitness
from vyrectl.opencl.causes import Cause
from vyrectl.opencl.devices import Device, find_device, list_devices, pyopencl, rank
from vyrectl.shell import pip_install

CPU, GPU, ACCELERATOR = 2, 4, 8
UNFIT: set[str] = set()
Install = Callable[[FakeCl], None]


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VYRECTL_DEVICE", raising=False)
    monkeypatch.setattr(fitness, "is_fit", lambda device: device.name not in UNFIT)


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
            FakePlatform(" One ", handle("A", GPU | 1), handle("B", CPU)),
            FakePlatform("Sim", handle("C", CPU | GPU | ACCELERATOR), handle("D", 16)),
        )
    )
    found = list_devices()
    assert [(one.id, one.name, one.kind) for one in found] == [
        ("1:0", "A", "gpu"),
        ("1:1", "B", "cpu"),
        ("2:0", "C", "cpu"),
        ("2:1", "D", "other"),
    ]
    assert (found[0].platform, found[0].version, found[0].is_cpu, found[1].is_cpu) == (
        "One",
        "OpenCL 3.0",
        False,
        True,
    )
    assert "handle" not in found[0].to_record()


def test_no_platform_is_no_device(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(FakeCl())
    monkeypatch.setattr(causes, "find_cause", lambda: Cause("the reason", "type this"))
    assert list_devices() == []
    with pytest.raises(NoDeviceError) as caught:
        find_device()
    assert caught.value.exit_code == 5
    assert caught.value.what == "no OpenCL device was found: the reason"
    assert caught.value.fix == "type this. Or run without OpenCL: --device reference"
    with pytest.raises(NoDeviceError) as caught:
        find_device(reference=False)
    assert caught.value.fix == "type this"


def test_pyopencl_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    with pytest.raises(NoDeviceError, match="pyopencl cannot be imported") as caught:
        list_devices()
    assert caught.value.fix == pip_install("pyopencl")


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


def test_ids_follow_the_drivers_and_not_the_loader_s_order(install: Install) -> None:
    old = FakePlatform("Same", handle("B", CPU), version="OpenCL 3.0 PoCL 3.1")
    new = FakePlatform("Same", handle("C", CPU), version="OpenCL 3.0 PoCL 6.0")
    other = FakePlatform("Another", handle("A", GPU))
    for order in ((old, new, other), (other, new, old), (new, other, old)):
        install(FakeCl(*order))
        assert [(one.id, one.name) for one in list_devices()] == [("0:0", "A"), ("1:0", "B"), ("2:0", "C")]


def test_a_driver_that_is_registered_twice_is_listed_once(install: Install) -> None:
    install(
        FakeCl(*(FakePlatform("PoCL", handle("A", CPU), int_ptr=7) for _ in range(2)), FakePlatform("Zwei"))
    )
    assert [one.id for one in list_devices()] == ["0:0"]


def test_a_driver_goes_by_the_name_in_its_version(install: Install) -> None:
    named = FakePlatform("Portable Computing Language", handle("cpu", CPU), version="OpenCL 3.0 PoCL 6.0")
    install(FakeCl(FakePlatform("Another", handle("first", CPU)), named))
    assert find_device("pocl").id == "1:0"


@pytest.mark.parametrize("selector", [None, "gpu"])
def test_what_cannot_run_a_ring_is_not_chosen_by_itself(four: list[Device], selector: str | None) -> None:
    UNFIT.add("Radeon")
    try:
        assert find_device(selector) is four[3]
        assert find_device("2:0") is four[2]
        assert find_device("radeon") is four[2]
        UNFIT.update(one.name for one in four)
        assert find_device(selector) is four[2]
    finally:
        UNFIT.clear()


def test_one_device_is_taken_without_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    only = device()

    def is_fit(one: Device) -> bool:
        raise AssertionError("tried")

    monkeypatch.setattr(fitness, "is_fit", is_fit)
    assert find_device(None, [only]) is only
    assert find_device("cpu", [only]) is only


def test_a_kind_that_is_not_there_is_no_device_and_not_a_typing_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for selector, default in (("gpu", ""), ("GPU", ""), (None, "gpu")):
        monkeypatch.setenv("VYRECTL_DEVICE", default)
        with pytest.raises(NoDeviceError, match="no OpenCL device of kind gpu") as caught:
            find_device(selector, [device()])
        assert caught.value.exit_code == 5
        assert "vyrectl doctor" in str(caught.value.fix)


@pytest.mark.parametrize(
    "error", [FakeError("INVALID_VALUE"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")]
)
def test_a_device_that_does_not_answer_is_listed_with_what_it_says(
    install: Install, error: Exception
) -> None:
    class Silent:
        name = "Shy"
        type = CPU
        max_compute_units = max_work_group_size = 0

        def __getattr__(self, fact: str) -> object:
            raise error

    install(FakeCl(FakePlatform("One", Silent(), handle("B", GPU))))
    shy, other = list_devices()
    assert (shy.name, shy.kind, shy.version, shy.driver, shy.memory_bytes) == ("Shy", "cpu", "", "", 0)
    assert (shy.compute_units, shy.max_work_group_size) == (1, 1)
    assert other.name == "B"


def test_a_simulator_comes_after_the_real_ones_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [device("0:0", "cpu", "Oclgrind Simulator", platform="Oclgrind"), device("1:0", "cpu", "pthread")]
    monkeypatch.setattr(devices, "list_devices", lambda: found)
    assert find_device() is find_device("cpu") is found[1]
    assert find_device("oclgrind") is found[0]


@pytest.mark.parametrize(
    ("module", "heard"), [("pyopencl.invoker", 0), ("pytools.py_codegen", 0), ("mine", 1)]
)
def test_what_older_pyopencl_warns_of_at_its_first_kernels_is_not_talk_of_ours(
    module: str, heard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vyrectl.opencl.used._users", [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pyopencl()
        warnings.warn_explicit("safe_sync", UserWarning, "f.py", 1, module=module)
    assert len(caught) == heard
