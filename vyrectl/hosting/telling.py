"""How far a launch is, as a child tells its parent. Standard library and the record of progress only."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from vyrectl.hosting.supervisor import Channel

if TYPE_CHECKING:
    from vyrectl.launching.rounds import Progress

PROGRESS_SECONDS = 0.05


class Teller:
    """Tells the parent how far the launch is, not more often than anybody could look."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._due = 0.0

    def tell(self, progress: Progress) -> None:
        """See `Limits.watch`."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PROGRESS_SECONDS
            told = asdict(progress)
            self._channel.send({"round": told.pop("round_number"), **told})
