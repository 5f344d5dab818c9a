"""What is shown on standard error while a launch runs: states, rate, depth of each class, oldest age, epoch, time left.

On a terminal a few lines are redrawn; elsewhere a line comes each second, or every few while nothing moves, and where
JSON was asked for that line is a JSON object. A launch that ends within half a second shows nothing and loads nothing
for it. The invariant: looking at the ring and drawing take at most `MOST_SHARE` of the time that the launch has run
for; the more a look costs, the rarer it gets. Standard library only: anything heavier would cost more than that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from vyrectl.abi.states import PRIORITY_NAMES, TaskState
from vyrectl.cli.commands.launch.status_block import StatusBlock, can_redraw
from vyrectl.cli.output import Output
from vyrectl.cli.worker_rows import WorkerRow, oldest_turn

if TYPE_CHECKING:
    from vyrectl.cli.commands.launch.standing import Standing
    from vyrectl.hosting.glance import Glance
    from vyrectl.hosting.stall import Insight
    from vyrectl.hosting.supervisor import Message

FIRST_SECONDS = 0.5
"""A launch that ends sooner shows nothing; elsewhere than on a terminal, one that ends within `LINE_SECONDS`."""

REDRAW_SECONDS, LINE_SECONDS = 0.2, 1.0
"""Between two drawings on a terminal, and between two lines elsewhere."""

STILL_SECONDS = 5.0
"""Between two lines that say the same."""

MOST_SHARE = 0.01
"""Of the time, what looking and drawing may take; half of what is promised, for what is not measured here."""

RATE_SECONDS = 3.0
"""How far back a rate looks."""


class Clock(NamedTuple):
    """What time it is, and how much processor time this process has taken; tests bring their own."""

    steady: Callable[[], float] = time.monotonic
    spent: Callable[[], float] = time.process_time


class LaunchProgress:
    """Shows where a launch stands, for the length of a `with` block.

    Args:
        output: The command's sink; nothing is shown when it is quiet.
        clock: What time it is.
    """

    def __init__(self, output: Output, clock: Clock = Clock()) -> None:
        self._output = output
        self._clock = clock
        self._started = clock.steady()
        self._block = StatusBlock() if can_redraw() and output.format not in ("json", "jsonl") else None
        self._due = self._started + (LINE_SECONDS if self._block is None else FIRST_SECONDS)
        self._news: Message = {}
        self._past: deque[tuple[float, int]] = deque()
        self._doing: str | None = None
        self._stopping: tuple[str, float] | None = None
        self._last_line = ""
        self._still_until = self._started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, message: Message) -> None:
        """Note what the launch said about itself."""
        now = self._clock.steady()
        self._news = message
        self._past.append((now, message["ended"]))
        while len(self._past) > 2 and self._past[1][0] <= now - RATE_SECONDS:
            self._past.popleft()

    def doing(self, what: str | None) -> None:
        """Note what is being done instead of tasks; None when that has ended."""
        self._doing = what

    def stopping(self, why: str | None, grace_s: float) -> None:
        """Note why the launch was asked to stop, and how long it may take; None when nothing is waited for any more."""
        self._stopping = None if why is None else (why, self._clock.steady() + grace_s)

    def look(self, insight: Insight) -> None:
        """Show where the launch stands, when it is time to."""
        now = self._clock.steady()
        if self._output.quiet or now < self._due:
            return
        before = self._clock.spent()
        self._show(self._standing(now, insight.glance(), oldest_turn(insight.workers())))
        cost = self._clock.spent() - before
        usual = LINE_SECONDS if self._block is None else REDRAW_SECONDS
        self._due = now + max(usual, cost / MOST_SHARE)

    def clear(self) -> None:
        """Make room for something else to be written."""
        if self._block is not None:
            self._block.clear()

    def _standing(self, now: float, seen: Glance | None, turn: WorkerRow | None) -> Standing:
        from vyrectl.cli.commands.launch.standing import Standing

        news = self._news
        if seen is not None and not self._past:
            self._past.append((now, 0))
        rate = self._rate()
        waiting = seen.depths if seen is not None else news.get("waiting", (0,) * len(PRIORITY_NAMES))
        return Standing(
            seconds=now - self._started,
            round_number=news.get("round", 0),
            claims=news.get("claims", 0),
            tasks_per_second=rate,
            seconds_left=sum(waiting) / rate if rate else None,
            states=None if seen is None else _states(seen),
            is_sample=seen is not None and not seen.is_whole,
            waiting=dict(zip(PRIORITY_NAMES, waiting, strict=True)),
            oldest_age=None if seen is None else seen.oldest,
            epoch=news.get("epoch", 0),
            doing=self._doing,
            turn=turn,
            stopping=None if self._stopping is None else self._stopping[0],
            grace_left=None if self._stopping is None else max(0.0, self._stopping[1] - now),
        )

    def _rate(self) -> float | None:
        """Tasks per second between the first and the last count that are kept."""
        if len(self._past) < 2 or self._past[-1][0] <= self._past[0][0]:
            return None
        (then, before), (last, ended) = self._past[0], self._past[-1]
        return (ended - before) / (last - then)

    def _show(self, standing: Standing) -> None:
        from vyrectl.cli.commands.launch.standing import block_lines, clock_text, talk_line

        if self._block is not None:
            self._block.draw(block_lines(standing))
            return
        line = talk_line(standing)
        now = self._clock.steady()
        if line == self._last_line and now < self._still_until:
            return
        self._last_line, self._still_until = line, now + STILL_SECONDS
        self._output.talk_record(standing.to_record(), f"launch: {clock_text(standing)}, {line}")


def _states(seen: Glance) -> dict[str, int]:
    counts = dict(zip((state.label for state in TaskState), seen.counts, strict=True))
    return counts | ({"unknown": seen.unknown} if seen.unknown else {})
