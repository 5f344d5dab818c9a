"""A pipe that nobody writes, among what a command reads: it is named, a launch ends at its limit, Ctrl-C ends all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.support.rings import slot, write_ring
from vyrectl.files import telling, waiting


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
    assert f"waiting for {pipe}, and nothing was done".encode() in result.stderr
    assert ring.read_bytes() == before


READERS = (
    "control PIPE",
    "debug PIPE",
    "debug LOG --formats PIPE",
    "io PIPE",
    "replay PIPE",
    "decode PIPE",
    "plot PIPE --output x.svg",
    "ops PIPE",
    "ops --check PIPE",
    "apply PIPE",
    "converge PIPE",
    "build new.bin PIPE",
    "build new.bin --synthetic 3 --mix PIPE",
    "why RING --trace PIPE",
    "snapshot RING --since PIPE",
    "snapshot RING --control PIPE",
    "inspect RING --op-names PIPE",
    "check RING --debug-log PIPE",
    "check RING --io-queue PIPE",
    "plan RING --request PIPE",
    "plan RING --policy PIPE",
    "launch RING --dry-run --device reference --control PIPE",
    "launch RING --dry-run --device reference --buffer 0=PIPE",
    "launch RING --dry-run --device reference --ops PIPE",
)
"""Every way in which a file that is no ring is named."""


@pytest.mark.parametrize("line", READERS)
def test_what_is_waited_for_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    ring, pipe, log = tmp_path / "ring.bin", tmp_path / "pipe", tmp_path / "log"
    write_ring(ring, slot(state=1))
    log.write_bytes(bytes(48))
    os.mkfifo(pipe)
    monkeypatch.setattr(waiting, "SECONDS", 0.01)
    said, over = threading.Event(), threading.Event()

    def tell_by(tell: Callable[[str], None]) -> None:
        def tell_and_note(text: str) -> None:
            tell(text)
            said.set()

        telling.tell_by(tell_and_note)

    for module in ("main", "options"):
        monkeypatch.setattr(f"vyrectl.cli.{module}.tell_by", tell_by)

    def write() -> None:
        said.wait(60)
        while not over.wait(0.01):
            with open(os.open(pipe, os.O_RDWR), "wb") as end:  # waits for nobody
                end.write(b"no such thing\n")
                end.flush()
                over.wait(0.02)

    monkeypatch.setattr(telling, "_listener", [])
    thread = threading.Thread(target=write)
    thread.start()
    words = line.replace("RING", str(ring)).replace("PIPE", str(pipe)).replace("LOG", str(log)).split()
    try:
        result = cli(*words)
    finally:
        said.set()
        over.set()
        thread.join()
    assert f"waiting for {pipe}: " in result.err
    assert "Traceback" not in result.err


def test_standard_input_that_is_silent_and_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vyrectl", "control", "-", "--json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert '"waiting for standard input: nothing has come yet' in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert (process.returncode, '"error": "stopped"' in said) == (130, True)
