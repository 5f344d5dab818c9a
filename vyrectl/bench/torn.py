"""A stress of the rule for readers: a ring is fed in one process, worked on by another and read in this one.

Every task's words follow from its id, so that a slot with words of two tasks shows. A slot that two successive reads
agree on must never be such a mix; how often a careless read is says whether the stress is one. Imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.bench.feeding import START_SECONDS, Answers, fed
from vyrectl.dataclass import dataclass
from vyrectl.errors import DeviceError
from vyrectl.ring.file import Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.task.arrays import SlotArray

STRESS_SLOTS = 512
LINES = 64
SPIN_OP, REQUEUE_OP = 0x1005, 0x1007


@dataclass(slots=True)
class Found:
    """What the stress saw.

    Attributes:
        read: Slots accepted.
        torn: Of them, those with words of two tasks.
        torn_once: Slots torn by reads that take no care.
        tasks: Tasks that ended meanwhile.
    """

    read: int = 0
    torn: int = 0
    torn_once: int = 0
    tasks: int = 0


def mixed(task_id: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A word that follows from an id and shares no bits with its neighbours'."""
    return (task_id * np.uint32(2654435761)) ^ np.uint32(0x5BD1E995)


def line_of(task_id: int) -> bytes:
    """A task whose words follow from its id, and that yields or requeues on its way."""
    word = int(mixed(np.array([task_id], np.uint32))[0])
    op, param = (SPIN_OP, task_id % 50) if task_id % 4 else (REQUEUE_OP, task_id % 3)
    return (
        b'{"task_id": %d, "op": %d, "param": %d, "input": %d, "output": %d, "tenant": %d, "parent": %d}\n'
        % (task_id, op, param, word, word ^ 0xFFFFFFFF, word >> 7, word >> 3)
    )


def torn_slots(slots: SlotArray) -> int:
    """How many slots hold words of two tasks; Empty ones hold none."""
    used = slots[slots["state"] != int(TaskState.EMPTY)]
    used = used[used["task_id"] != 0]
    word = mixed(np.ascontiguousarray(used["task_id"]))
    whole = (
        (used["input_handle"] == word)
        & (used["output_handle"] == ~word)
        & (used["tenant_id"] == word >> np.uint32(7))
        & (used["parent_task_id"] == word >> np.uint32(3))
    )
    return int(np.count_nonzero(~whole))


def stress(ring: Path, device: str, seconds: float) -> Found:
    """Feed, run and read a small ring for some time."""
    found = Found()
    with fed(ring, device, slots=STRESS_SLOTS) as (fifo, answers):
        reading = Thread(target=_drain, args=(answers,), daemon=True)
        reading.start()
        over = Event()
        with fifo.open("wb", buffering=0) as out:
            writing = Thread(target=_write, args=(out.write, over), daemon=True)
            writing.start()
            _until_answered(answers)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                look(ring, found)
            over.set()
            writing.join(10.0)
    reading.join(10.0)
    found.tasks = len(answers.done)
    return found


def look(ring: Path, found: Found) -> None:
    """One reading of the ring by the rule, and one that looks at each word whenever it comes to it."""
    slots = copy_ring(ring).ring.slots
    found.read += int(np.count_nonzero(slots["state"] != int(TaskState.EMPTY)))
    found.torn += torn_slots(slots)
    with Ring.open(ring) as opened:
        found.torn_once += torn_slots(opened.slots)


def _until_answered(answers: Answers) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers.done:
        if time.monotonic() > deadline:
            raise DeviceError("the feed is not answered")
        time.sleep(0.01)


def _write(write: Callable[[bytes], object], over: Event) -> None:
    task_id = 1
    with suppress(BrokenPipeError):
        while not over.is_set():
            write(b"".join(line_of(one) for one in range(task_id, task_id + LINES)))
            task_id += LINES


def _drain(answers: Answers) -> None:
    while answers.read():
        pass
