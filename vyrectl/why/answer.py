"""The answer: a verdict in a sentence, the classes that hold, and what was looked at. Imports numpy.

The invariant: the verdict is the name of a class; a person is needed exactly when a class says so.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from vyrectl.dataclass import dataclass
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.found import MOST_SHOWN, Found, among, counts_of, find, slot_text, tasks
from vyrectl.why.record import FoundRecord, WhyRecord
from vyrectl.why.rules import find_all
from vyrectl.why.running import held_by
from vyrectl.why.scene import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Why a queue does not move.

    Attributes:
        scene: What was looked at.
        found: The classes that hold, the most important first; never empty.
        queue: Slots that are neither Empty nor Done.
        runnable: Tasks that a worker could claim now, or a launch resumes first, and that nothing holds up.
        moves: Tasks got on between the looks, or somebody runs the ring and nothing says otherwise.
    """

    scene: Scene
    found: tuple[Found, ...]
    queue: int
    runnable: int
    moves: bool

    @property
    def verdict(self) -> str:
        """Name of the most important class."""
        return self.found[0].cause.name

    @property
    def needs_person(self) -> bool:
        """Nobody but a person gets the queue, or a part of it, going."""
        return any(one.needs_person for one in self.found)

    def fails(self, wanted: Collection[str]) -> bool:
        """Whether the answer is one to fail on.

        Args:
            wanted: Names of classes; none for those that need a person.
        """
        if not wanted:
            return self.needs_person
        return any(one.cause.name in wanted for one in self.found)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        first = self.found[0]
        name, summary = self.scene.name, first.summary
        if not first.needs_person:
            return f"{name}: {summary}"
        held = sum(len(one.slots) for one in self.found if one.needs_person)
        if self.runnable or (self.moves and held < self.queue):
            goes = "moves" if self.moves else "can go on"
            return f"{name} {goes}, but not all of it ({min(held, self.queue)} of {self.queue}): {summary}"
        return f"{name} does not move: {summary}"

    def to_record(self) -> WhyRecord:
        """The answer as JSON shows it."""
        scene, motion = self.scene, self.scene.motion
        return {
            "ring": scene.name,
            "slots": len(scene.slots),
            "queue": self.queue,
            "runnable": self.runnable,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "needs_person": self.needs_person,
            "moves": self.moves,
            "epoch": scene.epoch,
            "held_by": scene.holder.name or None,
            "seconds": None if motion is None else motion.seconds,
            "classes": [_record(scene, one, self.queue) for one in self.found],
        }


def _record(scene: Scene, found: Found, queue: int) -> FoundRecord:
    numbers = found.slots
    return {
        "name": found.cause.name,
        "title": found.cause.title,
        "needs_person": found.needs_person,
        "count": len(numbers),
        "share": round(len(numbers) / queue, 6) if queue else 0,
        "summary": found.summary,
        "slots": numbers[:MOST_SHOWN].tolist(),
        "slot_text": slot_text(numbers) if len(numbers) else "",
        "ops": [
            {"op_handle": op, "op_name": scene.op_name(op), "count": count}
            for op, count in counts_of(scene, numbers, "op_handle")[:MOST_SHOWN]
        ],
        "tenants": [
            {"tenant_id": tenant, "count": count}
            for tenant, count in counts_of(scene, numbers, "tenant_id")[:MOST_SHOWN]
        ],
        "priorities": [
            {"priority": priority, "count": count}
            for priority, count in counts_of(scene, numbers, "priority")[:MOST_SHOWN]
        ],
        "evidence": list(found.evidence),
        "rule": found.cause.rule,
        "remedy": found.remedy,
        "command": found.command,
        "afterwards": found.afterwards,
        "afterwards_command": found.afterwards_command,
    }


def explain(scene: Scene) -> Answer:
    """Ask every rule about a scene."""
    found = find_all(scene)
    motion = scene.motion
    moved = motion is not None and motion.total_turns > 0
    moved = moved or (scene.crew.hands is not None and scene.crew.hands.begun)
    stuck = [one for one in found if one.needs_person]
    halted = any(one.cause.name in ("unattended", "held") for one in stuck)
    wanting = [one for one in found if one.cause.name == "unknown-handle"]
    blocked = _union([*stuck, *wanting], len(scene.slots))
    runnable = scene.taken & ~blocked
    if scene.guard_locks or scene.shut_down:
        runnable = np.zeros_like(runnable)
    moves = moved or (scene.holder.lives and not halted)
    gets_on = (
        motion is not None and not motion.ended.any() and any(one.cause.name == "spinning" for one in found)
    )
    if not stuck and not gets_on and (moves or not wanting):
        found = [_all_is_well(scene, moves=moves, runnable=runnable, wanting=bool(wanting)), *found]
    queue = int(np.count_nonzero(scene.queue))
    return Answer(scene, tuple(found), queue, int(np.count_nonzero(runnable)) if not halted else 0, moves)


def _union(found: Collection[Found], slots: int) -> Mask:
    mask = np.zeros(slots, np.bool_)
    for one in found:
        mask |= among(one.slots, slots)
    return mask


def _all_is_well(scene: Scene, *, moves: bool, runnable: Mask, wanting: bool) -> Found:
    """The class of a queue that needs nobody."""
    count = int(np.count_nonzero(runnable))
    if moves and scene.queue.any():
        motion = scene.motion
        ended = 0 if motion is None else int(np.count_nonzero(motion.ended))
        done = f"{tasks(ended)} ended since the earlier look" if motion is not None else None
        left = f"{tasks(int(np.count_nonzero(scene.queue)))} to go"
        if scene.holder.lives:
            watch = "copy" if scene.holder.on_copy and scene.workers else ""
            said = f"it is being worked on, {left}"
            return find(scene, "draining", scene.queue, said, held_by(scene), done, mend=watch)
        return find(
            scene,
            "draining",
            scene.queue,
            f"it got on between the looks, {left}",
            done,
            mend="" if wanting else "unheld",
        )
    if count:
        due = int(np.count_nonzero(runnable & scene.left_to_launch))
        can = f"{tasks(count)} can be claimed" + (f", {due} of them once resumed as due" if due else "")
        said = f"nothing is wrong; {can}, and a launch takes them"
        return find(scene, "healthy", runnable, said)
    said = "nothing is wrong; " + (
        "no task is left to do" if not scene.queue.any() else "nothing can be claimed now"
    )
    return _nothing_to_do(find(scene, "healthy", runnable, said))


def _nothing_to_do(found: Found) -> Found:
    from dataclasses import replace

    return replace(found, remedy="")
