"""What a whole `vyrectl launch` costs: processes started from nothing, beside a Python that does nothing.

Standard library only. Invariant: a command is given a new copy of the same ring each time, in a folder of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from vyrectl.bench.case import Turn
from vyrectl.errors import DeviceError
from vyrectl.files.json_text import Json
from vyrectl.files.python import code_command, module_command

CACHE_VARIABLES = (
    "VYRECTL_CACHE",
    "XDG_CACHE_HOME",
    "POCL_CACHE_DIR",
    "CUDA_CACHE_PATH",
    "NEO_CACHE_DIR",
    "cl_cache_dir",
)
"""Where vyrectl, pyopencl and the drivers keep what they have built."""


class Commands:
    """Starts processes; a context manager that owns their folder.

    Args:
        device_id: What `--device` gets.
        ring: A ring's bytes.
    """

    def __init__(self, device_id: str, ring: bytes) -> None:
        self._device_id = device_id
        self._ring = ring
        self._folder = tempfile.TemporaryDirectory(prefix="vyrectl-bench-")
        self._path = Path(self._folder.name) / "ring.bin"

    def __enter__(self) -> Commands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def bare(self) -> Turn:
        """`python -c pass`."""
        started = time.perf_counter()
        subprocess.run(code_command("pass"), check=True)
        return Turn(time.perf_counter() - started)

    def launch(self) -> Turn:
        """`vyrectl launch`, with whatever the user's caches hold."""
        seconds, _ = self._launch(os.environ)
        return Turn(seconds)

    def launch_file(self, ring: Path, output: Path) -> Turn:
        """`vyrectl launch RING --output OUTPUT`, with whatever the user's caches hold."""
        output.unlink(missing_ok=True)
        command = [
            "launch",
            str(ring),
            "--output",
            str(output),
            "--device",
            self._device_id,
            "--json",
            "--quiet",
        ]
        started = time.perf_counter()
        done = _run(module_command("vyrectl", *command), os.environ, self._folder.name)
        seconds = time.perf_counter() - started
        return Turn(seconds, _record_of(done)["device_seconds"])

    def first_launch(self) -> Turn:
        """`vyrectl launch` with caches that hold nothing."""
        with tempfile.TemporaryDirectory(dir=self._folder.name) as empty:
            return Turn(self._launch({**os.environ, **dict.fromkeys(CACHE_VARIABLES, empty)})[0])

    def cold_build(self) -> Turn:
        """Device opened and program built in a new process, with caches that hold nothing."""
        with tempfile.TemporaryDirectory(dir=self._folder.name) as empty:
            nowhere = dict.fromkeys(CACHE_VARIABLES, empty)
            return Turn(self._launch({**os.environ, **nowhere})[1]["build_seconds"])

    def _launch(self, environment: Mapping[str, str] | None) -> tuple[float, dict[str, Json]]:
        self._path.write_bytes(self._ring)
        command = ["launch", self._path.name, "--device", self._device_id, "--json", "--quiet"]
        started = time.perf_counter()
        done = _run(module_command("vyrectl", *command), environment, self._folder.name)
        seconds = time.perf_counter() - started
        return seconds, _record_of(done)


def _record_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, Json]:
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise DeviceError(f"`vyrectl launch` ended with exit code {done.returncode}: {words}")
    record: dict[str, Json] = json.loads(done.stdout)
    return record


def _run(
    command: Sequence[str], environment: Mapping[str, str] | None, folder: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
