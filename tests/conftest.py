"""What every test shares: Hypothesis runs the same examples each time and has no deadline of its own; built kernels are
kept for one run of the tests, away from the user's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.needs import MARK, require

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for what the test needs before any fixture does."""
    for mark in item.iter_markers(MARK):
        require(*mark.args)


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that built kernels are kept in."""
    folder = tmp_path_factory.mktemp("kernels")
    before = os.environ.get("VYRECTL_CACHE")
    os.environ["VYRECTL_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["VYRECTL_CACHE"]
    else:
        os.environ["VYRECTL_CACHE"] = before
