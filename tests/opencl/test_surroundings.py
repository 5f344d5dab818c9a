"""Variables of drivers: which make another program of the same text, and which forbid that one is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.opencl.cache import VARIABLE, KernelCache
from vyrectl.opencl.surroundings import DEBUGGING, driver_variables


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
