"""What is shown on standard error while a launch runs: states, rate, depth of each class, oldest age, epoch, time left.

On a terminal a few lines are redrawn; elsewhere a line comes each second, and where JSON was asked for that line is a
JSON object. A launch that ends within half a second shows nothing and loads nothing for it. The invariant: looking at
the ring and drawing take at most `MOST_SHARE` of the time that the launch has run for; the more a look costs, the
rarer it gets. Standard library only: anything heavier would cost more than that.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from vyrectl.abi.states import PRIORITY_NAMES, TaskState
from vyrectl.cli.output import Output
from vyrectl.cli.status_block import StatusBlock, can_redraw

if TYPE_CHECKING:
    from vyrectl.launch.glance import Glance

FIRST_SECONDS = 0.5
"""A launch that ends sooner shows nothing."""

REDRAW_SECONDS, LINE_SECONDS = 0.2, 1.0
"""Between two drawings on a terminal, and between two lines elsewhere."""

MOST_SHARE = 0.01
"""Of the time, what looking and drawing may take; half of what is promised, for what is not measured here."""

RATE_SECONDS = 3.0
"""How far back a rate looks."""


class Clock(NamedTuple):
    """What time it is, and how much processor time this process has taken; tests bring their own."""

    steady: Callable[[], float] = time.monotonic
    spent: Callable[[], float] = time.process_time


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a launch stands.

    Attributes:
        seconds: Since it was asked for.
        round_number: From 1; 0 before the device has answered.
        claims: So far.
        tasks_per_second: Tasks that became Done or Faulted, of late; None before there is a first and a second count.
        seconds_left: Until nothing waits, at that rate; None when there is no telling.
        states: State -> slots, None where nobody but the device sees them.
        is_sample: They are scaled up from a part of the ring.
        waiting: Class -> tasks that may be claimed.
        oldest_age: Largest age_ticks seen, None where nobody sees it.
        epoch: Now.
    """

    seconds: float
    round_number: int
    claims: int
    tasks_per_second: float | None
    seconds_left: float | None
    states: Mapping[str, int] | None
    is_sample: bool
    waiting: Mapping[str, int]
    oldest_age: int | None
    epoch: int

    def to_record(self) -> dict[str, Any]:
        """As a line of JSON holds it."""
        return {
            "schema": "vyrectl.progress/1",
            "seconds": round(self.seconds, 3),
            "round": self.round_number,
            "claims": self.claims,
            "tasks_per_second": _rounded(self.tasks_per_second),
            "seconds_left": _rounded(self.seconds_left),
            "states": None if self.states is None else dict(self.states),
            "is_sample": self.is_sample,
            "waiting": dict(self.waiting),
            "oldest_age": self.oldest_age,
            "epoch": self.epoch,
        }


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
        self._due = self._started + FIRST_SECONDS
        self._block = StatusBlock() if can_redraw() else None
        self._news: dict[str, Any] = {}
        self._past: deque[tuple[float, int]] = deque()
        self._last_line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, message: dict[str, Any]) -> None:
        """Note what the launch said about itself."""
        now = self._clock.steady()
        self._news = message
        self._past.append((now, message["ended"]))
        while len(self._past) > 2 and self._past[1][0] <= now - RATE_SECONDS:
            self._past.popleft()

    def look(self, glance: Callable[[], Glance | None]) -> None:
        """Show where the launch stands, when it is time to.

        Args:
            glance: Takes a look at the ring.
        """
        now = self._clock.steady()
        if self._output.quiet or now < self._due:
            return
        before = self._clock.spent()
        self._show(self._standing(now, glance()))
        cost = self._clock.spent() - before
        usual = LINE_SECONDS if self._block is None else REDRAW_SECONDS
        self._due = now + max(usual, cost / MOST_SHARE)

    def clear(self) -> None:
        """Make room for something else to be written."""
        if self._block is not None:
            self._block.clear()

    def _standing(self, now: float, seen: Glance | None) -> Standing:
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
        )

    def _rate(self) -> float | None:
        """Tasks per second between the first and the last count that are kept."""
        if len(self._past) < 2 or self._past[-1][0] <= self._past[0][0]:
            return None
        (then, before), (last, ended) = self._past[0], self._past[-1]
        return (ended - before) / (last - then)

    def _show(self, standing: Standing) -> None:
        if self._block is not None:
            self._block.draw(block_lines(standing))
            return
        line = talk_line(standing)
        if line == self._last_line:  # an idle launch need not say so each second
            return
        self._last_line = line
        is_json = self._output.format in ("json", "jsonl")
        said = json.dumps(standing.to_record()) if is_json else f"launch: {_seconds(standing)}, {line}"
        self._output.talk(said)


def _states(seen: Glance) -> dict[str, int]:
    counts = dict(zip((state.label for state in TaskState), seen.counts, strict=True))
    return counts | ({"unknown": seen.unknown} if seen.unknown else {})


def block_lines(standing: Standing) -> list[str]:
    """What a terminal shows."""
    lines = [f"launch   {_seconds(standing)}, {_course(standing)}"]
    if standing.states is not None:
        lines.append(f"states   {_about(standing)}{_counts(standing.states, '  ')}")
    if standing.round_number or standing.states is not None:
        lines.append(f"waiting  {_counts(standing.waiting, '  ', every=True)}")
        lines.append(f"oldest   {_oldest(standing)}")
    return lines


def talk_line(standing: Standing) -> str:
    """What a line each second says, without the time."""
    states = "" if standing.states is None else f"; {_about(standing)}{_counts(standing.states, ', ')}"
    waiting = _counts(standing.waiting, ", ")
    return f"{_course(standing)}{states}; waiting {waiting or 'none'}; {_oldest(standing)}"


def _seconds(standing: Standing) -> str:
    return f"{standing.seconds:.1f} s"


def _course(standing: Standing) -> str:
    if not standing.round_number:
        return "at work" if standing.states is not None else "getting the device ready"
    left = "" if standing.seconds_left is None else f", about {_time_left(standing.seconds_left)} left"
    speed = standing.tasks_per_second
    rate = "" if speed is None else f", {_grouped(round(speed))} tasks/s"
    return f"round {standing.round_number}, {_grouped(standing.claims)} claims{rate}{left}"


def _time_left(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _about(standing: Standing) -> str:
    return "about " if standing.is_sample else ""


def _counts(counts: Mapping[str, int], separator: str, *, every: bool = False) -> str:
    return separator.join(f"{name.lower()} {_grouped(n)}" for name, n in counts.items() if n or every)


def _oldest(standing: Standing) -> str:
    age = "" if standing.oldest_age is None else f"age {standing.oldest_age}, "
    return f"{age}epoch {standing.epoch}"


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
