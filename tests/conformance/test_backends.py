"""Which backends the suite runs on: all that are here, and in CI none may be missing."""

from __future__ import annotations

import os

import pytest

from tests.conformance.backends import devices, runner_names
from tests.conformance.oclgrind import icd_library


def test_the_reference_comes_first() -> None:
    names = runner_names()
    assert names[0] == "reference"
    assert set(devices()) < set(names)


@pytest.mark.parametrize("package", ["pocl-opencl-icd", "oclgrind"])
def test_nothing_is_missing(package: str) -> None:
    found = icd_library() if package == "oclgrind" else devices()
    if not found:
        message = f"nothing from {package} is here: apt-get install -y {package}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
