"""A launch into whose ring other processes publish tasks while others edit them: each task published runs once.

Run as a program it is a producer: `python -m tests.live.producing RING FIRST COUNT SEED` publishes tasks of the numbers
from FIRST on into Empty and Done slots, and prints into how many slots others had come first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from subprocess import PIPE

import numpy as np

from tests.live.kills import DONE, SOURCE, STEPS
from tests.live.stress import EPOCH, LATER, SHUTDOWN, await_live, start_editor
from vyrectl.abi.control import TENANT_MASKS, TENANT_OPEN
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.edit.editor import LiveRing
from vyrectl.protocol.control import encode_control, write_control_words
from vyrectl.ring.file import Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.task.arrays import SlotArray

EMPTY, PAUSED = 0, 4
SHUT_OUT = 7
"""Tenant of tasks that wait until an editor was seen to change one: so an edit is certain, however fast others are."""

HELD = 16
MASK = TENANT_MASKS.first + SHUT_OUT
FULL_NAP, LOOK_NAP = 0.002, 0.02
MOST_SECONDS = 150.0


@dataclass
class Produced:
    """What was done.

    Attributes:
        tasks: Published, by all producers together.
        collisions: Slots that somebody else took first.
        edits: Edits that reached their slots.
        reads: Copies of the ring that were looked through.
    """

    tasks: int = 0
    collisions: int = 0
    edits: int = 0
    reads: int = 0


def produce(
    folder: Path,
    seed: int,
    *,
    each: int,
    slots: int,
    producers: int = 2,
    editors: int = 2,
    work: int = 4000,
    options: Sequence[str] = (),
) -> Produced:
    """Launch an empty ring, let others fill it, and check that every task that they published ran once.

    Args:
        folder: Where the files go.
        seed: Of what the others do.
        each: Tasks of each producer.
        slots: Slots of the ring, which are used again and again.
        producers: Processes that publish.
        editors: Processes that change priorities, pause, requeue and yield what waits.
        work: Rounds of arithmetic a step.
        options: Of `launch`, beside the others.

    Raises:
        AssertionError: A step did not run exactly once, or a torn slot was read.
    """
    ring, tasks, did = folder / "ring.bin", each * producers, Produced()
    held = tasks_of(range(tasks, tasks + HELD), Random(seed)).view(SLOT_DTYPE).ravel()
    held["tenant_id"] = SHUT_OUT
    Ring.from_slots(np.concatenate((held, np.zeros(slots - HELD, SLOT_DTYPE)))).save(ring)
    control = bytearray(encode_control(tenants=SHUT_OUT + 1))
    write_control_words(control, {MASK: 0})
    (folder / "control.bin").write_bytes(control)
    (folder / "steps.cl").write_text(SOURCE.replace("4000u", f"{work}u"))
    launch = [sys.executable, "-m", "vyrectl", "launch", str(ring), "--ops", "steps.cl"]
    launch += ["--follow", "--buffer", f"0=zeros:uint32:{(tasks + HELD) * STEPS}:{folder / 'counts.npy'}"]
    launch += ["--control", str(folder / "control.bin"), *options]
    with ExitStack() as started:
        # Editors wait for a launch that begins, and for none that is over: they come first.
        others = [start_editor(ring, seed + number) for number in range(editors)]
        for one in others:
            started.callback(one.kill)
        child = started.enter_context(subprocess.Popen(launch, cwd=folder, stdout=PIPE, stderr=PIPE))
        started.callback(child.kill)
        await_live(child, ring)
        numbers = range(producers)
        makers = [start_producer(ring, each * number, each, seed + number) for number in numbers]
        for one in makers:
            started.callback(one.kill)
        watch_until_done(child, ring, held, makers, did)
        _, said = child.communicate(timeout=60)
        assert child.returncode == 0, said.decode()
        did.collisions = sum(int(output_of(one)) for one in makers)
        did.edits = sum(int(output_of(one)) for one in others)
    counts = np.load(folder / "counts.npy").reshape(tasks + HELD, STEPS)
    wrong = np.argwhere(counts != 1)
    assert not len(wrong), (
        f"{len(wrong)} steps, first task and step {wrong[0]}: {counts[tuple(wrong[0])]} times"
    )
    did.tasks = tasks
    return did


def output_of(process: subprocess.Popen[bytes]) -> str:
    """What a process that must have ended well printed."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    return out.decode()


def watch_until_done(
    child: subprocess.Popen[bytes],
    ring: Path,
    held: SlotArray,
    makers: list[subprocess.Popen[bytes]],
    did: Produced,
) -> None:
    """Look at the ring until everything is published and Done, then end the launch.

    Args:
        child: The launch.
        ring: Its file.
        held: The tasks that are shut out, which begin the ring; let in once an editor has changed one.
        makers: The producers.
        did: Counts the looks.
    """
    deadline = time.monotonic() + MOST_SECONDS
    while child.poll() is None:
        assert time.monotonic() < deadline, "the tasks do not end"
        copy = copy_ring(ring)
        look(copy.ring.slots, copy.unsteady)
        did.reads += 1
        if (copy.ring.slots[:HELD] != held).any():
            tell(ring, MASK, TENANT_OPEN)
        if 2 * np.count_nonzero(copy.ring.slots["state"] == PAUSED) > len(copy.ring.slots):
            go_on(ring)
        if all(one.poll() is not None for one in makers):
            go_on(ring)
            states = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)["state"]
            if np.isin(states, (EMPTY, DONE)).all():
                tell(ring, SHUTDOWN, 1)
                return
        time.sleep(LOOK_NAP)


def go_on(ring: Path) -> None:
    """Let the tasks go on that editors have paused."""
    tell(ring, EPOCH, LATER)


def tell(ring: Path, word: int, value: int) -> None:
    """Write a word of the launch's control buffer, unless it is there."""
    with Sidecar.open(ring) as sidecar:
        if sidecar.load(sidecar.control_index(word)) != value:
            sidecar.set_control(word, value)


def look(slots: SlotArray, unsteady: int) -> None:
    """Hold every slot that rests to what a task of this ring may look like."""
    torn = np.flatnonzero(
        (slots["continuation_data"] != slots["continuation_pc"] * np.uint32(77))
        | (slots["task_id"] != slots["param"])
        | (slots["state"] > 6)
    )
    torn = torn[slots["state"][torn] != 2]
    assert len(torn) <= unsteady, (torn[:4], slots[torn[:4]])


def start_producer(ring: Path, first: int, count: int, seed: int) -> subprocess.Popen[bytes]:
    """A producer in a process of its own."""
    command = [sys.executable, "-m", "tests.live.producing", *map(str, (ring, first, count, seed))]
    return subprocess.Popen(command, stdout=PIPE, stderr=PIPE)


def publish_all(ring: Path, first: int, count: int, random: Random) -> int:
    """Publish tasks in batches wherever there is room; how many slots were lost to others."""
    left, collisions = list(range(first, first + count)), 0
    with LiveRing.open(ring) as live:
        while left:
            free = np.flatnonzero(np.isin(live.words[:, 0], (EMPTY, DONE)))
            some = min(len(free), len(left), random.randint(1, 64))
            if not some:
                time.sleep(FULL_NAP)
                continue
            begin = random.randrange(len(free) - some + 1)
            numbers = free[begin : begin + some]
            before = live.words[numbers].copy()
            if not np.isin(before[:, 0], (EMPTY, DONE)).all():
                continue
            done = live.write(numbers.tolist(), before, tasks_of(left[:some], random)).done
            left = [*(task for task, placed in zip(left, done, strict=False) if not placed), *left[some:]]
            collisions += some - int(done.sum())
    return collisions


def tasks_of(numbers: Sequence[int], random: Random) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    """Tasks that count their steps, as words."""
    tasks = np.zeros(len(numbers), SLOT_DTYPE)
    tasks["state"], tasks["op_handle"] = 1, 0x20010
    tasks["task_id"] = tasks["param"] = numbers
    tasks["priority"] = [random.randrange(5) for _ in numbers]
    return tasks.view(np.uint32).reshape(-1, SLOT_WORDS)


if __name__ == "__main__":
    begin, wanted, seed_of_it = map(int, sys.argv[2:])
    print(publish_all(Path(sys.argv[1]), begin, wanted, Random(seed_of_it)))
