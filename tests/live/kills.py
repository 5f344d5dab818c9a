"""Launches that are killed at random moments, recovered and launched again: the crash promise, counted turn by turn.

Every task makes `STEPS` steps, and each step adds one to a counter of its own in a buffer that outlives the launch. A
continuation that is half written makes the task fault. So afterwards the counters say what ran how often.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import warm
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.ring.file import Ring
from vyrectl.sidecar.sidecar import sidecar_path
from vyrectl.task.arrays import SlotArray

STEPS = 5
RUNNING, DONE = 2, 3
MOST_LAUNCHES = 400

GROUPS = ("--work-group-size", "4", "--mode", "jit")
"""Workers that are groups; with the operations of the ring alone PoCL builds them in half the time."""

SOURCE = """
#include "vyre_op.h"
#define STEPS 5u
VYRE_OP(0x20010, steps, "counts its steps; yields, requeues or pauses between them") {
    __global uint *counts = vyre_write_u32(task, task->output_handle, (ulong)task->param * STEPS, STEPS);
    VYRE_CHECK(task);
    const uint pc = task->pc;
    if (pc >= STEPS || task->data != pc * 77u) return vyre_fault(5u);
    uint work = task->task_id;
    for (uint i = 0; i < 4000u; ++i) work = work * 1664525u + 1013904223u;
    counts[pc] += 1u + (work == 0xFFFFFFFFu && pc == 9u);
    if (pc + 1u == STEPS) return vyre_done();
    const uint next = pc + 1u;
    switch ((task->task_id + pc) % 5u) {
        case 0u: return vyre_requeue(next, next * 77u, work % 5u);
        case 1u: return vyre_pause(next, next * 77u, 0u);
        default: return vyre_yield(next, next * 77u);
    }
}
"""


SLOW = """
from vyrectl.opencl import program
from vyrectl.cli.main import main
plain = program.assemble
WAIT = "for (volatile uint wait = 0u; wait < 20000u; ++wait){} "
def slow(*arguments, **options):
    text = plain(*arguments, **options)
    for place in PLACES:
        assert text.count(place) >= 1, place
        text = text.replace(place, WAIT + place)
    return text
program.assemble = slow
raise SystemExit(main(ARGUMENTS))
"""
"""A command whose kernels take their time at some places, so that kills fall there."""

PLACES = (
    "vyre_store_release(record, slot + 1u);",
    "words[VYRE_WORD_CONTINUATION_DATA] = outcome.data;",
    "words[VYRE_WORD_YIELD_COUNT] += 1u;",
    "words[VYRE_WORD_AGE_TICKS] += 1u;",
    "vyre_store_release(VYRE_WORD(w->ring, slot, VYRE_WORD_STATE), ending.state);",
    "if (ending.noted) vyre_redo_end(&w->live);",
)
"""Around every step of the end of a turn."""


@dataclass
class Story:
    """What happened over all launches of one ring.

    Attributes:
        kills: Launches that were killed while they ran.
        repeats: Steps that ran again.
        allowed: Slots that were Running at a kill, one entry each time.
        finished: Slots that were half written and finished.
        counts: How often each step ran, shape (tasks, STEPS).
        slots: The ring at the end.
    """

    kills: int = 0
    repeats: int = 0
    allowed: list[int] = field(default_factory=list)
    finished: int = 0
    counts: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, STEPS), np.uint32))
    slots: SlotArray = field(default_factory=lambda: np.zeros(0, SLOT_DTYPE))

    def check(self) -> None:
        """Hold it to the promise.

        Raises:
            AssertionError: A task was lost, ran more than it should, or ended otherwise.
        """
        states, counts = np.unique(self.slots["state"], return_counts=True)
        assert states.tolist() == [DONE], dict(zip(states.tolist(), counts.tolist(), strict=True))
        assert self.counts.min() >= 1, "a step never ran"
        again = np.argwhere(self.counts > 1)
        per_task = {int(task): 0 for task in again[:, 0]}
        for task, step in again.tolist():
            per_task[task] += int(self.counts[task, step]) - 1
        for task, repeats in per_task.items():
            assert repeats <= self.allowed.count(task), f"task {task} repeated more than it was running"


def fresh(folder: Path, number: int) -> Path:
    """A folder for one story of several."""
    path = folder / str(number)
    path.mkdir()
    return path


def build(folder: Path, tasks: int, *, once: bool = False) -> Path:
    """A ring of tasks that count their steps; `once` declares that no step may run twice."""
    slots = np.zeros(tasks, SLOT_DTYPE)
    slots["state"], slots["op_handle"] = 1, 0x20010
    slots["task_id"] = slots["param"] = np.arange(tasks)
    slots["priority"] = np.arange(tasks) % 5
    ring = folder / "ring.bin"
    Ring.from_slots(slots).save(ring)
    (folder / "steps.cl").write_text(SOURCE.replace("VYRE_OP(", "VYRE_ONCE_OP(") if once else SOURCE)
    return ring


def run(
    folder: Path,
    ring: Path,
    seed: int,
    kills: int,
    *,
    places: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Story:
    """Launch, kill and recover until so many launches were killed; then let one end.

    Args:
        folder: Where the ring and the source are.
        ring: What `build` made.
        seed: Of the moments of death.
        kills: How many.
        places: Statements of the kernels to dawdle at.
        options: Of `launch`, beside the others.
    """
    generator, story = random.Random(seed), Story()
    tasks = len(ring.read_bytes()) // 64
    for _ in range(MOST_LAUNCHES):
        wait = generator.expovariate(1 / 0.03) if story.kills < kills else None
        if launch_once(folder, ring, tasks, wait, places if wait is not None else (), options):
            break
        if is_over(ring, folder / "counts.npy"):
            break
        running = np.flatnonzero(np.frombuffer(ring.read_bytes(), SLOT_DTYPE)["state"] == RUNNING)
        if Path(sidecar_path(ring)).exists():
            story.kills += 1
        story.allowed += running.tolist()
        story.finished += len(recover(ring)["finished"])
    story.counts = np.load(folder / "counts.npy").reshape(tasks, STEPS)
    story.repeats = int(story.counts.sum()) - tasks * STEPS
    story.slots = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)
    return story


def launch_once(
    folder: Path,
    ring: Path,
    tasks: int,
    kill_after: float | None,
    places: Sequence[str] = (),
    options: Sequence[str] = (),
) -> bool:
    """One launch; True when it ended by itself."""
    command = ["launch", str(ring), "--ops", "steps.cl", "--json"]
    command += ["--buffer", f"0=zeros:uint32:{tasks * STEPS}:{folder / 'counts.npy'}"]
    return start_and_kill([*command, *options], ring, kill_after, places)


def start_and_kill(
    command: Sequence[str], ring: Path, kill_after: float | None, places: Sequence[str] = ()
) -> bool:
    """Run a launch in place, and kill it so many seconds after its first turn; True when it ended by itself.

    It is started beside its ring: sources that are named alike are one program to what vyrectl keeps of programs.
    """
    code = SLOW.replace("PLACES", repr(tuple(places))).replace("ARGUMENTS", repr(list(command)))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ring.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        if kill_after is not None:
            _await_turns(child, ring)
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate(timeout=120)
    if child.returncode == -signal.SIGKILL:
        return False
    assert child.returncode == 0, err.decode()
    assert json.loads(out)["in_place"]
    return True


def is_over(ring: Path, output: Path) -> bool:
    """True when a launch that was killed had nothing left to do but to say so."""
    if Path(sidecar_path(ring)).exists() or not output.exists():
        return False
    array = np.load(output, mmap_mode="r")
    return bool(array.offset + array.nbytes == output.stat().st_size)


def _await_turns(child: subprocess.Popen[bytes], ring: Path) -> None:
    """Wait until workers have done something."""
    before = _progress(ring)
    while child.poll() is None and _progress(ring) == before:
        time.sleep(0.002)


def _progress(ring: Path) -> int:
    slots = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)
    return int(slots["state"].sum(dtype=np.int64) + slots["yield_count"].sum(dtype=np.int64))


def recover(ring: Path) -> dict[str, Any]:
    """What `recover` says."""
    command = warm.command("vyrectl", "recover", str(ring), "--json")
    answer = subprocess.run(command, capture_output=True, check=True)
    record: dict[str, Any] = json.loads(answer.stdout)
    return record
