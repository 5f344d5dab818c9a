"""A disk that fills at the very last write of a launch: all else is saved, what found no room lies beside the ring."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.needs import does_not_apply, needs_own_mounts, needs_tool, only_where
from vyrectl.ring.file import Ring
from vyrectl.ring.synthetic import synthesize

SLOTS = 500
WORDS = 4096

SCRIPT = """
mount -t tmpfs -o size=4k none full && head -c 4096 /dev/zero > full/filler || exit 77
mount -t tmpfs -o size=16k none tight || exit 77
exec "$@"
"""
"""One disk without any room, and one that has as much as the array takes, and none for its header."""


def outputs(late: str, tight: str) -> dict[str, tuple[str, str]]:
    """Option -> its value and the file that it names, of all that is written at the end."""
    return {
        "--save-control": (f"{late}control.bin",) * 2,
        "--debug-log": (f"{late}debug.bin",) * 2,
        "--trace": (f"{late}trace.json",) * 2,
        "--record": (f"{late}log.vrrl",) * 2,
        "--buffer": (f"7=zeros:uint32:{WORDS}:{tight}array.npy", f"{tight}array.npy"),
    }


def command(ring: str, named: dict[str, tuple[str, str]]) -> list[str]:
    words = [word for option, (value, _) in named.items() for word in (option, value)]
    return [sys.executable, "-m", "vyrectl", "launch", ring, "--device", "reference", "--json", *words]


@needs_tool("unshare", "mount")
@needs_own_mounts()
@only_where(os.geteuid() == 0, "only the superuser can mount a small disk")
def test_every_output_at_once(tmp_path: Path) -> None:
    for name in ("full", "tight", "roomy"):
        (tmp_path / name).mkdir()
    Ring.from_slots(synthesize(SLOTS, 3)).save(tmp_path / "ring.bin")
    shutil.copy(tmp_path / "ring.bin", tmp_path / "roomy" / "ring.bin")
    named = outputs("full/", "tight/")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", *command("ring.bin", named)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 77:
        does_not_apply("whoever runs this may not mount a file system")
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stderr.splitlines()[-1])
    assert {one["where"] for one in error["not_saved"]} == {path for _, path in named.values()}
    assert all("bytes found no room" in one["message"] for one in error["not_saved"])
    assert "128 of 16512 bytes found no room" in error["message"]
    roomy = tmp_path / "roomy"
    same = outputs("", "")
    subprocess.run(command("ring.bin", same), cwd=roomy, capture_output=True, timeout=120, check=True)
    for _, path in same.values():
        rescued = tmp_path / f"{path}.rescued"
        assert f"{path}.rescued" in error["fix"]
        assert rescued.stat().st_size == (roomy / path).stat().st_size or path == "trace.json"
    assert (tmp_path / "ring.bin").read_bytes() == (roomy / "ring.bin").read_bytes()
    assert np.load(tmp_path / "array.npy.rescued").shape == (WORDS,)
    assert json.loads((tmp_path / "trace.json.rescued").read_text())["traceEvents"]
