"""A real launch on several devices, and its processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests import warm
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.task.arrays import SlotArray

TWO_CPUS = {"POCL_DEVICES": "pthread pthread"}
"""Makes PoCL 3 report its CPU twice; from PoCL 4 on it is called `cpu`."""


def command(ring: Path, *options: str | Path) -> list[str]:
    return [*(sys.executable, "-m", "vyrectl", "launch", str(ring), "--json"), *map(str, options)]


def start(ring: Path, *options: str | Path) -> subprocess.Popen[bytes]:
    """The launch as a process of its own, whose children are found by its number."""
    return _started(command(ring, *options))


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **TWO_CPUS},
    )


def end_of(process: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any], str]:
    """Exit code, the report or the error, and what was said."""
    out, err = process.communicate(timeout=120)
    record: dict[str, Any] = json.loads(out or err.splitlines()[-1])
    return process.returncode, record, err.decode()


def run(ring: Path, *options: str | Path) -> tuple[int, dict[str, Any], str]:
    return end_of(_started(warm.command("vyrectl", "launch", str(ring), "--json", *map(str, options))))


def write(path: Path, slots: SlotArray) -> Path:
    path.write_bytes(slots.tobytes())
    return path


def read(path: Path) -> SlotArray:
    return np.frombuffer(path.read_bytes(), SLOT_DTYPE)


def children_of(pid: int) -> list[int]:
    """Processes that this one started and that live."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_for(happens: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
