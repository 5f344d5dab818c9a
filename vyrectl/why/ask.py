"""A question about a queue: what the user gave beside the looks, and the scene that both make. Imports numpy.

The invariant: an option goes before what a control buffer says, and that before a default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.findings.about import About
from vyrectl.ring.reading import Abi
from vyrectl.ring.reading_arrays import decide
from vyrectl.sidecar.workers import Worker, busy
from vyrectl.why.answer import Answer, explain
from vyrectl.why.hands import Hands
from vyrectl.why.looks import Look
from vyrectl.why.scene import Crew, Lacking, Operations, Scene
from vyrectl.why.turns import Turns


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked, beside the ring.

    Attributes:
        op_name: An operation by name, else by number.
        ops: Ids of operations with a body or a name; None for not asking.
        spawning: Ids of those that may spawn.
        ending: Ids of those that end at once.
        epoch: Epoch to go by, or None for the control buffer's.
        age_threshold: Age ticks from which a task is called starved; 0 for never.
        abi: How words 4-15 are to be read.
        turns: What a trace noted, or None.
        stalled: The verdict that a saved snapshot gives, or None.
        lacking: As for `Scene`.
    """

    op_name: Callable[[int], str]
    ops: frozenset[int] | None = None
    spawning: frozenset[int] = frozenset()
    ending: frozenset[int] = frozenset()
    epoch: int | None = None
    age_threshold: int = AGE_THRESHOLD
    abi: Abi = Abi.AUTO
    turns: Turns | None = None
    stalled: str | None = None
    lacking: Lacking | None = None

    def about(self, look: Look) -> About:
        """What `check` would be told about this look."""
        readings = decide(look.ring.slots, self.abi)
        ops = None if self.ops is None else self.ops | look.ops | look.in_hand
        return About.beside(
            look.control, epoch=self.epoch, age_threshold=self.age_threshold, ops=ops, readings=readings
        )


def answer(looks: Sequence[Look], question: Question) -> Answer:
    """Why the queue of the last look does not move; earlier looks are what it is compared with.

    Args:
        looks: At least one, oldest first.
        question: What is asked.
    """
    last = looks[-1]
    return explain(
        Scene(
            name=last.name,
            slots=last.ring.slots,
            about=question.about(last),
            operations=Operations(question.op_name, question.spawning, question.ending, question.lacking),
            holder=last.holder,
            control=last.control,
            earlier=looks[0].as_earlier(last) if len(looks) > 1 else None,
            stalled=question.stalled,
            turns=question.turns,
            workers=_longest(last.workers),
            crew=_crew(looks),
            quotas=last.quotas,
            printed=last.printed(),
            first_faults=_first_faults(looks) if len(looks) > 2 else {},
            places=last.places(),
        )
    )


def _crew(looks: Sequence[Look]) -> Crew:
    last = looks[-1]
    longest = {one.seat for one in _longest(last.workers).values()}
    twice = len(looks) > 1 and last.holder.on_copy
    return Crew(
        [one for one in busy(last.workers) if one.seat not in longest],
        _longest(last.died),
        Hands.between(looks[0].workers, last.workers) if twice else None,
    )


def _longest(workers: Sequence[Worker]) -> dict[int, Worker]:
    """Slot -> the worker that has it in hand; where launches work on copies of their own, the longest there."""
    return {one.slot: one for one in reversed(busy(workers)) if one.slot is not None}


def _first_faults(looks: Sequence[Look]) -> dict[int, tuple[int, str]]:
    """Slot -> the first look, by number and name, in which it was Faulted."""
    found: dict[int, tuple[int, str]] = {}
    for number, look in enumerate(looks):
        for slot in np.flatnonzero(look.ring.slots["state"] == int(TaskState.FAULTED)).tolist():
            found.setdefault(slot, (number, look.name))
    return found
