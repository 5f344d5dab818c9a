"""Rules about Paused tasks that wait for an epoch: one to come, one that never does, one that has come.

Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vyrectl.abi.opcodes import BATCH_FENCE
from vyrectl.abi.states import TaskState
from vyrectl.why.found import Found, find, tasks
from vyrectl.why.scene import Scene


def due_forgotten(scene: Scene) -> Iterator[Found]:
    """Paused, and their epoch has come."""
    mask = scene.due & scene.let_in & ~scene.left_to_launch
    said = f"the epoch is {scene.epoch}" + ("" if scene.control else ", as far as is known")
    if scene.holder.lives:
        if scene.motion is None or scene.earlier is None or scene.holder.on_copy:
            return
        mask = mask & scene.motion.same & scene.motion.still
        said += ", in both looks"
    count = int(np.count_nonzero(mask))
    if not count:
        return
    epochs = scene.slots["resume_epoch"][mask]
    yield find(
        scene,
        "due-forgotten",
        mask,
        f"{tasks(count)} Paused until an epoch that has come",
        f"{said}; they wait for {_span(int(epochs.min()), int(epochs.max()))}",
    )


def not_due(scene: Scene) -> Iterator[Found]:
    """Paused until later, or for ever."""
    waiting = scene.state(TaskState.PAUSED) & scene.chunk.plain
    later = waiting & ~scene.due & ~scene.never & ~scene.at_join
    if later.any():
        yield _later(scene, later)
    if scene.never.any():
        count = int(np.count_nonzero(scene.never))
        yield find(
            scene,
            "not-due",
            scene.never,
            f"{tasks(count)} Paused for an epoch that never comes",
            "resume_epoch is 4294967295: such a task waits to be resumed by hand",
            mend="never",
        )


def _later(scene: Scene, later: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Found:
    epochs = scene.slots["resume_epoch"][later]
    first, last = int(epochs.min()), int(epochs.max())
    count = int(np.count_nonzero(later))
    fences = int(np.count_nonzero(scene.claimable & scene.chunk.lies("op_handle", BATCH_FENCE, BATCH_FENCE)))
    enough = scene.epoch + fences >= last
    brings = "batch fence brings" if fences == 1 else "batch fences bring"
    brought = f"{fences} claimable {brings} it to {scene.epoch + fences}" if fences else None
    return find(
        scene,
        "not-due",
        later,
        f"{tasks(count)} Paused until epoch {_span(first, last)}, and it is {scene.epoch}",
        f"the epoch is {scene.epoch}: {first - scene.epoch} more until the first is due, "
        f"{last - scene.epoch} until all are",
        brought,
        mend="control" if "control" in scene.places else "launch",
        places={"epoch": str(last)},
        needs_person=not enough,
    )


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"
