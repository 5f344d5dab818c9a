"""Why there is no device: each cause by itself, with the command that mends it; no cause that was not seen."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.doctor.test_doctor import compiled, icd
from vyrectl.opencl import brought, causes, drivers, places
from vyrectl.opencl.asking import Answer
from vyrectl.opencl.causes import Cause, find_cause
from vyrectl.shell import pip_install

Changes = Mapping[str, str | None]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No drivers, no limits."""
    monkeypatch.setattr(drivers, "icd_files", lambda environment=None: [])
    monkeypatch.setattr(brought, "brought_drivers", lambda roots=None: [])
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    return monkeypatch


def appear_without(*names: str) -> causes.Lists:
    """Devices that appear once all of these variables are taken away."""
    return lambda changes, memory: all(name in changes and changes[name] is None for name in names)


def nowhere(changes: Changes, memory: bool) -> bool:
    return False


@pytest.mark.parametrize("name", ["OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES"])
def test_a_variable_hides_the_drivers(name: str) -> None:
    cause = find_cause("debian", {name: "/nonexistent"}, appear_without(name))
    assert cause == Cause(f"{name}=/nonexistent hides the drivers of this machine", f"unset {name}")


@pytest.mark.parametrize(
    "name", ["POCL_DEVICES", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "RUSTICL_ENABLE"]
)
def test_a_variable_hides_the_devices(name: str) -> None:
    cause = find_cause("debian", {name: "nonsense", "POCL_DEBUG": "1"}, appear_without(name))
    assert cause == Cause(f"{name}=nonsense hides the devices of this machine", f"unset {name}")


def test_two_variables_hide_them_together() -> None:
    variables = {"POCL_DEVICES": "x", "CUDA_VISIBLE_DEVICES": ""}
    cause = find_cause("debian", variables, appear_without(*variables))
    assert cause.fix == "unset POCL_DEVICES CUDA_VISIBLE_DEVICES"


def test_a_variable_that_hides_nothing_is_not_blamed() -> None:
    cause = find_cause("debian", {"OCL_ICD_VENDORS": "/nonexistent", "POCL_DEVICES": "x"}, nowhere)
    assert cause.what == "no driver is registered"


def test_rusticl_that_was_not_asked_to_show_anything(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = icd(tmp_path, "rusticl", "libRusticlOpenCL.so.1\n")
    bare.setattr(drivers, "icd_files", lambda environment=None: [path])
    bare.setattr(causes, "RUSTICL", "Rusticl")
    cause = find_cause("debian", {}, lambda changes, memory: changes.get("RUSTICL_ENABLE") == "llvmpipe")
    assert "RUSTICL_ENABLE" in cause.what
    assert cause.fix == "export RUSTICL_ENABLE=llvmpipe"


@pytest.mark.parametrize("trouble", ["may not be written", "is full (12 KiB left)", "(noexec)"])
def test_a_folder_that_a_driver_cannot_use(bare: pytest.MonkeyPatch, trouble: str) -> None:
    bare.setattr(causes, "trouble_of", lambda folder: f"{folder} {trouble}")
    cause = find_cause("debian", {"HOME": "/home/u"}, lambda changes, memory: "POCL_CACHE_DIR" in changes)
    assert cause.what == f"a driver cannot keep its files: /home/u/.cache/pocl/kcache {trouble}"
    assert cause.fix == "export POCL_CACHE_DIR=$(mktemp -d)"


def test_a_limit_of_memory(bare: pytest.MonkeyPatch) -> None:
    bare.setattr(resource, "getrlimit", lambda which: (300 << 20, resource.RLIM_INFINITY))
    cause = find_cause("debian", {}, lambda changes, memory: memory)
    assert "300 MiB" in cause.what
    assert cause.fix == "ulimit -v unlimited"


def test_no_driver_at_all() -> None:
    cause = find_cause("debian", {}, nowhere)
    assert cause.what == "no driver is registered"
    assert "apt-get install -y pocl-opencl-icd" in cause.fix


@pytest.mark.parametrize(
    "text", ["", "libnothing-of-that-name.so.9\n", "libc.so.6\n", "/nonexistent/lib.so\n"]
)
def test_a_file_that_names_no_driver(bare: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    path = icd(tmp_path, "odd", text)
    bare.setattr(drivers, "icd_files", lambda environment=None: [path])
    cause = find_cause("debian", {}, nowhere)
    assert cause.what.startswith(str(path))
    assert cause.fix


def test_intel_s_runtime_without_its_libraries(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = tmp_path / "libintelocl.so"
    library.write_bytes(b"no library")
    bare.setattr(brought, "brought_drivers", lambda roots=None: [library])
    cause = find_cause("debian", {}, nowhere)
    assert "libintelocl.so does not load" in cause.what
    assert cause.fix == pip_install("intel-opencl-rt", "intel-cmplr-lib-rt")


def test_a_driver_that_shows_nothing(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = icd(tmp_path, "fine", str(compiled(tmp_path, "fine")))
    bare.setattr(drivers, "icd_files", lambda environment=None: [path])
    assert find_cause("debian", {}, nowhere).what == f"no driver shows one ({path})"


def test_a_driver_that_aborts(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer = Answer((), "the driver ended its process (SIGABRT): Not enough memory to run on this device.")
    bare.setattr(causes, "culprits", lambda icds, seconds: ["/etc/OpenCL/vendors/pocl.icd"])
    assert (
        causes.of_trouble(answer, []).fix
        == "Reinstall that driver, or move /etc/OpenCL/vendors/pocl.icd away"
    )
    bare.setattr(causes, "SYSTEM_TOPOLOGY", tmp_path / "missing")
    cause = causes.of_trouble(answer, [])
    assert "/sys is not mounted" in cause.what
    assert cause.fix == "mount -t sysfs sysfs /sys"


def test_folders_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.trouble_of(tmp_path / "not" / "there" / "yet") is None
    (tmp_path / "file").touch()
    assert places.trouble_of(tmp_path / "file" / "below") == f"{tmp_path / 'file'} is not a folder"
    assert "is full" in str(places.trouble_of(tmp_path, 1 << 62))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert places.trouble_of(tmp_path) == f"{tmp_path} may not be written"
