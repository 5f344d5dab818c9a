"""Variables of drivers: which make another program of the same text, and which forbid that one is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.hosting.deaths import gave_up_fix
from vyrectl.opencl import surroundings
from vyrectl.opencl.cache import VARIABLE, KernelCache
from vyrectl.opencl.hints import linker_hint
from vyrectl.opencl.surroundings import (
    DEBUGGING,
    LINKER,
    driver_variables,
    lacks_linker,
    lend_linker,
)


def test_variables_that_change_a_program_are_part_of_its_name() -> None:
    variables = {
        "OCLGRIND_BUILD_OPTIONS": "-cl-opt-disable",
        "HOME": "/h",
        "POCL_CACHE_DIR": "/c",
        "POCL_AFFINITY": "1",
    }
    assert driver_variables(variables) == ["OCLGRIND_BUILD_OPTIONS=-cl-opt-disable", "POCL_AFFINITY=1"]


@pytest.mark.parametrize("name", DEBUGGING)
def test_a_driver_that_is_debugged_is_given_no_binary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for off in ("0", ""):
        monkeypatch.setenv(name, off)
        assert KernelCache.of_user().is_on
    monkeypatch.setenv(name, "all")
    assert not KernelCache.of_user().is_on


def test_the_linker_is_found_where_the_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare, full = tmp_path / "bare", tmp_path / "full"
    for folder in (bare, full):
        folder.mkdir()
    linker = full / LINKER
    linker.write_text("#!/bin/sh\n")
    linker.chmod(0o755)
    monkeypatch.setattr(surroundings, "STANDARD_FOLDERS", (str(bare), str(full)))
    assert lend_linker({"PATH": str(full)}) == {}
    assert lend_linker({"PATH": str(bare)}) == {"PATH": f"{bare}:{full}"}
    assert lend_linker({}) == lend_linker({"PATH": ""}) == {"PATH": str(full)}
    assert not lacks_linker({})
    monkeypatch.setattr(surroundings, "STANDARD_FOLDERS", (str(bare),))
    assert lend_linker({}) == {}
    assert lacks_linker({})
    assert "binutils" in linker_hint()


def test_a_driver_that_gave_up_without_a_linker_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "vyrectl doctor" in gave_up_fix()
    monkeypatch.setattr(surroundings, "STANDARD_FOLDERS", ())
    monkeypatch.setenv("PATH", "")
    assert "links kernels with ld" in gave_up_fix()
