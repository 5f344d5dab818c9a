"""Disks that are full or read-only: a clear error, the old ring, no file left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.disks import CANNOT_MOUNT
from tests.needs import does_not_apply, needs_own_mounts, needs_tool

ROOT = Path(__file__).resolve().parents[2]


@needs_tool("unshare")
@needs_own_mounts()
def test_a_full_disk_and_a_read_only_one(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-m", "tests.cli.disks", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    if done.returncode == CANNOT_MOUNT or done.stderr.startswith("unshare"):
        does_not_apply("whoever runs this may not mount a file system")
    assert done.returncode == 0, done.stderr
