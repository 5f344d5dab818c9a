"""What a rule found: the slots, said by operation, tenant and class, the evidence, and the mend with its places filled.

Imports numpy. The invariant: a mend is one line, and its command works as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import priority_name
from vyrectl.dataclass import dataclass
from vyrectl.ring.findings.advice import fill_advice, saved_first, split_advice
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.classes import CAUSES, Cause
from vyrectl.why.launches import LAUNCH, fit_launch
from vyrectl.why.scene import Numbers, Scene

MOST_SHOWN = 8
"""Slots, operations and tenants that are named."""

MOST_CHOSEN = 64
"""Runs of slots that a command names before it names the ring's condition instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One class that holds.

    Attributes:
        cause: Why these tasks stand still.
        slots: The tasks, int64, shape (m,), ascending.
        summary: What holds them, completing the verdict's sentence.
        evidence: Lines with the facts.
        remedy: What to do; a command comes last.
        needs_person: Nobody else gets them going.
        afterwards: What to do once that is done, a command last; empty for nothing.
        about: The tasks that its commands are about, as `slots`; None for all of them.
    """

    cause: Cause
    slots: Numbers
    summary: str
    evidence: tuple[str, ...]
    remedy: str
    needs_person: bool
    afterwards: str = ""
    about: Numbers | None = None

    @property
    def command(self) -> str | None:
        """The command that the remedy ends with."""
        return split_advice(self.remedy)[1]

    @property
    def afterwards_command(self) -> str | None:
        """The command that `afterwards` ends with."""
        return split_advice(self.afterwards)[1]


def find(
    scene: Scene,
    name: str,
    mask: Mask,
    summary: str,
    *evidence: str | None,
    mend: str = "",
    then: str = "",
    places: Mapping[str, str] | None = None,
    chosen: Numbers | None = None,
    needs_person: bool | None = None,
) -> Found:
    """A class that holds for the slots under a mask.

    Args:
        scene: Where.
        name: A key of `CAUSES`.
        mask: bool, shape (n,).
        summary: See `Found`.
        evidence: Lines; None is left out.
        mend: The case of `Cause.mends`.
        then: The case that says what follows; empty for nothing.
        places: What else stands in its braces.
        chosen: Slots that the command is about; all of them by default.
        needs_person: By default as the class says.
    """
    cause = CAUSES[name]
    numbers = np.flatnonzero(mask).astype(np.int64)
    about = numbers if chosen is None else chosen
    texts = {"slots": slot_list(about, MOST_CHOSEN), "look": f"--slots {slot_list(about, MOST_CHOSEN)}"}
    filled = {**texts, **(places or {})}
    text = fit_launch(scene, cause.mends[mend], mask, int(filled.get("epoch", scene.epoch)))
    remedy = mend_text(scene, text, filled)
    person = cause.needs_person if needs_person is None else needs_person
    after = fit_launch(scene, cause.mends[then], np.zeros_like(mask), scene.epoch) if then else ""
    afterwards = mend_text(scene, after, filled)
    return Found(
        cause, numbers, summary, tuple(one for one in evidence if one), remedy, person, afterwards, chosen
    )


def mend_text(scene: Scene, text: str, places: Mapping[str, str]) -> str:
    """A mend with what is known in its places; where the control buffer is no file of its own, it is cut out first."""
    if "{control}" in text and "control" not in scene.places:
        words, _ = split_advice(text)
        text = f"{words}, once the buffers are files of their own: vyrectl open {{file}} --unpack {{parts}}"
    elif LAUNCH in text and scene.places.get("span"):
        words, _ = split_advice(text)
        lead = f"{words}, once it is a file of its own" if words else "Cut the ring out, and launch that"
        text = f"{lead}: vyrectl build {{made}} --from {{file}} {{span}}"
    text = saved_first(_once_free(scene, text), scene.name)
    return fill_advice(text, {**scene.places, **places})


_NEEDS_THE_RING = ("launch", "recover", "repair", "set", "transition")
"""Commands that take a ring's lock; of a ring that runs in place all but `launch` and `recover` work without it."""

_WORK_LIVE = ("repair", "set", "transition")
_FREE = "once nobody holds the ring any more"
_LATER = "once this launch has ended"


def _once_free(scene: Scene, text: str) -> str:
    """An advice whose command would be refused now says when it works."""
    words, command = split_advice(text)
    name = "" if command is None else command.split()[1]
    free = not scene.holder.lives or (scene.holder.reads and name != "launch")
    works = free or (scene.holder.in_place and name in _WORK_LIVE)
    said = words.lower()
    if works or name not in _NEEDS_THE_RING or said.startswith((_FREE, _LATER)):
        return text
    if not words:
        return f"{_FREE[0].upper()}{_FREE[1:]}: {command}"
    when = _FREE.replace("once", "and", 1) if said.startswith("once ") else _FREE
    return f"{words}, {when}: {command}"


def slot_list(numbers: NDArray[np.int64], most: int) -> str:
    """``0-3,7``: the first runs of some ascending slot numbers."""
    return ",".join(_run(first, last) for first, last in runs(numbers)[:most])


def slot_text(numbers: NDArray[np.int64]) -> str:
    """``slots 0-3, 7`` for people, with a sign where there are more runs."""
    found = runs(numbers)
    shown = ", ".join(_run(first, last) for first, last in found[:MOST_SHOWN])
    more = ", ..." if len(found) > MOST_SHOWN else ""
    return f"{'slot' if len(numbers) == 1 else 'slots'} {shown}{more}"


def runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ascending numbers as runs, first and last of each."""
    if not len(numbers):
        return []
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(numbers, cuts)]


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def counts_of(scene: Scene, numbers: NDArray[np.int64], field: str) -> list[tuple[int, int]]:
    """Words of a field among some slots and how many have each, the commonest first."""
    words, counts = np.unique(scene.slots[field][numbers], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return list(zip(words[order].tolist(), counts[order].tolist(), strict=True))


def named_counts(scene: Scene, numbers: NDArray[np.int64], field: str) -> list[tuple[str, int]]:
    """The same with names."""
    namers = {"op_handle": scene.op_name, "priority": priority_name}
    namer = namers.get(field, str)
    return [(namer(word), count) for word, count in counts_of(scene, numbers, field)]


def first_task(scene: Scene, numbers: NDArray[np.int64]) -> str:
    """The first of some tasks in words: ``slot 3 (scale)``."""
    slot = int(numbers[0])
    return f"slot {slot} ({scene.op_name(int(scene.slots['op_handle'][slot]))})"


def tasks(count: int) -> str:
    """``1 task``, ``3 tasks``."""
    return f"{count} task{'s' * (count != 1)}"


def waiting(count: int) -> str:
    """``1 task waits``, ``3 tasks wait``."""
    return f"{tasks(count)} wait{'s' * (count == 1)}"


def seconds_text(seconds: float) -> str:
    """A time for people."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def among(numbers: NDArray[np.int64], count: int) -> Mask:
    """A mask over `count` slots with these set."""
    mask = np.zeros(count, np.bool_)
    mask[numbers] = True
    return mask
