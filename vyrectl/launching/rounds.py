"""The rounds of a launch: index, run in slices, look at the clock, again until nothing claimable is left.

Between rounds only the slots' state words count: the queue, its order and every counter of the engine are
made anew. A slice is what the host hands out between two looks at the clock and at signals; its size follows
the device's speed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.engine import CLASSES
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import DeviceSession, Interrupt, RoundIndex
from vyrectl.engine.endings import Ending
from vyrectl.errors import DeviceError

SLICE_SECONDS = 0.1
"""What a slice should take."""

FIRST_SLICE = 1 << 25
SLICE_GROWTH = 8

STUCK_SECONDS = 25.0
"""So long after its own timeout a slice that was asked to end is taken for one that never will."""

ROUND_SECONDS = 1.0
"""After this long the workers of a slice are asked to leave, however much it has left."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a launch stands, for whoever watches it.

    Attributes:
        round_number: From 1.
        claimed: Claims of this round.
        claimable: Tasks that this round's index found.
        claims: Claims of the whole launch.
        ended: Tasks that became Done or Faulted in the whole launch.
        waiting: Tasks of this round's index that are not claimed yet, by priority word (5 numbers).
        epoch: Epoch now.
    """

    round_number: int
    claimed: int
    claimable: int
    claims: int
    ended: int = 0
    waiting: tuple[int, ...] = (0,) * CLASSES
    epoch: int = 0


@dataclass(slots=True)
class Limits:
    """What ends a launch early.

    Attributes:
        max_steps: Most claims.
        deadline: `time.monotonic()` after which no slice starts and a running one is asked to end.
        stop: Asked between and during slices; a reason (the value of an `Ending`) ends the launch.
        watch: Told about progress between slices.
        quiet: Asked before a launch ends as drained: lets nobody else change the ring from now on and says True, or
            that somebody has since the last index.
        debug: Given the debug log after each slice; None when nobody reads along.
        started: Called once the device is ready, before the first index.
        finishing: Called when the device has done its work, before anything is saved.
    """

    max_steps: int | None = None
    deadline: float | None = None
    stop: Interrupt = field(default=lambda: None)
    watch: Callable[[Progress], None] = field(default=lambda progress: None)
    quiet: Callable[[], bool] = field(default=lambda: True)
    debug: Callable[[NDArray[np.uint32]], None] | None = None
    started: Callable[[], None] = field(default=lambda: None)
    finishing: Callable[[], None] = field(default=lambda: None)

    def reached(self, claims: int) -> str | None:
        """Why a launch that has made so many claims ends now; None while it goes on."""
        if self.max_steps is not None and claims >= self.max_steps:
            return Ending.MAX_STEPS
        return self._reason()

    def interrupt(self) -> str | None:
        """Why a running slice ends now; None while it goes on.

        Raises:
            DeviceError: It was to end long ago, and runs on.
        """
        if self.deadline is not None and time.monotonic() - self.deadline >= STUCK_SECONDS:
            raise DeviceError(
                f"a task is still running {STUCK_SECONDS:g} s after the timeout and does not leave",
                fix="Look for an operation without end, and let it yield; tasks that it runs stay Running",
            )
        return self._reason()

    def _reason(self) -> str | None:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return Ending.TIMEOUT
        return self.stop()


@dataclass(slots=True)
class Course:
    """How the rounds went.

    Attributes:
        ended: The value of an `Ending`.
        rounds: Rounds that claimed something.
        indexed: Claimable tasks of the first index.
        resumed: Paused tasks that became Ready.
    """

    ended: str = Ending.DRAINED
    rounds: int = 0
    indexed: int = 0
    resumed: int = 0


Worked = TypeVar("Worked")


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a round begins with: the control buffer, turns per outcome, tasks that appeared, claims."""

    control: NDArray[np.uint32]
    ends: Counter[str]
    appeared: int
    claims: int
    priorities: tuple[int, ...]


def _admission(control: NDArray[np.uint32]) -> bytes:
    """The control words that say which tasks may be claimed."""
    masks = control_abi.TENANT_MASKS
    return control[[control_abi.EPOCH.first, *range(masks.first, masks.end)]].tobytes()


class Drain:
    """Drives a session until it is drained or a limit is met.

    Args:
        session: An open session.
        limits: What ends it early.
    """

    def __init__(self, session: DeviceSession, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._slice = FIRST_SLICE
        self._course = Course()

    def run(self) -> Course:
        """Work until nothing claimable is left; says how it ended."""
        course = self._course
        while True:
            before = self._standing()
            index, more = self._index(before)
            if index.first_visit or (index.whole and not course.rounds):
                course.indexed += index.claimable
            course.resumed += index.resumed
            ended = self._verdict_before(index, before, more) or self._round(index, before, more)
            if ended is None and self._leaves_nothing(index, before):
                ended = Ending.DRAINED
            if ended in (Ending.DRAINED, Ending.STALLED) and not self._limits.quiet():
                ended = None
            if ended is not None:
                course.ended = ended
                return course

    def _standing(self) -> _Standing:
        tally = self._session.tally()
        return _Standing(
            self._session.control(), self._ends(), self._appeared(), tally.claims, tuple(tally.by_priority)
        )

    def _index(self, before: _Standing) -> tuple[RoundIndex, bool | None]:
        """The round's index, and whether its first slice left more where the session works on both at once."""
        if (
            not self._session.rounds_at_once
            or self._limits.max_steps is not None
            or before.control[control_abi.SHUTDOWN.first]
            or self._early_end() is not None
        ):
            return self._session.index(), None
        return self._timed(lambda interrupt: self._session.round(self._slice, interrupt))

    def _verdict_before(self, index: RoundIndex, before: _Standing, more: bool | None) -> str | None:
        """How the launch ends without a round; None when there is one, or a first slice was it."""
        if not index.claimable and self._claims() == before.claims:
            return Ending.DRAINED
        if more is not None:
            return None
        return Ending.SHUTDOWN if before.control[control_abi.SHUTDOWN.first] else self._early_end()

    def _leaves_nothing(self, index: RoundIndex, before: _Standing) -> bool:
        """Whether a round's account alone shows that nothing claimable is left, so that no index need look.

        Every task of the index was claimed, and so was each that gave its worker back, was spawned, or went on after
        its children; none paused; and who may be claimed (the epoch, the tenant masks) is as the index met it.
        """
        made = self._ends() - before.ends
        due = index.claimable + made["yielded"] + made["requeued"] + self._appeared() - before.appeared
        return (
            index.whole
            and made.total() == due
            and not made["paused"]
            and _admission(before.control) == _admission(self._session.control())
        )

    def _appeared(self) -> int:
        """Tasks that became claimable otherwise than by giving their worker back."""
        tally = self._session.tally()
        return tally.spawned + tally.joined

    def _ends(self) -> Counter[str]:
        return Counter(self._session.tally().outcomes())

    def _early_end(self) -> str | None:
        return self._limits.reached(self._claims())

    def _round(self, index: RoundIndex, before: _Standing, first: bool | None) -> str | None:
        """One round, slice by slice, of which the first may be done; None when the next may start."""
        self._course.rounds += 1
        more, is_done = True, first is not None
        while more:
            if not is_done and (ended := self._early_end()) is not None:
                return ended
            more = bool(first) if is_done else self._slice_of_round()
            is_done = False
            if self._limits.debug is not None:
                self._limits.debug(self._session.debug_log())
            control = self._session.control()
            self._limits.watch(self._progress(index, before, control))
            if (reason := self._limits.interrupt()) is not None and more:
                return reason
            if control[control_abi.SHUTDOWN.first]:
                return Ending.SHUTDOWN
        return None if self._claims() > before.claims else Ending.STALLED

    def _progress(self, index: RoundIndex, before: _Standing, control: NDArray[np.uint32]) -> Progress:
        """Where this round stands that began so."""
        tally = self._session.tally()
        outcomes = tally.outcomes()
        made = (now - before for now, before in zip(tally.by_priority, before.priorities, strict=True))
        return Progress(
            round_number=self._course.rounds,
            claimed=tally.claims - before.claims,
            claimable=index.claimable,
            claims=tally.claims,
            ended=outcomes["done"] + outcomes["faulted"],
            waiting=tuple(max(0, found - n) for found, n in zip(index.classes, made, strict=True)),
            epoch=int(control[control_abi.EPOCH.first]),
        )

    def _slice_of_round(self) -> bool:
        left = None if self._limits.max_steps is None else self._limits.max_steps - self._claims()
        most = self._slice if left is None else min(self._slice, left)
        return self._timed(lambda interrupt: self._session.run(most, interrupt, strict=left is not None))

    def _timed(self, work: Callable[[Interrupt], Worked]) -> Worked:
        """What a slice gave that may be interrupted; the next is as large as fits its time."""
        started = time.monotonic()

        def interrupt() -> str | None:
            return self._limits.interrupt() or (
                "slice" if time.monotonic() > started + ROUND_SECONDS else None
            )

        worked = work(interrupt)
        self._resize(time.monotonic() - started)
        return worked

    def _claims(self) -> int:
        return self._session.tally().claims

    def _resize(self, seconds: float) -> None:
        wanted = self._slice * SLICE_SECONDS / max(seconds, 1e-9)
        self._slice = int(
            min(max(wanted, 1, self._slice / SLICE_GROWTH), self._slice * SLICE_GROWTH, 1 << 28)
        )
