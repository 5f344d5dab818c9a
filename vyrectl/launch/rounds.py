"""The rounds of a launch: index, run in slices, look at the clock, again until nothing claimable is left.

Between rounds only the slots' state words count: the queue, its order and every counter of the engine are
made anew. A slice is what the host hands out between two looks at the clock and at signals; its size follows
the device's speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vyrectl.abi import control as control_abi
from vyrectl.engine.backend import Interrupt, RoundIndex, Session
from vyrectl.engine.schedule import HIGH_CLASSES, ClaimOrder

SLICE_SECONDS = 0.1
"""What a slice should take."""

FIRST_SLICE = 4096
SLICE_GROWTH = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a launch stands, for whoever watches it.

    Attributes:
        round_number: From 1.
        claimed: Positions of this round already worked off.
        claimable: Positions of this round.
        claims: Claims of the whole launch.
    """

    round_number: int
    claimed: int
    claimable: int
    claims: int


@dataclass(slots=True)
class Limits:
    """What ends a launch early.

    Attributes:
        max_steps: Most claims.
        deadline: `time.monotonic()` after which no slice starts and a running one is asked to end.
        stop: Asked between and during slices; a reason (one of `vyrectl.launch.report.ENDINGS`) ends the launch.
        watch: Told about progress between slices.
        started: Called once the device is ready, before the first index.
        finishing: Called when the device has done its work, before anything is saved.
    """

    max_steps: int | None = None
    deadline: float | None = None
    stop: Interrupt = field(default=lambda: None)
    watch: Callable[[Progress], None] = field(default=lambda progress: None)
    started: Callable[[], None] = field(default=lambda: None)
    finishing: Callable[[], None] = field(default=lambda: None)


@dataclass(slots=True)
class Course:
    """How the rounds went.

    Attributes:
        ended: One of `vyrectl.launch.report.ENDINGS`.
        rounds: Rounds that claimed something.
        indexed: Claimable tasks of the first index.
        resumed: Paused tasks that became Ready.
    """

    ended: str = "drained"
    rounds: int = 0
    indexed: int = 0
    resumed: int = 0


class Drain:
    """Drives a session until it is drained or a limit is met.

    Args:
        session: An open session.
        limits: What ends it early.
    """

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._slice = FIRST_SLICE
        self._course = Course()

    def run(self) -> Course:
        """Work until nothing claimable is left; says how it ended."""
        course = self._course
        while True:
            index = self._session.index()
            if not course.rounds:
                course.indexed = index.claimable
            course.resumed += index.resumed
            course.ended = self._verdict_before(index) or self._round(index)
            if course.ended != "on":
                return course

    def _verdict_before(self, index: RoundIndex) -> str | None:
        if not index.claimable:
            return "drained"
        if self._session.control()[control_abi.SHUTDOWN.first]:
            return "shutdown"
        return self._early_end()

    def _early_end(self) -> str | None:
        most = self._limits.max_steps
        if most is not None and self._claims() >= most:
            return "max_steps"
        return self._interrupt()

    def _interrupt(self) -> str | None:
        deadline = self._limits.deadline
        if deadline is not None and time.monotonic() >= deadline:
            return "timeout"
        return self._limits.stop()

    def _round(self, index: RoundIndex) -> str:
        """One round; `on` when the next may start."""
        claims_before = self._claims()
        self._course.rounds += 1
        order = self._order(index)
        position, ended = self._work_off(order)
        self._session.write_control(control_abi.PRIORITY_STARVATION.first, order.run_after(position))
        if ended is not None:
            return ended
        return "on" if self._claims() > claims_before else "stalled"

    def _order(self, index: RoundIndex) -> ClaimOrder:
        run_before = int(self._session.control()[control_abi.PRIORITY_STARVATION.first])
        return ClaimOrder(sum(index.classes[:HIGH_CLASSES]), sum(index.classes[HIGH_CLASSES:]), run_before)

    def _work_off(self, order: ClaimOrder) -> tuple[int, str | None]:
        position = 0
        while position < order.total:
            if (ended := self._early_end()) is not None:
                return position, ended
            end = min(order.total, position + self._slice, position + self._steps_left(order.total))
            started = time.monotonic()
            position = self._session.run(order, position, end, self._interrupt)
            self._resize(time.monotonic() - started)
            self._limits.watch(Progress(self._course.rounds, position, order.total, self._claims()))
            if position < end:
                return position, self._interrupt() or "shutdown"
        return position, None

    def _steps_left(self, otherwise: int) -> int:
        most = self._limits.max_steps
        return otherwise if most is None else most - self._claims()

    def _claims(self) -> int:
        return self._session.tally().claims

    def _resize(self, seconds: float) -> None:
        wanted = self._slice * SLICE_SECONDS / max(seconds, 1e-9)
        self._slice = int(
            min(max(wanted, 1, self._slice / SLICE_GROWTH), self._slice * SLICE_GROWTH, 1 << 28)
        )
