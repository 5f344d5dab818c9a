"""`launch --follow` as the supervised child runs it: rounds that go on, and a feed beside them.

`FollowOptions` travels inside the request that the child is sent. Imports nothing heavy before `prepare`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass

if TYPE_CHECKING:
    from vyrectl.engine.backend import DeviceSession
    from vyrectl.engine.ops import OpSource
    from vyrectl.launching.rounds import Course, Limits
    from vyrectl.live.access import Access
    from vyrectl.live.feed import Feed
    from vyrectl.live.host import LiveHost


@dataclass(frozen=True, slots=True)
class FollowOptions:
    """How a launch stays when it is drained.

    Attributes:
        feed: Where lines come from: a path, `-` for standard input, or None for no feed.
        reclaim: Publish into Done slots too.
        spin_seconds: How long workers poll after something last happened.
        answers: Descriptor that a feed's answers go to.
    """

    feed: str | None = None
    reclaim: bool = False
    spin_seconds: float | None = None
    answers: int = 1

    def prepare(self, ops: Sequence[OpSource], host: LiveHost) -> Follower:
        """What works an open session; in the process that drives the device.

        Raises:
            FileError: The feed cannot be opened.
        """
        return Follower(self, ops, host)


class Follower:
    """Drives one launch that follows."""

    def __init__(self, plan: FollowOptions, ops: Sequence[OpSource], host: LiveHost) -> None:
        from vyrectl.live.follow import SPIN_SECONDS, Follow
        from vyrectl.live.launch import access_to

        self.reason: str | None = None
        spin = SPIN_SECONDS if plan.spin_seconds is None else plan.spin_seconds
        self._follow = Follow(lambda session: access_to(session, host), ready=self._begin, spin_seconds=spin)
        self._feed = None if plan.feed is None else _open_feed(plan, plan.feed, ops)

    def drive(self, session: DeviceSession, limits: Limits) -> Course:
        """In place of `vyrectl.launching.rounds.Drain`."""
        asked = limits.stop
        limits.stop = lambda: asked() or self.reason
        try:
            return self._follow(session, limits)
        finally:
            if self._feed is not None:
                self._feed.end()

    def _begin(self, access: Access) -> None:
        if self._feed is not None:
            self._feed.begin(access, self._follow, self._stop)

    def _stop(self, reason: str) -> None:
        self.reason = reason


def _open_feed(plan: FollowOptions, source: str, ops: Sequence[OpSource]) -> Feed:
    from vyrectl.engine.ops import float_codes, op_codes
    from vyrectl.live.feed import Feed
    from vyrectl.live.source import FeedSource

    return Feed(FeedSource(source), plan.answers, op_codes(ops), float_codes(ops), reclaim=plan.reclaim)
