"""Launches on three devices, one or two of whose processes are killed by SIGKILL at any time, or the command itself.

Every other ring is a large one, worked on in the file that will take its place, or be the result elsewhere.
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

ELSEWHERE = "new.bin"
"""What the result of every other launch is called, which leaves its ring alone."""

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
            output = ring.with_name(ELSEWHERE) if random.randrange(2) else ring
            if random.randrange(4) == 0:
                kill_command(ring, random, apart, output)
                kills += 1
            else:
                count = random.randint(1, 3)
                kills += count
                kill_children(ring, random, count, apart, output)
            lone = {one.name.removesuffix(".lock") for one in ring.parent.iterdir()}
            if lone - {ring.name, f"{ring.name}.bak", ELSEWHERE}:
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


def result_options(ring: Path, output: Path) -> tuple[str, ...]:
    return () if output == ring else ("--output", str(output))


def kill_children(ring: Path, random: Random, count: int, apart: int, output: Path) -> None:
    before = ring.read_bytes()
    options = result_options(ring, output)
    code, report, said = end_of(killed(ring, random, count, 64 * apart, *options))
    if (output != ring or (code == 5 and count == 3)) and ring.read_bytes() != before:
        fail("no device was left, or the result went elsewhere, and the ring is another")
    if code == 5 and count == 3:
        if output != ring and output.exists():
            fail("no device was left, and there is a result")
        return
    if code or report["done"] != SLOW_TASKS or not is_finished(output, apart):
        fail(f"exit {code}: {said}")


def kill_command(ring: Path, random: Random, apart: int, output: Path) -> None:
    before = ring.read_bytes()
    process = start(ring, *THREE, "--shard-slots", str(64 * apart), *result_options(ring, output))
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
    if ring.read_bytes() != before and (output != ring or not is_finished(ring, apart)):
        fail("the ring is neither the old one nor the finished one")
    if output != ring and output.exists() and not is_finished(output, apart):
        fail("there is a result that is not the finished one")
    clear_abandoned(output)


def fail(text: str) -> None:
    print(text)
    raise SystemExit(FAILED)
