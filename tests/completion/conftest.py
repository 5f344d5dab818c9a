"""A folder to complete in: a ring, other files, and a `vyrectl` that counts how often it is started."""

from __future__ import annotations

from pathlib import Path

import pytest

PROGRAM = """#!/bin/sh
echo "$@" >>"$HOME/.started"
printf 'id,name,kind\\n0:0,"Some, device",cpu\\nreference,pure Python,reference\\n'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ring.bin").touch()
    (tmp_path / "rest.txt").touch()
    (tmp_path / "x.npy").touch()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "two words.bin").touch()
    program = tmp_path / "vyrectl"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return tmp_path
