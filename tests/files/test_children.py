"""How children end is heard of, whatever whoever started this process has ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.files.children import end_of_child, hear_of_children


@pytest.fixture
def ignoring() -> Iterator[None]:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


def child_that_ends(code: int) -> int:
    child = os.fork()
    if child == 0:
        os._exit(code)
    return child


def test_a_status_is_what_the_system_keeps() -> None:
    assert os.waitstatus_to_exitcode(end_of_child(child_that_ends(7))) == 7


@pytest.mark.usefixtures("ignoring")
def test_a_status_that_is_thrown_away_is_no_error() -> None:
    assert end_of_child(child_that_ends(7)) == 0
    hear_of_children()
    assert os.waitstatus_to_exitcode(end_of_child(child_that_ends(7))) == 7


def test_a_handler_of_somebody_else_stays() -> None:
    before = signal.signal(signal.SIGCHLD, lambda number, frame: None)
    handler = signal.getsignal(signal.SIGCHLD)
    hear_of_children()
    assert signal.getsignal(signal.SIGCHLD) is handler
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("devices", ["reference", "reference,reference"])
def test_a_launch_whose_starter_ignores_children(tmp_path: Path, devices: str) -> None:
    write_ring(tmp_path / "ring.bin", *[slot(state=1)] * 40)
    done = subprocess.run(
        [sys.executable, "-m", "vyrectl", "launch", "ring.bin", "--device", devices],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    )
    assert done.returncode == 0, done.stderr
