"""Whether a device really runs a ring: a launch of one, in a process of its own, that needs every kernel of a launch.

Standard library only; whatever the driver does ends with the launch's process. Invariant: the ring is longer than an
index chunk on every device, some of its tasks go from hand to hand, and one has children where that is asked for.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vyrectl.errors import ChildDiedError
from vyrectl.files.python import module_command
from vyrectl.opencl.child import Ended, run_child
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.task.item import TaskWorkItem, WorkItem

FIX = "Choose another device with --device, or try --device reference"

NOP, REQUEUE, FORK_SUM = 0x0, 0x1007, 0x1010
REQUEUED_EVERY, REQUEUES = 16, 3
"""Each task of this many requeues itself this often."""

TASKS = 10_000
"""More than two chunks of any device (`vyrectl.opencl.geometry`)."""

CHILDREN = 2
DIED = "died"
"""The fact that the process that drove the device ended by itself."""

LAST_RUNG = 3
"""Of the fence ladder: nothing goes from hand to hand there, so a task that would have children does their work."""

EMPTY_SLOTS = 64
BUFFERS = ("0=zeros:uint32:8192", "1=zeros:uint32:8")
"""Two leaves of a sum by halves, and its heap."""


def run_ring(device: str, seconds: float, *, families: bool = True) -> Check:
    """Launch the ring on a device and look at what became of its tasks.

    Args:
        device: Id of the device that runs the ring, as `devices` lists it.
        seconds: How long that may take.
        families: Let one task have children, which takes a program of all operations; else one of two is built.
    """
    area = f"device {device}"
    with tempfile.TemporaryDirectory(prefix="vyrectl-doctor-") as folder:
        ring = Path(folder, "ring.bin")
        ring.write_bytes(b"".join(item.to_bytes() for item in _tasks(families)) + bytes(EMPTY_SLOTS * 64))
        buffers = [word for buffer in BUFFERS for word in ("--buffer", buffer)]
        launch = module_command(
            "vyrectl",
            "launch",
            str(ring),
            "--device",
            device,
            "--verify",
            *buffers,
        )
        ended = run_child([*launch, "--json", "--quiet"], seconds)
    if ended.status is None:
        return Check(area, "ring", Status.ERROR, f"no end within {seconds:g} s", FIX)
    return _judge(area, ended, CHILDREN if families else 0)


def _tasks(families: bool) -> Iterator[TaskWorkItem]:
    yield TaskWorkItem.from_work_item(1, 0, 0, WorkItem(FORK_SUM if families else NOP, 0, int(families), 0))
    for number in range(2, TASKS + 1):
        requeues = number % REQUEUED_EVERY == 0
        work = WorkItem(REQUEUE, 0, 0, REQUEUES) if requeues else WorkItem(NOP)
        yield TaskWorkItem.from_work_item(number, 0, number % 5, work)


def _judge(area: str, ended: Ended, children: int) -> Check:
    try:
        report = json.loads(ended.output)
        done = int(report["done"])
        wanted = TASKS + (0 if report["geometry"].get("rung") == LAST_RUNG else children)
    except (ValueError, KeyError, TypeError, AttributeError):
        why, died = _last_words(ended.last_line())
        message = f"a launch failed with exit code {ended.status}: {why}"
        return Check(area, "ring", Status.ERROR, message, FIX, {DIED: True} if died else {})
    if ended.status or done != wanted:
        message = f"{done} of {wanted} tasks done, exit code {ended.status}"
        return Check(area, "ring", Status.ERROR, message, FIX)
    facts = {"ring_seconds": report.get("wall_seconds")}
    return Check(area, "ring", Status.OK, f"{done} tasks, each done once", facts=facts)


def _last_words(line: str) -> tuple[str, bool]:
    """What a launch that failed says, and whether its device process died."""
    try:
        error = json.loads(line)
        return str(error["message"]), error.get("error") == ChildDiedError.kind
    except (ValueError, KeyError, TypeError):
        return line, False
