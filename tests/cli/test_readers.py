"""Readers take what a shell gives them: pipes in the place of files, rings that may only be read, rings by the
thousand."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import devices
from tests.needs import does_not_apply, needs_own_mounts, needs_tool, only_where
from tests.support.rings import slot, write_ring
from vyrectl.ring.kinds import FileKind, identify_file
from vyrectl.telemetry.history import read_tail

VYRECTL = f"{sys.executable} -m vyrectl"
OPS = 'VYRE_OP(0x20000, mine, "x") { return vyre_done(); }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_ring(tmp_path / "r.bin", *[slot(state=1, priority=2, task_id=i) for i in range(5)])
    (tmp_path / "mine.cl").write_text(OPS)
    np.save(tmp_path / "x.npy", np.arange(4, dtype=np.uint32))
    return tmp_path


def bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@needs_tool("bash")
@pytest.mark.parametrize(
    "command",
    [
        "snapshot r.bin --since <({v} snapshot r.bin --json)",
        "launch r.bin --output o.bin --device reference --buffer 0=<(cat x.npy) --buffer 1=zeros:uint32:4:y.npy",
        "launch r.bin --dry-run --ops <(cat mine.cl)",
    ],
)
def test_a_pipe_where_a_file_is_expected(folder: Path, command: str) -> None:
    done = bash(f"{VYRECTL} {command.format(v=VYRECTL)}", folder)
    assert done.returncode == 0, done.stderr


@needs_tool("bash")
def test_operations_out_of_a_pipe_are_compiled(folder: Path) -> None:
    if not devices():
        does_not_apply("operations in OpenCL C need a device")
    write_ring(folder / "r.bin", slot(state=1, op_handle=0x20000))
    done = bash(f"{VYRECTL} launch r.bin --output o.bin --ops <(cat mine.cl) --json", folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 1


@needs_tool("bash")
def test_a_replay_log_comes_out_of_a_pipe(folder: Path) -> None:
    made = bash(f"{VYRECTL} launch r.bin --device reference --quiet --record l.vrrl", folder)
    assert made.returncode == 0, made.stderr
    plain = bash(f"{VYRECTL} replay l.vrrl --format csv", folder)
    piped = bash(f"{VYRECTL} replay <(cat l.vrrl) --format csv", folder)
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout == plain.stdout
    assert len(plain.stdout.splitlines()) == 6


@needs_tool("unshare", "mount")
@needs_own_mounts()
def test_a_ring_in_a_read_only_folder_is_launched_into_another(folder: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        does_not_apply("only the superuser mounts")
    (tmp_path / "ro").mkdir()
    done = bash(
        "unshare -m bash -c 'mount -t tmpfs none ro && cp r.bin ro/ && mount -o remount,ro ro && "
        f"{VYRECTL} launch ro/r.bin --device reference --quiet --output o.bin && ls ro'",
        folder,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "r.bin"
    assert (np.fromfile(folder / "o.bin", "<u4")[::16] == 3).all()


def test_many_rings_at_once(folder: Path) -> None:
    names = [str(write_ring(folder / f"{n}.bin", slot(state=1))) for n in range(120)]

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = subprocess.run(
        [sys.executable, "-m", "vyrectl", "snapshot", *names, "--ages", "--format", "csv"],
        capture_output=True,
        preexec_fn=few,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 121


WITHOUT_SIZE = Path("/proc/self/status")


@only_where(WITHOUT_SIZE.exists(), "no file here reports no size: there is no /proc")
def test_a_file_that_reports_no_size_is_read_all_the_same(folder: Path) -> None:
    assert identify_file(WITHOUT_SIZE).kind is FileKind.TEXT
    assert read_tail(WITHOUT_SIZE).startswith(b"Name:")
    done = subprocess.run(
        [*VYRECTL.split(), "launch", "r.bin", "--device", "reference", "--control", WITHOUT_SIZE],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "a control buffer" in done.stderr) == (3, True), done.stderr
