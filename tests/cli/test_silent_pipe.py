"""A pipe that nobody writes, among what a launch reads: it ends at its limit and names the pipe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.support import spawn
from tests.support.rings import slot, write_ring


@pytest.mark.parametrize("option", ["--buffer", "--control"])
def test_a_pipe_that_nobody_writes(tmp_path: Path, option: str) -> None:
    ring, pipe = tmp_path / "ring.bin", tmp_path / "pipe"
    write_ring(ring, slot(state=1))
    before = ring.read_bytes()
    os.mkfifo(pipe)
    value = f"0={pipe}" if option == "--buffer" else str(pipe)
    limits = ("--timeout", "1", "--grace", "0.5", "--device", "reference")
    result = spawn("launch", str(ring), option, value, *limits)
    assert result.returncode == 124
    assert f"nobody may be writing {pipe}".encode() in result.stderr
    assert ring.read_bytes() == before
