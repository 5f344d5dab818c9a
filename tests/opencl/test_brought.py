"""Drivers that packages brought: found, shown to the loader beside the system's, and not forced on who chose others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.doctor.test_doctor import icd
from vyrectl.opencl import brought, drivers
from vyrectl.opencl.brought import (
    brought_drivers,
    drivers_folder,
    lend_folders,
    lent_drivers,
    unregistered_drivers,
)


def environment(root: Path, library: str = "libintelocl.so", *, icd_text: str | None = None) -> Path:
    """What Intel's package leaves below an environment: the library, and an `.icd` with another machine's path."""
    (root / "lib").mkdir(parents=True)
    (root / "lib" / library).touch()
    if icd_text is not None:
        icd(root / "etc" / "OpenCL" / "vendors", "intel-cpu", icd_text)
    return root


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with PoCL, and Intel's runtime in the environment."""
    system = tmp_path / "system"
    icd(system, "pocl", "libpocl.so.2\n")
    listed = drivers.icd_files
    root = environment(tmp_path / "venv")
    monkeypatch.setattr(drivers, "icd_files", lambda given=None: listed(given, str(system)))
    monkeypatch.setattr(brought, "environments", lambda: [root])
    monkeypatch.setenv("VYRECTL_CACHE", str(tmp_path / "cache"))
    for name in (*brought.LOADER_VARIABLES, "CONDA_PREFIX", "POCL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("text", [None, "/opt/build/lib/libintelocl.so\n", "{root}/lib/libintelocl.so\n"])
def test_a_library_is_found_whatever_its_file_says(tmp_path: Path, text: str | None) -> None:
    root = environment(tmp_path, icd_text=text and text.format(root=tmp_path))
    assert brought_drivers([root]) == [tmp_path / "lib" / "libintelocl.so"]


def test_a_driver_of_any_package(tmp_path: Path) -> None:
    root = environment(tmp_path, "libother.so", icd_text="/opt/lib/libother.so\n")
    assert brought_drivers([root]) == [tmp_path / "lib" / "libother.so"]
    assert brought_drivers([tmp_path / "empty"]) == []


def test_a_file_whose_library_is_not_here_brings_nothing(tmp_path: Path) -> None:
    icd(tmp_path / "etc" / "OpenCL" / "vendors", "intel-fpga", "/opt/lib/libintelocl_emu.so\n")
    assert brought_drivers([tmp_path]) == []


def test_what_the_system_registers_is_not_registered_again(tmp_path: Path) -> None:
    root = environment(tmp_path / "venv")
    registered = icd(tmp_path, "intel", "/usr/lib/libintelocl.so\n")
    assert unregistered_drivers([registered], [root]) == []
    assert len(unregistered_drivers([], [root])) == 1


def test_the_loader_sees_both(machine: Path) -> None:
    folder = drivers_folder(os.environ)
    assert folder is not None
    names = [path.read_text().strip() for path in sorted(folder.iterdir())]
    assert names == ["libpocl.so.2", str(machine / "venv" / "lib" / "libintelocl.so")]
    assert drivers_folder(os.environ) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_variable_stands_only_while_the_loader_is_asked(machine: Path) -> None:
    with lent_drivers():
        assert os.environ["OCL_ICD_VENDORS"] == str(drivers_folder({**os.environ, "OCL_ICD_VENDORS": ""}))
    assert "OCL_ICD_VENDORS" not in os.environ


@pytest.mark.parametrize("name", brought.LOADER_VARIABLES)
def test_who_says_where_drivers_are_means_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/chosen")
    with lent_drivers():
        assert os.environ[name] == "/chosen"
    (check,) = drivers.check_brought(brought_drivers(), brought.chosen_variable(os.environ))
    assert check.fix == f"unset {name}"


def test_without_a_cache_the_folder_lies_among_temporary_files(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VYRECTL_CACHE", "off")
    monkeypatch.setenv("TMPDIR", str(machine))
    folder = drivers_folder(os.environ)
    assert folder is not None
    assert folder.parent == machine / f"vyrectl-{os.geteuid()}"


def test_pocl_is_lent_a_folder_where_its_own_cannot_be_used(machine: Path) -> None:
    (machine / "file").touch()
    good = {"HOME": str(machine), "TMPDIR": str(machine)}
    assert lend_folders(good) == {}
    assert list(brought.check_folders(good)) == []
    for bad in ({"HOME": str(machine / "file")}, {"POCL_CACHE_DIR": str(machine / "file" / "x")}):
        lent = lend_folders({**good, **bad})
        (check,) = brought.check_folders({**good, **bad})
        assert lent["POCL_CACHE_DIR"] in check.message
        assert lent == {"POCL_CACHE_DIR": str(machine / f"vyrectl-{os.geteuid()}" / "pocl")}
        assert stat.S_IMODE(Path(lent["POCL_CACHE_DIR"]).stat().st_mode) == 0o700


def test_pocl_keeps_nothing_in_the_current_folder(machine: Path) -> None:
    """A relative XDG_CACHE_HOME is ignored, as its rule says; PoCL itself would follow it."""
    (machine / "file").touch()
    relative = {"XDG_CACHE_HOME": "rel", "TMPDIR": str(machine)}
    own = str(machine / ".cache" / "pocl" / "kcache")
    assert lend_folders({**relative, "HOME": str(machine)}) == {"POCL_CACHE_DIR": own}
    spare = str(machine / f"vyrectl-{os.geteuid()}" / "pocl")
    assert lend_folders({**relative, "HOME": str(machine / "file")}) == {"POCL_CACHE_DIR": spare}
    for bare in (relative, {**relative, "HOME": "here"}, {"HOME": "here", "TMPDIR": str(machine)}):
        assert lend_folders(bare) == {"POCL_CACHE_DIR": spare}


def test_a_folder_of_somebody_else_is_not_taken(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = machine / f"vyrectl-{os.geteuid()}"
    theirs.mkdir()
    theirs.chmod(0o777)
    (machine / "file").touch()
    monkeypatch.setattr("vyrectl.opencl.places.SPARE_PLACES", ())
    assert lend_folders({"HOME": str(machine / "file"), "TMPDIR": str(machine)}) == {}


def test_without_pocl_nothing_is_lent(machine: Path) -> None:
    (machine / "system" / "pocl.icd").unlink()
    (machine / "file").touch()
    assert lend_folders({"HOME": str(machine / "file"), "TMPDIR": str(machine)}) == {}
