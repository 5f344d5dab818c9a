"""Writers that are killed at any moment leave the old ring or the new, and what a later write cleans up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kills import EDITS

ROOT = Path(__file__).resolve().parents[2]
LEAST_KILLS = 4


@pytest.mark.parametrize("name", EDITS)
def test_a_kill_before_every_call(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "tests.cli.kills", name, str(tmp_path / "work")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= LEAST_KILLS
