"""Launches on three devices, one or two of whose processes are killed by SIGKILL at any time, or the command itself.

Every other ring is a large one, worked on in the file that will take its place.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from tests.long._run import FAILED, Run
from tests.spread.commands import children_of, end_of, lives, read, start, wait_for
from tests.spread.test_launch import SLOW_TASKS, THREE, killed, slow_ring
from vyrectl.files.successor import LEAST_BYTES
from vyrectl.files.temporary import clear_abandoned

APART = 256
"""Slots from one task of a large ring to the next."""


def run(run: Run) -> None:
    """One launch a seed: no task lost, none twice, the ring the old one or the finished one, nobody left behind."""
    kills = 0
    for seed in run.seeds():
        random = Random(seed)
        with TemporaryDirectory() as text:
            ring, apart = slow_ring(Path(text)), 1
            if random.randrange(2):
                apart = APART
                spread_out(ring)
            if random.randrange(4) == 0:
                kill_command(ring, random, apart)
                kills += 1
            else:
                count = random.randint(1, 3)
                kills += count
                kill_children(ring, random, count, apart)
            lone = {one.name for one in ring.parent.iterdir()} - {ring.name, f"{ring.name}.lock"}
            if lone - {f"{ring.name}.bak"}:
                fail(f"left behind: {sorted(lone)}")
    run.say(f"{kills} processes were killed")


def spread_out(ring: Path) -> None:
    """Make a ring large enough for a successor of its own: Empty slots between its tasks."""
    slots = read(ring)
    large = np.zeros(len(slots) * APART, slots.dtype)
    large[::APART] = slots
    ring.write_bytes(large.tobytes())
    assert ring.stat().st_size >= LEAST_BYTES


def is_finished(ring: Path, apart: int) -> bool:
    return bool((read(ring)["state"][::apart] == 3).all())


def kill_children(ring: Path, random: Random, count: int, apart: int) -> None:
    before = ring.read_bytes()
    code, report, said = end_of(killed(ring, random, count, 64 * apart))
    if code == 5 and count == 3:
        if ring.read_bytes() != before:
            fail("no device was left, and the ring is another")
        return
    if code or report["done"] != SLOW_TASKS or not is_finished(ring, apart):
        fail(f"exit {code}: {said}")


def kill_command(ring: Path, random: Random, apart: int) -> None:
    before = ring.read_bytes()
    process = start(ring, *THREE, "--shard-slots", str(64 * apart))
    wait_for(lambda: len(children_of(process.pid)) >= 3, process)
    children = children_of(process.pid)
    time.sleep(random.random())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 20
    while any(lives(pid) for pid in children):
        if time.monotonic() > deadline:
            fail(f"of {children} some live on")
        time.sleep(0.01)
    if ring.read_bytes() != before and not is_finished(ring, apart):
        fail("the ring is neither the old one nor the finished one")
    clear_abandoned(ring)


def fail(text: str) -> None:
    print(text)
    raise SystemExit(FAILED)
