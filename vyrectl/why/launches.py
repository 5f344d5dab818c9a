"""What a launch that is advised has to be given so that it works: buffers, and which tasks it leaves out.

Imports numpy. The facts are those by which a launch refuses (`vyrectl.launching.unrunnable`). The invariant: a task
whose operation has no body is left as it is, never faulted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.states import TaskState
from vyrectl.errors import Unrunnable, is_kept_id
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.scene import Scene

LAUNCH = "vyrectl launch {ring}"
"""How such an advice begins; a launch takes a whole file."""

_WHERE = "--where '"


def fit_launch(scene: Scene, text: str, mask: Mask, epoch: int) -> str:
    """An advice to launch with the options that make it work as printed; any other as it is.

    Args:
        scene: Where.
        text: The advice, its places open.
        mask: The tasks that it is about.
        epoch: The launch's.
    """
    if LAUNCH not in text or scene.places.get("span"):
        return text
    runs = scene.chunk.claimable | _wakes(scene, epoch) | (scene.at_join & scene.spawning & mask)
    lacks, reasons = _lacking(scene, runs)
    bodiless = sorted({one.op_handle for one in reasons if one.handle is None})
    without = lacks & np.isin(scene.slots["op_handle"], bodiless)
    if "{others}" in text:
        named = np.unique(scene.slots["op_handle"][mask]).tolist()
        clause = _clause(scene, sorted({*bodiless, *named}), runs)
        text = text.replace("{others}", f"{_WHERE}{clause}'")
    elif bodiless and mask.any() and not (mask & ~without).any() and not all(map(is_kept_id, bodiless)):
        text += " --ops FILE.cl"
        without = np.zeros_like(without)
    elif bodiless:
        clause = _clause(scene, bodiless, runs)
        inserted = text.replace(_WHERE, f"{_WHERE}{clause} and ", 1)
        text = inserted if _WHERE in text else f"{text} {_WHERE}{clause}'"
    if "{buffers}" in text:
        return text
    _, reasons = _lacking(scene, runs & (scene.let_in | mask) & ~without)
    return " ".join([text, *dict.fromkeys(one.remedy for one in reasons if one.handle is not None)])


def _lacking(scene: Scene, runs: Mask) -> tuple[Mask, Sequence[Unrunnable]]:
    """Which of these tasks a launch would refuse, and why."""
    if scene.operations.lacking is None:
        return np.zeros_like(runs), ()
    return scene.operations.lacking(scene.slots, runs)


def _wakes(scene: Scene, epoch: int) -> Mask:
    """Paused tasks that are due at an epoch."""
    due: Mask = scene.state(TaskState.PAUSED)
    return due & scene.chunk.lies("resume_epoch", 0, min(epoch, NEVER_EPOCH - 1))


def _clause(scene: Scene, bodiless: Sequence[int], runs: Mask) -> str:
    """A condition that leaves the tasks of these operations out; of the two ways to say it the shorter."""
    others = sorted({*np.unique(scene.slots["op_handle"][runs]).tolist()} - {*bodiless})
    if not others or len(bodiless) <= len(others):
        return " and ".join(f"op != 0x{op:x}" for op in bodiless)
    listed = " or ".join(f"op == 0x{op:x}" for op in others)
    return f"({listed})" if len(others) > 1 else listed
