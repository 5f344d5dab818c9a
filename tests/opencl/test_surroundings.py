"""Variables of drivers: which make another program of the same text, and which forbid that one is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.opencl.fakes import FakeCl, device
from vyrectl.opencl.build import Ladder
from vyrectl.opencl.cache import KernelCache
from vyrectl.opencl.surroundings import DEBUGGING, driver_variables, is_debugged


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
    cache = KernelCache(tmp_path)
    assert Ladder(FakeCl(), device(), None, "", cache=cache)._cache is cache
    monkeypatch.setenv(name, "0")
    assert not is_debugged()
    monkeypatch.setenv(name, "all")
    assert not Ladder(FakeCl(), device(), None, "", cache=cache)._cache.is_on
