"""Where a launch stands, as a record, as lines for a terminal, and as one line for elsewhere. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from vyrectl.cli.worker_rows import WorkerRow, turn_text
from vyrectl.dataclass import dataclass

TIMEOUT = "timeout"
"""The reason of a launch whose time is over."""

LONG_TURN_SECONDS = 1.0
"""From when on the longest turn is shown."""


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
        doing: What is being done instead of tasks, if somebody said.
        turn: The turn that has lasted longest, as `vyrectl.cli.worker_rows` has it, or None.
        stopping: Why it was asked to stop; None when it was not, or when it saves.
        grace_left: Seconds until it is killed.
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
    doing: str | None = None
    turn: WorkerRow | None = None
    stopping: str | None = None
    grace_left: float | None = None

    def to_record(self) -> dict[str, object]:
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
            "doing": self.doing,
            "oldest_turn": None if self.turn is None else dict(self.turn),
            "stopping": self.stopping,
            "grace_left": _rounded(self.grace_left),
        }


def block_lines(standing: Standing) -> list[str]:
    """What a terminal shows."""
    lines = [f"launch   {clock_text(standing)}, {_course(standing)}"]
    if standing.states is not None:
        lines.append(f"states   {_about(standing)}{_counts(standing.states, '  ')}")
    if standing.round_number or standing.states is not None:
        lines.append(f"waiting  {_counts(standing.waiting, '  ', every=True)}")
        lines.append(f"oldest   {_oldest(standing)}")
    if _lasts(standing):
        lines.append(f"turn     {_turn(standing)}")
    return lines


def talk_line(standing: Standing) -> str:
    """What a line each second says, without the time."""
    states = "" if standing.states is None else f"; {_about(standing)}{_counts(standing.states, ', ')}"
    waiting = _counts(standing.waiting, ", ")
    return f"{_course(standing)}{states}; waiting {waiting or 'none'}; {_oldest(standing)}" + (
        f"; {_turn(standing)}" if _lasts(standing) else ""
    )


def _lasts(standing: Standing) -> bool:
    """Whether a turn has lasted for so long that it is worth a word."""
    return standing.turn is not None and (standing.turn["seconds"] or 0) >= LONG_TURN_SECONDS


def _turn(standing: Standing) -> str:
    return "" if standing.turn is None else turn_text(standing.turn)


def clock_text(standing: Standing) -> str:
    """How long the launch has taken."""
    return f"{standing.seconds:.1f} s"


def _course(standing: Standing) -> str:
    if standing.stopping is None:
        return _progress(standing)
    why = "the time is over" if standing.stopping == TIMEOUT else "asked to stop"
    left = f"at most {standing.grace_left or 0:.0f} s more for what runs"
    return f"{why}, {left}; {_progress(standing)}"


def _progress(standing: Standing) -> str:
    if not standing.round_number:
        if _is_at_work(standing):
            return "at work"
        return standing.doing or "getting the device ready"
    doing = f", {standing.doing}" if standing.doing else ""
    left = "" if standing.seconds_left is None else f", about {_time_left(standing.seconds_left)} left"
    speed = standing.tasks_per_second
    rate = "" if speed is None else f", {_grouped(round(speed))} tasks/s"
    return f"round {standing.round_number}, {_grouped(standing.claims)} claims{rate}{left}{doing}"


def _is_at_work(standing: Standing) -> bool:
    """Whether a first round runs: a worker has a task in hand, wherever the slots are, or the slots say so."""
    if standing.turn is not None:
        return True
    return standing.states is not None and (standing.doing is None or bool(standing.states.get("Running")))


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
