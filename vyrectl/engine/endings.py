"""How a launch can end: the one table for rounds, reports, exit codes and texts. Standard library only.

Invariant: a value is what a report prints; a launch that goes on has none.
"""

from __future__ import annotations

from enum import StrEnum


class Ending(StrEnum):
    """How a launch ended; the value is the report's `ended`."""

    DRAINED = "drained"
    MAX_STEPS = "max_steps"
    TIMEOUT = "timeout"
    SHUTDOWN = "shutdown"
    STALLED = "stalled"
    INTERRUPTED = "interrupted"
    LOST = "lost"

    @property
    def text(self) -> str:
        """What a person is told."""
        return _TEXTS[self]


_TEXTS: dict[Ending, str] = {
    Ending.DRAINED: "drained: nothing claimable is left",
    Ending.MAX_STEPS: "stopped at --max-steps",
    Ending.TIMEOUT: "stopped at --timeout",
    Ending.SHUTDOWN: "stopped by SHUTDOWN",
    Ending.STALLED: "stalled: claimable work is left and a round made no progress",
    Ending.INTERRUPTED: "interrupted",
    Ending.LOST: "parts of the ring ended every process that ran them; the others are finished",
}
