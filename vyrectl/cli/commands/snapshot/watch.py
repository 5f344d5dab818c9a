"""`snapshot --watch`: the same answer again and again, redrawn on a terminal, a line each through a pipe.

Every tick looks at each path anew and so follows a ring that is replaced, truncated, deleted or back again;
what happened is said in the answer, under `events`, and a ring that cannot be read holds its `error`. Only the
first tick has to succeed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from vyrectl.cli.snapshot_records import Full, Measured, Wanted, full_answer, measure
from vyrectl.cli.snapshot_since import Baseline, baseline_of, put_since
from vyrectl.errors import VyrectlError
from vyrectl.ring.steady import Look, RingWatch


class Tick(NamedTuple):
    """One answer.

    Attributes:
        number: From 1.
        moment: Wall clock, seconds since the epoch.
        full: `rings` and `sum`, each with `since` where there is something to compare with.
        events: What happened to the files: rows of `ring` and `event`.
    """

    number: int
    moment: float
    full: Full
    events: list[dict[str, str]]


class Clock(NamedTuple):
    """What time it is, and how to wait; tests bring their own."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class OrderedWall:
    """The wall clock, but for its steps back: looks that follow one another have times that do, too.

    After a step back the time goes on from the last look's as the steady clock does, until the wall clock has caught
    up; so neither the order of looks nor their distance is lost in a history.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[float, float] | None = None

    def now(self) -> tuple[float, float]:
        """Wall and steady clock."""
        wall, steady = self._clock.wall(), self._clock.steady()
        if self._last is not None:
            last_wall, last_steady = self._last
            if wall < last_wall:
                wall = last_wall + (steady - last_steady)
        self._last = wall, steady
        return self._last


def watch(
    paths: Sequence[Path],
    span: tuple[int, int | None],
    wanted: Wanted,
    *,
    interval_s: float,
    ticks: int | None = None,
    baseline: Baseline | None = None,
    clock: Clock | None = None,
) -> Iterator[Tick]:
    """Look at rings every `interval_s` seconds; a tick that is late is not made up for.

    Args:
        paths: Ring files; one may be missing at a look after the first.
        span: Their offset in bytes and count of slots.
        wanted: What to say about each.
        interval_s: Seconds from one tick's start to the next.
        ticks: End after this many; None for no end.
        baseline: What every tick is compared with; by default the tick before it.
        clock: What time it is.

    Raises:
        VyrectlError: A ring cannot be read at the first tick.
    """
    clock = clock or Clock()
    watches = [RingWatch(path, offset=span[0], count=span[1]) for path in paths]
    last: Baseline | None = None
    wall = OrderedWall(clock)
    due = clock.steady()
    number = 0
    while ticks is None or number < ticks:
        number += 1
        looks = [one.look() for one in watches]
        moment, now = wall.now()
        full = _full_answer(watches, looks, wanted, strict=number == 1)
        if baseline is not None:
            put_since(full, baseline, moment)
        elif last is not None:
            put_since(full, last, now, restarts=True)
        yield Tick(number, moment, full, _events(watches, looks))
        last = baseline_of(full, now)
        now = clock.steady()
        due = max(due + interval_s, now)
        if number != ticks:
            clock.sleep(due - now)


def _full_answer(
    watches: Sequence[RingWatch], looks: Sequence[Look], wanted: Wanted, *, strict: bool
) -> Full:
    """The records of the rings that can be read, an error for the others, and the sum.

    Raises:
        VyrectlError: `strict`, and one cannot be read.
    """
    found = [_measured(look, wanted) for look in looks]
    error = next((one for one in found if isinstance(one, VyrectlError)), None)
    if strict and error is not None:
        raise error
    read = [one for one in found if isinstance(one, Measured)]
    rings = [
        one.record if isinstance(one, Measured) else {"ring": ring.name, "error": one.to_record()}
        for ring, one in zip(watches, found, strict=True)
    ]
    return full_answer(rings, read, wanted)


def _measured(look: Look, wanted: Wanted) -> Measured | VyrectlError:
    if look.ring is None:
        assert look.error is not None
        return look.error
    try:
        return measure(look.ring, wanted)
    except VyrectlError as error:
        return error


def _events(watches: Sequence[RingWatch], looks: Sequence[Look]) -> list[dict[str, str]]:
    pairs = zip(watches, looks, strict=True)
    return [{"ring": ring.name, "event": look.event} for ring, look in pairs if look.event is not None]
