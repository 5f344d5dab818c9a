"""A launch that stays when it is drained: rounds while there is work, sleep while there is none.

`Follow` takes the place of `vyrectl.launching.rounds.Drain`. Workers that find nothing poll for `spin_seconds` after
the bell last rang, then they are asked to leave and this thread sleeps on the bell; nothing spins while nothing
happens. What other threads want done between two rounds (edits of tasks, above all) they order here. Imports what
sessions do.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from vyrectl.abi import control as control_abi
from vyrectl.abi.live import LEAVE_IDLE, LEAVE_NOW, STAY
from vyrectl.abi.opcodes import SHUTDOWN
from vyrectl.engine.backend import RoundIndex, Session
from vyrectl.engine.endings import Ending
from vyrectl.errors import SessionEndedError
from vyrectl.launching.rounds import Course, Limits, Progress
from vyrectl.live.access import Access

SPIN_SECONDS = 0.002
"""How long workers poll after something last happened."""

ROUND_SECONDS = 1.0
"""Longest that a round of polling workers lasts; twice as long after one that ended before any worker began."""

NAP_SECONDS = 0.1
"""Between two looks at signals and clock while nothing happens."""

MOST_CLAIMS = 1 << 28
FEW_CLAIMS = 1024
"""Claims of a run where workers cannot be asked to leave."""

Result = TypeVar("Result")
Gate = Callable[[Session], Access]


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
        self._spin = spin_seconds
        self._longest = round_seconds
        self._orders: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._finishing = False
        self._ended = False
        self._hurried = False
        self._course = Course()

    # --- for other threads ------------------------------------------------------------------------------

    def order(self, work: Callable[[], Result]) -> Future[Result]:
        """Have something done between two rounds, while no worker runs.

        Raises:
            SessionEndedError: There are no rounds any more.
        """
        future: Future[Result] = Future()
        self._orders.append((work, future))
        if self._ended:
            self._refuse_orders()
        self._access.ring_bell()
        return future

    def finish(self) -> None:
        """End once everything published so far is drained."""
        self._finishing = True
        self._access.ring_bell()

    # --- the driver's thread ----------------------------------------------------------------------------

    def __call__(self, session: Session, limits: Limits) -> Course:
        """Work until the end; says how it ended."""
        self._session, self._limits = session, limits
        self._lost = session.tally().lost
        self._access = self._gate(session)
        self._seen = self._access.bell()
        self._active = time.monotonic()
        self._ready(self._access)
        try:
            self._course.ended = self._follow()
        finally:
            self._ended = True
            self._refuse_orders()
            self._access.settle()
        return self._course

    def _follow(self) -> str:
        while True:
            seen = self._hear()
            self._do_orders()
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
            elif now - self._active >= self._spin:
                self._access.leave(LEAVE_IDLE)
        return reason

    def _may_spin(self) -> bool:
        return self._access.polls and not self._finishing and time.monotonic() - self._active < self._spin

    def _hear(self) -> int:
        """The bell as it is now; a change of it keeps the workers awake."""
        bell = self._access.bell()
        if bell != self._seen:
            self._seen, self._active = bell, time.monotonic()
        return bell

    def _sleep(self, seen: int) -> None:
        while self._access.bell() == seen and self._reason() is None:
            self._access.wait(seen, NAP_SECONDS)

    def _do_orders(self) -> None:
        while self._orders:
            work, future = self._orders.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

    def _refuse_orders(self) -> None:
        while self._orders:
            _, future = self._orders.popleft()
            if future.set_running_or_notify_cancel():
                future.set_exception(SessionEndedError())

    def _reason(self) -> str | None:
        return self._limits.reached(self._claims())

    def _claims(self) -> int:
        return self._session.tally().claims

    def _ran_shutdown(self) -> bool:
        """A SHUTDOWN operation ran; its word is lost when a request to leave cleared it at the same moment."""
        ends = self._session.tally().by_op.get(SHUTDOWN)
        return bool(ends and ends["done"])
