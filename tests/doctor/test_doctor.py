"""`doctor`: drivers that crash, hang or are missing are findings; healthy devices are told apart from them."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.needs import require_tool
from vyrectl.doctor import comforts, machine
from vyrectl.doctor import examine as doctor
from vyrectl.doctor.examine import Diagnosis, examine
from vyrectl.errors import AbiMismatchError, KernelBuildError
from vyrectl.opencl import asking, drivers, hints, probes
from vyrectl.opencl.asking import ask
from vyrectl.opencl.child import run_child
from vyrectl.opencl.devices import Device
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.shell import pip_install

DRIVERS = {
    "crash": "#include <stdlib.h>\n__attribute__((constructor)) static void run(void) { abort(); }\n",
    "fine": "void *clGetExtensionFunctionAddress(const char *name) { (void)name; return 0; }\n",
    "hang": "#include <unistd.h>\n__attribute__((constructor)) static void run(void) { for (;;) pause(); }\n",
}


def compiled(folder: Path, name: str) -> Path:
    """A driver library, which misbehaves as its name says as soon as it is loaded."""
    require_tool("gcc")
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(DRIVERS[name])
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    return library


def icd(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.icd"
    path.write_text(text)
    return path


def by_name(checks: Iterable[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


# --- .icd files ---


def test_where_the_loader_looks(tmp_path: Path) -> None:
    system, conda, named = tmp_path / "system", tmp_path / "conda", tmp_path / "named"
    first = icd(system, "b", "lib.so")
    second = icd(conda / "etc" / "OpenCL" / "vendors", "a", "lib.so")
    third = icd(named, "c", "lib.so")
    assert drivers.icd_files({}, str(system))[:1] == [first]
    assert drivers.icd_files({"CONDA_PREFIX": str(conda)}, str(system))[:2] == [first, second]
    assert drivers.icd_files({"OCL_ICD_VENDORS": str(named)}, str(system))[:1] == [third]
    assert drivers.icd_files({"OCL_ICD_VENDORS": str(third)}, str(system))[:1] == [third]
    assert first not in drivers.icd_files({"OPENCL_VENDOR_PATH": str(named)}, str(system))


def test_a_driver_that_loads(tmp_path: Path) -> None:
    library = compiled(tmp_path, "fine")
    check = drivers.check_icd(icd(tmp_path, "fine", f"{library}\n"))
    assert (check.status, check.message, check.fix) == (Status.OK, str(library), None)


def test_a_library_that_is_no_driver(tmp_path: Path) -> None:
    path = icd(tmp_path, "fine", "libc.so.6\n")
    check = drivers.check_icd(path)
    assert (check.status, check.message) == (Status.WARNING, "libc.so.6 is no OpenCL driver")
    assert str(path) in str(check.fix)


@pytest.mark.parametrize(("end", "word"), [("\r\n", "carriage return"), (" \n", "blanks"), ("\t", "blanks")])
def test_a_name_that_the_loader_reads_otherwise(tmp_path: Path, end: str, word: str) -> None:
    library = compiled(tmp_path, "fine")
    path = tmp_path / "odd.icd"
    path.write_bytes(f"{library}{end}".encode())
    check = drivers.check_icd(path)
    assert check.status is Status.WARNING
    assert word in check.message
    subprocess.run(str(check.fix), shell=True, check=True, timeout=60)
    assert drivers.check_icd(path).status is Status.OK


def test_a_wrong_path_is_recognised_and_the_right_one_found(tmp_path: Path) -> None:
    path = icd(tmp_path / "etc" / "OpenCL" / "vendors", "intel-cpu", "/opt/build/lib/libintelocl.so\n")
    check = drivers.check_icd(path)
    assert check.status is Status.WARNING
    assert "/opt/build/lib/libintelocl.so, which does not exist" in check.message
    assert check.fix == f"Write the real path into it: echo PATH/OF/libintelocl.so > {path}"
    (tmp_path / "lib").mkdir()
    real = tmp_path / "lib" / "libintelocl.so"
    real.touch()
    assert drivers.check_icd(path).fix == f"Write the real path into it: echo {real} > {path}"


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("\n", "is empty"), ("libnothing-of-that-name.so.9", "does not load: libnothing")],
)
def test_files_that_name_nothing_useful(tmp_path: Path, text: str, message: str) -> None:
    check = drivers.check_icd(icd(tmp_path, "odd", text))
    assert check.status is Status.WARNING
    assert message in check.message
    assert check.fix


def test_a_library_that_kills_its_process(tmp_path: Path) -> None:
    path = icd(tmp_path, "crash", str(compiled(tmp_path, "crash")))
    check = drivers.check_icd(path)
    assert "ends the process (signal 6)" in check.message
    assert check.fix == f"Reinstall that driver, or move {path} away"


def test_a_library_that_hangs(tmp_path: Path) -> None:
    path = icd(tmp_path, "hang", str(compiled(tmp_path, "hang")))
    started = time.monotonic()
    assert "does not load within 1 s" in drivers.check_icd(path, seconds=1).message
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("family", hints.FAMILIES)
def test_no_driver_at_all(family: str) -> None:
    (check,) = drivers.check_icds([], family)
    assert check.fix is not None
    assert hints.INSTALL[family] in check.fix


# --- GPUs ---


def pci_device(root: Path, name: str, vendor: str, kind: str) -> None:
    folder = root / "sys" / "bus" / "pci" / "devices" / name
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "class").write_text(f"{kind}\n")


def test_gpus_of_this_machine(tmp_path: Path) -> None:
    pci_device(tmp_path, "0", "0x8086", "0x060000")
    pci_device(tmp_path, "1", "0x1002", "0x038000")
    assert drivers.gpu_vendors(tmp_path) == {"amd"}
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    pci_device(tmp_path, "2", "0x8086", "0x030000")
    assert drivers.gpu_vendors(tmp_path) == {"amd", "nvidia", "intel"}
    assert drivers.gpu_vendors(tmp_path / "nothing") == set()


@pytest.mark.parametrize("vendor", hints.DRIVERS)
@pytest.mark.parametrize("family", hints.FAMILIES)
def test_a_gpu_without_a_driver(vendor: str, family: str) -> None:
    cpu = {"name": "Intel(R) Xeon by NVIDIA and AMD", "platform": "PoCL", "kind": "cpu"}
    (check,) = drivers.check_gpus([vendor], [cpu], family)
    assert check.status is Status.WARNING
    assert check.fix is not None
    assert hints.gpu_hint(vendor, family) in check.fix
    assert ("nvidia.icd" in check.fix) == (vendor == "nvidia")


def test_an_nvidia_driver_that_is_there_and_not_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "NVIDIA_LIBRARY", "libc.so.6")
    (check,) = drivers.check_gpus(["nvidia"], [], "debian")
    assert check.fix is not None
    assert check.fix.startswith("The driver is here and not registered: mkdir -p /etc/OpenCL/vendors")


def test_a_gpu_that_is_reached() -> None:
    facts = [{"name": "gfx1100", "platform": "AMD Accelerated Parallel Processing", "kind": "gpu"}]
    statuses = {check.name: check.status for check in drivers.check_gpus({"amd", "intel"}, facts, "debian")}
    assert statuses == {"amd GPU": Status.OK, "intel GPU": Status.WARNING}


def test_device_files_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dri").mkdir()
    for name in ("dri/renderD128", "kfd"):
        (tmp_path / name).touch()
    assert list(drivers.check_nodes(tmp_path)) == []
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    checks = list(drivers.check_nodes(tmp_path))
    assert [Path(check.name).name for check in checks] == ["renderD128", "kfd"]
    assert all("render,video" in str(check.fix) for check in checks)


# --- texts ---


@pytest.mark.parametrize("family", hints.FAMILIES)
def test_every_table_has_a_line_for_every_system(family: str) -> None:
    tables = (hints.INSTALL, hints.LOADER, hints.LIBATOMIC, *hints.DRIVERS.values())
    assert all(hints.pick(table, family) for table in tables)


def test_why_pyopencl_cannot_be_imported() -> None:
    assert hints.import_hint("No module named 'pyopencl'") == pip_install("pyopencl")
    missing = hints.import_hint("libOpenCL.so.1: cannot open shared object file", "fedora")
    assert missing == "The OpenCL loader is missing: dnf install -y OpenCL-ICD-Loader"
    assert "force-reinstall" in hints.import_hint("undefined symbol: _Py_Nothing")


def test_the_system_by_its_own_name() -> None:
    values = hints.os_release_values("NAME=\"Debian GNU/Linux\"\nPRETTY_NAME='Debian 13'\nodd line\n")
    assert values == {"NAME": "Debian GNU/Linux", "PRETTY_NAME": "Debian 13"}
    assert hints.system_name()


# --- the machine ---


def test_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = by_name(machine.check_versions())
    assert set(checks) == {"python", "vyrectl", *machine.PACKAGES}
    assert all(check.status is Status.OK for check in checks.values())

    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", version)
    assert by_name(machine.check_versions())["numpy"].fix == pip_install("numpy")


def test_libatomic() -> None:
    missing = machine.check_libatomic("debian", "libatomic-of-no-version.so")
    assert missing.status is Status.WARNING
    assert missing.fix == "apt-get install -y libatomic1"
    assert machine.check_libatomic("debian", "libc.so.6").status is Status.OK


def test_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.check_locks(tmp_path).status is Status.OK
    assert list(tmp_path.iterdir()) == []
    assert machine.check_locks(tmp_path / "missing").status is Status.NOTE
    monkeypatch.setattr(fcntl, "flock", lambda fd, operation: None)
    assert "second writer" in machine.check_locks(tmp_path).message

    def refuse(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    check = machine.check_locks(tmp_path)
    assert check.status is Status.WARNING
    assert "ENOLCK" in check.message


def test_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = machine.cache_folders({"XDG_CACHE_HOME": str(tmp_path), "POCL_CACHE_DIR": "/nowhere"}, tmp_path)
    (tmp_path / "pyopencl" / "deep").mkdir(parents=True)
    (tmp_path / "pyopencl" / "deep" / "kernel").write_bytes(bytes(1 << 20))
    (check,) = machine.check_caches(folders)
    assert check.facts == {"path": str(tmp_path / "pyopencl"), "files": 1, "size_bytes": 1 << 20}
    assert check.status is Status.OK
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (check,) = machine.check_caches(folders)
    assert check.status is Status.WARNING


def test_a_cache_that_is_off(tmp_path: Path) -> None:
    assert not list(comforts.check_cache({"VYRECTL_CACHE": str(tmp_path)}))
    (check,) = comforts.check_cache({"VYRECTL_CACHE": "off"})
    assert (check.name, check.status, check.fix) == ("vyrectl", Status.NOTE, "unset VYRECTL_CACHE")
    assert "vyrectl" not in machine.cache_folders({"VYRECTL_CACHE": "off"}, tmp_path)
    assert machine.cache_folders({"VYRECTL_CACHE": str(tmp_path)}, tmp_path)["vyrectl"] == tmp_path


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (check,) = comforts.check_cache({"VYRECTL_CACHE": str(tmp_path / "file" / "cache")})
    assert f"{tmp_path}/file/cache: {tmp_path}/file is not a folder" in check.message
    assert "every launch" in check.message
    assert check.fix == "export VYRECTL_CACHE=/tmp/vyrectl-cache"


def test_comforts_that_are_missing_are_named_with_what_they_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not list(comforts.check_comforts(tmp_path))

    def refused(*arguments: object, **options: object) -> int:
        raise OSError(errno.ENOSYS, "not here")

    for name in ("memfd_create", "chmod", "link", "fsync"):
        monkeypatch.setattr(os, name, refused)
    checks = list(comforts.check_comforts(tmp_path))
    assert [check.name.split()[0] for check in checks] == ["memfd_create", "modes", "links", "syncs"]
    assert all(check.status is Status.NOTE and check.fix for check in checks)
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())
    (gone,) = comforts.check_comforts(None)
    assert gone.name == "current folder"


# --- processes ---


def test_a_child_is_killed_with_all_that_it_started() -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    for seconds in (2, 8, 32):  # on a busy machine it may not have started anything by then
        ended = run_child([sys.executable, "-c", code], seconds)
        assert ended.status is None
        if ended.output:
            break
    grandchild = Path("/proc") / ended.output.decode().strip() / "status"
    deadline = time.monotonic() + 60
    while grandchild.exists() and "zombie" not in grandchild.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not grandchild.exists() or "zombie" in grandchild.read_text()


def test_how_a_child_ended() -> None:
    assert run_child([sys.executable, "-c", "import os; os.abort()"], 30).status == -6
    ended = run_child([sys.executable, "-c", "print('x'); raise SystemExit('bad luck')"], 30)
    assert (ended.status, ended.output, ended.last_line()) == (1, b"x\n", "bad luck")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Devices that behave as their ids say; no drivers, GPUs or caches beside them."""
    monkeypatch.setattr(asking, "PROBES", "tests.opencl.fake_probes")
    monkeypatch.setattr(drivers, "icd_files", lambda environment=None: [tmp_path / "only.icd"])
    monkeypatch.setattr(drivers, "gpu_vendors", set)
    monkeypatch.setattr(drivers, "check_nodes", list)
    icd(tmp_path, "only", str(compiled(tmp_path, "fine")))
    return monkeypatch


def diagnose(fakes: pytest.MonkeyPatch, devices: str, seconds: float = 5) -> Diagnosis:
    fakes.setenv("FAKE_DEVICES", devices)
    return examine(family="debian", seconds=seconds)


def test_one_bad_device_does_not_spoil_the_others(fakes: pytest.MonkeyPatch) -> None:
    diagnosis = diagnose(fakes, "crash,good,fail")
    assert diagnosis.is_ready
    assert [device.is_usable for device in diagnosis.devices] == [False, True, False]
    crash, good, fail = (by_name(device.checks) for device in diagnosis.devices)
    assert crash["build"].status is Status.OK
    assert "SIGSEGV" in crash["process"].message
    assert "apt-get install" in str(crash["process"].fix)
    assert set(good) == {"build", "claims"}
    assert "no such luck" in fail["process"].message
    assert diagnosis.devices[1].to_record()["rung"] == 1


def test_a_device_that_hangs_is_killed(fakes: pytest.MonkeyPatch) -> None:
    for seconds in (2, 8, 32):  # on a busy machine the one that is late may not have said anything by then
        started = time.monotonic()
        hang, late = diagnose(fakes, "hang,late", seconds=seconds).devices
        assert time.monotonic() - started < 60 + 2 * seconds, "each would sleep for a minute"
        if late.is_usable:
            break
    assert (hang.is_usable, late.is_usable) == (False, True)
    assert by_name(hang.checks)["process"].status is Status.ERROR
    assert by_name(late.checks)["process"].status is Status.WARNING


@pytest.mark.parametrize(
    ("devices", "name", "message", "fix"),
    [
        ("", "devices", "no OpenCL device", "apt-get install -y pocl-opencl-icd"),
        ("no-loader", "loader", "cannot be imported", "ocl-icd-libopencl1"),
        ("listing-dies", "devices", "SIGABRT", "only.icd away"),
    ],
)
def test_no_device_can_be_listed(
    fakes: pytest.MonkeyPatch, devices: str, name: str, message: str, fix: str
) -> None:
    diagnosis = diagnose(fakes, devices)
    assert not diagnosis.is_ready
    check = by_name(diagnosis.all_checks())[name]
    assert check.status is Status.ERROR
    assert message in check.message
    assert fix in str(check.fix)


def test_a_ring_is_run_where_all_else_went_well(fakes: pytest.MonkeyPatch) -> None:
    fakes.setenv("FAKE_DEVICES", "good,fail")
    asked = []

    def run_ring(device: str) -> Check:
        asked.append(device)
        return Check(f"device {device}", "ring", Status.ERROR, "lost a task", "Choose another")

    diagnosis = examine(family="debian", seconds=20, run_ring=run_ring)
    assert asked == ["good"]
    assert not diagnosis.is_ready


def test_areas_stand_in_order(fakes: pytest.MonkeyPatch) -> None:
    areas = list(dict.fromkeys(check.area for check in diagnose(fakes, "good,fail").all_checks()))
    assert areas[:4] == ["software", "drivers", "device good", "device fail"]
    assert areas[4] == "files"


# --- real devices ---


def test_a_real_device(device: Device) -> None:
    checks = by_name(probes.probe_device(device))
    assert all(check.status in (Status.OK, Status.NOTE) for check in checks.values()), checks
    expected = {"build", "abi", "fences", "claims", "resident"} | ({"coherence"} if device.is_cpu else set())
    assert set(checks) == expected
    resident = checks["resident"].facts["resident_groups"]
    assert isinstance(resident, int)
    assert 1 <= resident <= probes.MOST_GROUPS_A_UNIT * device.compute_units
    assert checks["fences"].facts["rung"] in (1, 2, 3)


def test_a_real_device_in_its_own_process(device: Device) -> None:
    listed = ask("list", seconds=60)
    assert listed.trouble is None
    assert device.id in [record["device"]["id"] for record in listed.records]
    answer = ask("device", device.id, seconds=150)
    assert answer.trouble is None
    assert doctor.PROOF in [record["check"]["name"] for record in answer.records]


def test_a_missing_device_is_a_failed_process() -> None:
    assert ask("device", "99:99", seconds=60).trouble is not None


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        (
            KernelBuildError("no", fix="apt", log="unknown target CPU 'generic'\nmore"),
            "build",
            "unknown target",
        ),
        (AbiMismatchError("the device says 60", fix="another"), "abi", "the device says 60"),
    ],
)
def test_a_device_that_cannot_build(
    device: Device, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str, message: str
) -> None:
    def build(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(probes, "build_program", build)
    (check,) = probes.probe_device(device)
    assert (check.name, check.status) == (name, Status.ERROR)
    assert message in check.message
    assert check.fix


def test_the_compiler_s_time_is_not_taken_for_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run of a kernel waits for it; a microsecond a poll is what the others take."""
    clock = [0.0]

    def count(*arguments: Any) -> int:
        clock[0] += arguments[-1] * 1e-6 + (0.5 if clock[0] == 0 else 0)
        return 1

    monkeypatch.setattr(probes, "_count_resident", count)
    monkeypatch.setattr(probes, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    program: Any = None
    assert probes.polls_for(program, None, 0.2) == pytest.approx(200_000, rel=0.01)
