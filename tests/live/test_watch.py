"""A terminal that watches a ring beside the launch that is fed: `snapshot --watch` in tmux sees the tasks end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conformance.backends import devices
from tests.needs import needs_tool
from vyrectl.bench.feeding import fed

pytestmark = needs_tool("tmux")
CPUS = {name: one for name, one in devices().items() if one.is_cpu and "portable" in one.platform.lower()}
SOON = 30.0


def tmux(socket: Path, *words: str) -> str:
    done = subprocess.run(["tmux", "-S", str(socket), *words], capture_output=True, text=True, timeout=SOON)
    return done.stdout


@pytest.mark.parametrize("name", list(CPUS))
def test_a_watch_sees_tasks_end_while_the_launch_runs(tmp_path: Path, name: str) -> None:
    ring, socket = tmp_path / "ring.bin", tmp_path / "tmux"
    watch = f"{sys.executable} -m vyrectl snapshot {ring} --watch 0.2"
    with fed(ring, CPUS[name].name, slots=256) as (fifo, answers):
        tmux(socket, "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", watch)
        try:
            lines = b"".join(b'{"task_id": %d, "op": "nop"}\n' % (i + 1) for i in range(20))
            fifo.write_bytes(lines)
            answers.until_done(20)
            deadline = time.monotonic() + SOON
            while "20 done" not in " ".join((screen := tmux(socket, "capture-pane", "-p")).split()):
                assert time.monotonic() < deadline, screen
                time.sleep(0.1)
        finally:
            tmux(socket, "kill-server")
    answers.check(20)
