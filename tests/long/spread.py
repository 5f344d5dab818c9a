"""Launches on three devices, one or two of whose processes are killed by SIGKILL at any time, or the command itself."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.long._run import FAILED, Run
from tests.spread.commands import children_of, end_of, lives, read, start, wait_for
from tests.spread.test_launch import SLOW_TASKS, THREE, killed, slow_ring


def run(run: Run) -> None:
    """One launch a seed: no task lost, none twice, the ring the old one or the finished one, nobody left behind."""
    kills = 0
    for seed in run.seeds():
        random = Random(seed)
        with TemporaryDirectory() as text:
            ring = slow_ring(Path(text))
            if random.randrange(4) == 0:
                kill_command(ring, random)
                kills += 1
            else:
                count = random.randint(1, 3)
                kills += count
                kill_children(ring, random, count)
            lone = {one.name for one in ring.parent.iterdir()} - {ring.name, f"{ring.name}.lock"}
            if lone - {f"{ring.name}.bak"}:
                fail(f"left behind: {sorted(lone)}")
    run.say(f"{kills} processes were killed")


def kill_children(ring: Path, random: Random, count: int) -> None:
    before = ring.read_bytes()
    code, report, said = end_of(killed(ring, random, count))
    if code == 5 and count == 3:
        if ring.read_bytes() != before:
            fail("no device was left, and the ring is another")
        return
    if code or report["done"] != SLOW_TASKS or not (read(ring)["state"] == 3).all():
        fail(f"exit {code}: {said}")


def kill_command(ring: Path, random: Random) -> None:
    before = ring.read_bytes()
    process = start(ring, *THREE, "--shard-slots", "64")
    wait_for(lambda: len(children_of(process.pid)) == 3, process)
    children = children_of(process.pid)
    time.sleep(random.random())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 20
    while any(lives(pid) for pid in children):
        if time.monotonic() > deadline:
            fail(f"of {children} some live on")
        time.sleep(0.01)
    if ring.read_bytes() != before and not (read(ring)["state"] == 3).all():
        fail("the ring is neither the old one nor the finished one")


def fail(text: str) -> None:
    print(text)
    raise SystemExit(FAILED)
