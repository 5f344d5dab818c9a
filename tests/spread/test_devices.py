"""Which devices a text names."""

from __future__ import annotations

import pytest

from vyrectl.errors import NoDeviceError, UnknownNameError, UsageError
from vyrectl.opencl.devices import Device
from vyrectl.spread import devices
from vyrectl.spread.devices import choose_devices, wanted_devices
from vyrectl.spread.shares import Share, device_called


def device(number: str, kind: str, name: str) -> Device:
    return Device(number, name, "Platform", kind, 2, 64, 1 << 30, 1 << 28, "OpenCL 3.0", "1")


MACHINE = (
    device("0:0", "cpu", "slow"),
    device("1:0", "gpu", "H200"),
    device("1:1", "gpu", "H200"),
)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.opencl.devices.survey", lambda: list(MACHINE))
    monkeypatch.setattr("vyrectl.opencl.devices.best", lambda found, is_fit=None: found[0])
    monkeypatch.delenv("VYRECTL_DEVICE", raising=False)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("all", ["1:0", "1:1"]),
        ("gpu:*", ["1:0", "1:1"]),
        ("cpu:*", ["0:0"]),
        ("h200:*", ["1:0", "1:1"]),
        ("reference, 0:0", ["reference", "0:0"]),
        ("1:1,1:1", ["1:1", "1:1#2"]),
        ("reference,reference", ["reference", "reference#2"]),
        ("slow,gpu:*", ["0:0", "1:0", "1:1"]),
    ],
)
def test_named(text: str, labels: list[str]) -> None:
    assert wanted_devices(text) == text
    assert [one.label for one in choose_devices(text)] == labels


@pytest.mark.parametrize("text", [None, "", "0:0", "gpu", "H200", "reference"])
def test_one_device_is_left_alone(text: str | None) -> None:
    assert wanted_devices(text) is None


def test_the_variable_names_several_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VYRECTL_DEVICE", "gpu:*")
    assert wanted_devices(None) == "gpu:*"
    assert wanted_devices("0:0") is None


def test_all_are_cpus_where_no_gpu_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.opencl.devices.survey", lambda: list(MACHINE[:1]))
    assert [one.selector for one in choose_devices("all")] == ["0:0"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("0:0,,1:0", UsageError),
        ("0:0,", UsageError),
        ("0:7,0:0", UnknownNameError),
        ("nobody:*", UnknownNameError),
        (":*", UnknownNameError),
        ("accelerator:*", NoDeviceError),
    ],
)
def test_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        choose_devices(text)


def test_nothing_is_asked_for_the_reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_known", lambda: pytest.fail("asked"))
    assert len(choose_devices("reference,reference")) == 2


@pytest.mark.parametrize(
    ("device", "name", "called"),
    [
        ("0:0", "NVIDIA H200", "0:0 NVIDIA H200"),
        ("0:0", "", "0:0"),
        ("reference", "reference", "reference"),
        ("reference#2", "reference", "reference#2"),
    ],
)
def test_a_report_names_a_device_once(device: str, name: str, called: str) -> None:
    assert device_called(device, name) == Share(device, name).called == called
