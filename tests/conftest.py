"""What every test shares: Hypothesis runs the same examples each time and has no deadline of its own; what is kept of
drivers is this run's; tests run beside each other, some of them alone or first."""

import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

from tests import warm
from tests.beside import ALONE, FIRST, Room
from tests.needs import MARK, require
from vyrectl.files.python import is_own
from vyrectl.opencl.guard import TRUSTING

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("steady")

SHARED = pytest.StashKey[Path]()
"""A folder of this run, which the processes of `pytest -n` have in common."""

ROOM = pytest.StashKey[Room]()


ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM)
"""Signals that end a command unless it ignores them."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the shared folder, or take that of the process that started this one; and mind signals again.

    A shell starts what runs in the background with SIGINT ignored, nohup and others ignore a hangup, and so would
    every command that a test starts.
    """
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    given = getattr(config, "workerinput", {}).get("shared")
    if given is None:
        folder = TemporaryDirectory(prefix="vyrectl-tests-")
        config.add_cleanup(folder.cleanup)
    config.stash[SHARED] = Path(folder.name if given is None else given)
    config.stash[ROOM] = Room(config.stash[SHARED])
    config.add_cleanup(config.stash[ROOM].close)
    config.add_cleanup(warm.stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that pytest-xdist is about to start."""
    node.workerinput["shared"] = str(node.config.stash[SHARED])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first: at the end all others would wait for it."""
    items.sort(key=lambda item: item.get_closest_marker(FIRST) is None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test in beside the others, or alone."""
    with item.config.stash[ROOM].stay(alone=item.get_closest_marker(ALONE) is not None):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A test that leaves a signal ignored, or calls this process the package's own, changes what those after it do."""
    assert [one.name for one in ENDING if signal.getsignal(one) is signal.SIG_IGN] == []
    assert not is_own()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for what the test needs before any fixture does."""
    for mark in item.iter_markers(MARK):
        require(*mark.args)


@pytest.fixture(scope="session", autouse=True)
def one_kernel_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep what was found out about a driver for the processes of this run, and start with nothing of other runs.

    PoCL keeps what it builds itself; so what is kept here is small, and no process tries again what another has seen to
    work. What a driver went through in a process of its own is known here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VYRECTL_CACHE", str(request.config.stash[SHARED] / "kernels"))
        patch.setenv(TRUSTING, "1")
        yield
