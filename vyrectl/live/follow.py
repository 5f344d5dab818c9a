"""A launch that stays when it is drained: rounds while there is work, sleep while there is none.

`Follow` takes the place of `vyrectl.launching.rounds.Drain`. Workers that find nothing poll for `spin_seconds` after
the bell last rang, then they are asked to leave and this thread sleeps on the bell; nothing spins while nothing
happens. What other threads want done between two rounds (edits of tasks, above all) they order here. Imports what
sessions do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future

from vyrectl.abi import control as control_abi
from vyrectl.abi.live import LEAVE_IDLE, LEAVE_NOW, STAY
from vyrectl.abi.opcodes import SHUTDOWN
from vyrectl.engine.backend import DeviceSession, RoundIndex
from vyrectl.engine.endings import Ending
from vyrectl.launching.rounds import Course, Limits, Progress
from vyrectl.live.access import Access
from vyrectl.live.orders import Orders, Result

SPIN_SECONDS = 0.002
"""How long workers poll after something last happened."""

ROUND_SECONDS = 1.0
"""Longest that a round of polling workers lasts; twice as long after one that ended before any worker began."""

NAP_SECONDS = 0.1
"""Between two looks at signals and clock while nothing happens."""

MOST_CLAIMS = 1 << 28
FEW_CLAIMS = 1024
"""Claims of a run where workers cannot be asked to leave."""

Gate = Callable[[DeviceSession], Access]


class _Awake:
    """How long since something last happened: a change of the bell keeps workers awake.

    Args:
        spin_seconds: See `SPIN_SECONDS`.
    """

    def __init__(self, spin_seconds: float) -> None:
        self._spin = spin_seconds
        self._bell: int | None = None
        self._active = 0.0

    def hear(self, bell: int) -> None:
        """The bell as it is now."""
        if bell != self._bell:
            self._bell, self._active = bell, time.monotonic()

    def is_awake(self, now: float) -> bool:
        """Whether that was short ago."""
        return now - self._active < self._spin


class Follow:
    """Drives a session until it is told to stop.

    Args:
        gate: Makes the access to an open session.
        spin_seconds: See `SPIN_SECONDS`.
        ready: Called with the access before the first round.
        round_seconds: See `ROUND_SECONDS`.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        ready: Callable[[Access], None],
        spin_seconds: float = SPIN_SECONDS,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self._gate = gate
        self._ready = ready
        self._awake = _Awake(spin_seconds)
        self._longest = round_seconds
        self._orders = Orders()
        self._finishing = False
        self._hurried = False
        self._course = Course()

    # --- for other threads ------------------------------------------------------------------------------

    def order(self, work: Callable[[], Result]) -> Future[Result]:
        """Have something done between two rounds, while no worker runs.

        Raises:
            SessionEndedError: There are no rounds any more.
        """
        future = self._orders.give(work)
        self._access.ring_bell()
        return future

    def finish(self) -> None:
        """End once everything published so far is drained."""
        self._finishing = True
        self._access.ring_bell()

    # --- the driver's thread ----------------------------------------------------------------------------

    def __call__(self, session: DeviceSession, limits: Limits) -> Course:
        """Work until the end; says how it ended."""
        self._session, self._limits = session, limits
        self._lost = session.tally().lost
        self._access = self._gate(session)
        self._awake.hear(self._access.bell())
        self._ready(self._access)
        try:
            self._course.ended = self._follow()
        finally:
            self._orders.end()
            self._access.leave_rounds()
        return self._course

    def _follow(self) -> str:
        while True:
            seen = self._hear()
            self._orders.carry_out()
            if (reason := self._reason()) is not None:
                return reason
            index = self._index()
            if self._access.control(control_abi.SHUTDOWN.first) or self._ran_shutdown():
                return Ending.SHUTDOWN
            if index.claimable or self._may_spin():
                if (
                    self._round(index)
                    or self._access.bell() != seen
                    or not index.claimable
                    or self._is_excused()
                ):
                    continue
                return self._reason() or Ending.STALLED
            if self._finishing and not self._orders and self._access.bell() == seen:
                if self._limits.quiet():
                    return Ending.DRAINED
                continue
            self._sleep(seen)

    def _index(self) -> RoundIndex:
        """Line up what is claimable; whoever wants the workers to leave from here on means what it does not hold."""
        self._access.leave(STAY)
        index = self._session.index()
        if not self._course.rounds:
            self._course.indexed = max(self._course.indexed, index.claimable)
        self._course.resumed += index.resumed
        self._epoch = self._access.control(control_abi.EPOCH.first)
        return index

    def _round(self, index: RoundIndex) -> bool:
        """One run over what the index found, and over what is published meanwhile; says whether it claimed anything."""
        before = self._claims()
        self._round_end = time.monotonic() + self._longest
        self._hurried = False
        left = None if self._limits.max_steps is None else self._limits.max_steps - before
        most = MOST_CLAIMS if self._access.polls else FEW_CLAIMS
        self._session.run(most if left is None else min(most, left), self._during, strict=left is not None)
        claimed = self._claims() - before
        if self._limits.debug is not None:
            self._limits.debug(self._session.debug_log())
        if not claimed and index.claimable and time.monotonic() >= self._round_end:
            self._longest *= 2  # a kernel may be compiled when it first runs
        if claimed:
            self._course.rounds += 1
            progress = Progress(self._course.rounds, claimed, max(index.claimable, claimed), before + claimed)
            self._limits.watch(progress)
        return bool(claimed)

    def _is_excused(self) -> bool:
        """Whether a round claimed nothing because its workers were asked to leave, or met somebody else's claims."""
        lost, self._lost = self._lost, self._session.tally().lost
        return self._hurried or self._lost > lost

    def _during(self) -> str | None:
        """Asked again and again while workers run: a reason to end, or None; asks the workers to leave."""
        reason = self._limits.interrupt()
        if reason is None and self._access.polls:
            self._hear()
            now = time.monotonic()
            moved = self._access.control(control_abi.EPOCH.first) != self._epoch
            if self._orders or moved or now >= self._round_end:
                self._access.leave(LEAVE_NOW)
                self._hurried = True
            elif not self._awake.is_awake(now):
                self._access.leave(LEAVE_IDLE)
        return reason

    def _may_spin(self) -> bool:
        return self._access.polls and not self._finishing and self._awake.is_awake(time.monotonic())

    def _hear(self) -> int:
        """The bell as it is now; a change of it keeps the workers awake."""
        bell = self._access.bell()
        self._awake.hear(bell)
        return bell

    def _sleep(self, seen: int) -> None:
        while self._access.bell() == seen and self._reason() is None:
            self._access.wait(seen, NAP_SECONDS)

    def _reason(self) -> str | None:
        return self._limits.reached(self._claims())

    def _claims(self) -> int:
        return self._session.tally().claims

    def _ran_shutdown(self) -> bool:
        """A SHUTDOWN operation ran; its word is lost when a request to leave cleared it at the same moment."""
        ends = self._session.tally().by_op.get(SHUTDOWN)
        return bool(ends and ends["done"])
