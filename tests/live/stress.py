"""A launch whose ring other processes edit and read all the while: no torn slot is accepted, every step runs once.

Run as a program it is the editor: `python -m tests.live.stress RING SEED` edits until the launch ends.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from tests.live.kills import DONE, SOURCE, STEPS, build
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.cli.edits import plan_action
from vyrectl.edit.edit import Edit, plan_set
from vyrectl.edit.write import edit_ring
from vyrectl.errors import FileError, LiveEditError, SidecarError
from vyrectl.ring.steady import copy_ring
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.task.arrays import SlotArray

SHUTDOWN, EPOCH = 0, 128
LATER = 1
"""Epoch that an editor's pauses wait for; the reader sets it near the end."""

WAITING = (1, 5, 6)


@dataclass
class Watched:
    """What the reader saw.

    Attributes:
        reads: Copies of the ring.
        slots: Slots accepted.
        unsteady: Slots that changed at every read.
        edits: Edits that reached their slots, of all editors.
    """

    reads: int = 0
    slots: int = 0
    unsteady: int = 0
    edits: int = 0


START_SECONDS = 90
"""Longest wait for the launch to let editors in."""


def stress(folder: Path, tasks: int, work: int, seed: int, editors: int = 2) -> Watched:
    """Launch a ring of so many tasks and work, edit and read it until it is drained, and check what ran.

    Raises:
        AssertionError: A torn slot was accepted, or a step did not run exactly once.
    """
    ring = build(folder, tasks)
    (folder / "steps.cl").write_text(SOURCE.replace("4000u", f"{work}u"))
    launch = [sys.executable, "-m", "vyrectl", "launch", str(ring), "--ops", "steps.cl"]
    launch += ["--follow", "--buffer", f"0=zeros:uint32:{tasks * STEPS}:{folder / 'counts.npy'}"]
    watched = Watched()
    others = [start_editor(ring, seed + number) for number in range(editors)]
    with subprocess.Popen(launch, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        await_live(child, ring)
        while child.poll() is None:
            watch(ring, watched)
            let_go_on(ring)
        _, said = child.communicate()
        for other in others:
            out, err = other.communicate(timeout=60)
            assert other.returncode == 0, err.decode()
            watched.edits += int(out)
    assert child.returncode == 0, said.decode()
    check(folder, ring, tasks)
    return watched


def check(folder: Path, ring: Path, tasks: int) -> None:
    """Every task is Done and each of its steps ran once."""
    slots = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)
    assert set(slots["state"].tolist()) == {DONE}
    counts = np.load(folder / "counts.npy").reshape(tasks, STEPS)
    assert (counts == 1).all()


def await_live(child: subprocess.Popen[bytes], ring: Path) -> None:
    """Wait until editors are let in."""
    while child.poll() is None and not runs(ring):
        time.sleep(0.005)


def watch(ring: Path, watched: Watched) -> None:
    """Read the ring once; a continuation that does not fit its step was torn."""
    copy = copy_ring(ring)
    slots = copy.ring.slots
    torn = np.flatnonzero(
        (slots["continuation_data"] != slots["continuation_pc"] * np.uint32(77))
        | (slots["task_id"] != np.arange(len(slots)))
        | (slots["state"] > 6)
    )
    torn = torn[slots["state"][torn] != 2]
    assert len(torn) <= copy.unsteady, (torn[:4], slots[torn[:4]])
    watched.reads += 1
    watched.slots += len(slots)
    watched.unsteady += copy.unsteady


def let_go_on(ring: Path) -> None:
    """Once little is left, let the tasks go on that editors have paused; once nothing is, end the launch."""
    states = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)["state"]
    over = bool((states == DONE).all())
    if over or not np.isin(states, WAITING).any():
        with suppress(SidecarError), Sidecar.open(ring) as sidecar:
            sidecar.set_control(*((SHUTDOWN, 1) if over else (EPOCH, LATER)))


def start_editor(ring: Path, seed: int) -> subprocess.Popen[bytes]:
    """An editor in a process of its own."""
    command = [sys.executable, "-m", "tests.live.stress", str(ring), str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def edit_until_the_end(ring: Path, random: Random) -> int:
    """Edit some waiting tasks again and again; how many edits reached at least one.

    The editor is ready before the launch, which may be over sooner than a process starts.
    """
    made = 0
    latest = time.monotonic() + START_SECONDS
    while not runs(ring) and time.monotonic() < latest:
        time.sleep(0.002)
    while runs(ring):
        try:
            made += bool(len(edit_ring(ring, lambda slots: plan(slots, random), role="stress").changes()))
        except LiveEditError as error:
            made += bool(error.changed)
        except FileError:
            time.sleep(0.001)  # it ends, or somebody else who came after its end holds the ring
    return made


def runs(ring: Path) -> bool:
    """True while the launch lets editors in."""
    try:
        with Sidecar.open(ring) as sidecar:
            return sidecar.is_live()
    except FileError:
        return False


def plan(slots: SlotArray, random: Random) -> Edit:
    """One edit of up to 100 waiting tasks that costs none of them a step."""
    waiting = np.flatnonzero(np.isin(slots["state"], WAITING))
    if not len(waiting):
        time.sleep(0.01)
        return plan_set(slots, waiting, {"priority": 0})
    first = random.randrange(len(waiting))
    numbers = waiting[first : first + random.randint(1, 100)]
    match random.randrange(4):
        case 0:
            return plan_set(slots, numbers, {"priority": random.randrange(5)})
        case 1:
            return plan_action(slots, numbers, "pause", {"epoch": LATER})
        case 2:
            return plan_action(slots, numbers, "requeue", {"priority": random.randrange(5)})
        case _:
            return plan_action(slots, numbers, "yield", {})


if __name__ == "__main__":
    print(edit_until_the_end(Path(sys.argv[1]), Random(int(sys.argv[2]))))
