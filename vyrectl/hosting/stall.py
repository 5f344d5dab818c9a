"""A launch that notices that it stands still: when no turn has ended anywhere for too long, as its host sees it.

Standard library only. The invariant: a launch with nothing to do, or whose device is not at work yet, never stalls, and
one stall is told once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.hosting.glance import Glance
from vyrectl.sidecar.workers import Worker, turns_begun


class Insight(Protocol):
    """What the host of a launch sees of it.

    Attributes:
        began: The device is ready and at work; of several, one is.
    """

    began: bool

    @property
    def where(self) -> str:
        """Where the slots are while they run (`vyrectl.hosting.memory`)."""
        ...

    def glance(self) -> Glance | None:
        """A look at the ring; None where the device keeps it to itself."""
        ...

    def workers(self) -> Sequence[Worker]:
        """What each worker has in hand; nothing where nobody is watched."""
        ...

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """Let whoever looks from outside know that the launch stands still with these at work, or gets on (none)."""
        ...

    def left_running(self) -> int:
        """Slots that were Running before the launch, which leaves them alone."""
        ...

    def whole(self) -> bytes | None:
        """The slots as they are now, where they are in memory that the host shares; else None."""
        ...


@dataclass(frozen=True, slots=True)
class Stillness:
    """What a look at a launch found.

    Attributes:
        seconds: How long nothing has changed; 0 while something does, or nothing is to be done.
        half: Half of the time has just passed: the moment for a first look.
        stalled: All of it has just passed.
    """

    seconds: float = 0.0
    half: bool = False
    stalled: bool = False


class StallWatch:
    """Follows what a host sees.

    Args:
        after_s: Seconds without an ended turn from which a launch stands still.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._signature: Hashable = None
        self._since: float | None = None
        self._halved = self._told = False

    def note(self, signature: Hashable, moment: float, *, works: bool) -> Stillness:
        """Note a look.

        Args:
            signature: What changes when a turn ends.
            moment: Seconds, of a clock that does not go back.
            works: The device is at work and there is something to do.
        """
        if not works or signature != self._signature or self._since is None:
            self._signature, self._since = signature, moment if works else None
            self._halved = self._told = False
            return Stillness()
        seconds = moment - self._since
        half = not self._halved and seconds >= self._after_s / 2
        stalled = not self._told and seconds >= self._after_s
        self._halved, self._told = self._halved or half, self._told or stalled
        return Stillness(seconds, half, stalled)


def signature_of(glance: Glance | None, counted: Hashable, workers: Sequence[Worker] = ()) -> Hashable:
    """What changes when a turn ends: the counts that the device told, what a look at the ring shows, turns begun."""
    seen = None if glance is None else (glance.counts, glance.depths, glance.oldest)
    return counted, seen, turns_begun(workers)


def has_work(glance: Glance | None, waiting: int | None, left_running: int) -> bool:
    """Whether something is to be done.

    Args:
        glance: A look at the ring, or None.
        waiting: Tasks that the last round had left, None before it told.
        left_running: Slots that the launch leaves Running.
    """
    if glance is None:
        return waiting is None or waiting > 0
    return glance.counts[TaskState.RUNNING] > left_running or sum(glance.depths) > 0
