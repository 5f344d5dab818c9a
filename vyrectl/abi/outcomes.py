"""How a turn can end: the one table that the device's outcome codes, the reports and the reference backend go by.

Standard library only. Invariant: a code is the kind's place in the table, on the device and in a trace.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple

from vyrectl.abi.states import TaskState

OutcomeWord = Literal["done", "yielded", "paused", "requeued", "faulted"]


class _Row(NamedTuple):
    word: OutcomeWord
    action: str
    state: TaskState


class OutcomeKind(IntEnum):
    """How a turn ended; the value is the device's code."""

    DONE = 0
    YIELD = 1
    PAUSE = 2
    REQUEUE = 3
    FAULT = 4

    @property
    def word(self) -> OutcomeWord:
        """What a report, a trace and a tally call it."""
        return _ROWS[self].word

    @property
    def action(self) -> str:
        """The lifecycle action that publishes it (`vyrectl.task.lifecycle.TRANSITIONS`)."""
        return _ROWS[self].action

    @property
    def state(self) -> TaskState:
        """The state that it leaves the task in."""
        return _ROWS[self].state


_ROWS: dict[OutcomeKind, _Row] = {
    OutcomeKind.DONE: _Row("done", "complete", TaskState.DONE),
    OutcomeKind.YIELD: _Row("yielded", "yield", TaskState.YIELDED),
    OutcomeKind.PAUSE: _Row("paused", "pause", TaskState.PAUSED),
    OutcomeKind.REQUEUE: _Row("requeued", "requeue", TaskState.REQUEUED),
    OutcomeKind.FAULT: _Row("faulted", "fault", TaskState.FAULTED),
}

OUTCOMES: tuple[OutcomeWord, ...] = tuple(kind.word for kind in OutcomeKind)
"""Their words, in the order of their codes."""

OUTCOME_STATES: dict[OutcomeWord, TaskState] = {kind.word: kind.state for kind in OutcomeKind}
"""The state that each way to end a turn leads to, by its word."""

assert list(OutcomeKind) == list(range(len(OutcomeKind)))
