"""Which backends the suite runs on: all that are here, and in CI none may be missing."""

from __future__ import annotations

import pytest

from tests.conformance.backends import devices, runner_names
from tests.conformance.oclgrind import icd_library
from tests.needs import require


def test_the_reference_comes_first() -> None:
    names = runner_names()
    assert names[0] == "reference"
    assert set(devices()) < set(names)


@pytest.mark.parametrize("package", ["pocl-opencl-icd", "oclgrind"])
def test_nothing_is_missing(package: str) -> None:
    found = icd_library() if package == "oclgrind" else devices()
    require(bool(found), f"nothing from {package} is here: apt-get install {package}")
