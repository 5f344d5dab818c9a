"""Looks at a ring for the live screen: counts, rates since the last look, and who holds the ring."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.readings import ring_readings
from vyrectl.cli.worker_rows import WorkerRow, oldest_turn
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, VyrectlError
from vyrectl.files.ring_lock import holder_of
from vyrectl.ring.listing import Wanted
from vyrectl.ring.reading import Abi
from vyrectl.ring.steady import RingWatch
from vyrectl.sidecar.launched import workers_of

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring
    from vyrectl.ring.overview import Overview
    from vyrectl.ring.where import Where

HISTORY = 60
"""Rates that are kept for the small graph."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Changes per second since the last look.

    Attributes:
        states: Of the slots in each state, in the order of the state words, then in unknown ones.
        requeues: Of the sum of requeue_count.
        yields: Of the sum of yield_count.
    """

    states: tuple[float, ...]
    requeues: float
    yields: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One look.

    Attributes:
        name: Path of the ring as it was given.
        overview: What was found; the last one while the ring cannot be read, None before any.
        rates: None at the first look and after another filter or size.
        done_rates: Done tasks per second at the last looks, the newest last.
        problem: Why the ring cannot be read now, or None.
        event: What happened to the file, or None.
        holder: Who holds the ring, or None.
        turn: The turn of its workers that has lasted longest (`vyrectl.cli.worker_rows`), or None.
        clock: Time of the look, hours to seconds.
        work_s: How long the look took, in seconds.
    """

    name: str
    overview: Overview | None = None
    rates: Rates | None = None
    done_rates: tuple[float, ...] = ()
    problem: str | None = None
    event: str | None = None
    holder: str | None = None
    turn: WorkerRow | None = None
    clock: str = ""
    work_s: float = 0.0


@dataclass(slots=True)
class Sampler:
    """Looks at one ring again and again.

    Attributes:
        path: Path of the ring that is watched.
        ring: As it was at the last look, while it could be read.
        sample: The last look.
        abi: How words 4-15 are to be read.
        edited: The ring was edited from here since the last look: that the file changed is no news then.
    """

    path: Path
    abi: Abi = Abi.AUTO
    ring: Ring | None = None
    edited: bool = False
    sample: Sample = field(init=False)
    _watch: RingWatch = field(init=False)
    _last: tuple[float, str, Overview] | None = None
    _done_rates: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))

    def __post_init__(self) -> None:
        self._watch = RingWatch(self.path)
        self.sample = Sample(str(self.path))

    def look(self, where: str, condition: Where | None, most: int, wanted: Wanted = Wanted()) -> Sample:
        """Look now.

        Args:
            where: The filter as text; rates are not made across different ones.
            condition: The filter, or None.
            most: How many slots of each list to find.
            wanted: Which part of each list.
        """
        from vyrectl.ring.overview import overview

        begun = time.monotonic()
        looked = self._watch.look()
        event, self.edited = None if self.edited else looked.event, False
        clock = time.strftime("%H:%M:%S")
        if looked.ring is None:
            self.ring = self._last = None
            self.sample = Sample(
                self.sample.name,
                self.sample.overview,
                done_rates=tuple(self._done_rates),
                problem=str(looked.error),
                event=event,
                clock=clock,
            )
            return self.sample
        self.ring = looked.ring
        found = overview(looked.ring.slots, condition, most, wanted, ring_readings(looked.ring, self.abi))
        rates = self._rates(begun, where, found)
        work_s = time.monotonic() - begun
        self.sample = Sample(
            self.sample.name,
            found,
            rates,
            tuple(self._done_rates),
            event=event,
            holder=_holder(self.path),
            turn=_turn(self.path),
            clock=clock,
            work_s=work_s,
        )
        return self.sample

    def list_again(self, condition: Where | None, most: int, wanted: Wanted) -> None:
        """Another part of the lists, of the ring as it was at the last look."""
        from vyrectl.ring.overview import overview

        if self.ring is not None:
            readings = ring_readings(self.ring, self.abi)
            found = overview(self.ring.slots, condition, most, wanted, readings)
            self.sample = replace(self.sample, overview=found)

    def _rates(self, now: float, where: str, found: Overview) -> Rates | None:
        before, self._last = self._last, (now, where, found)
        if before is None or before[1] != where or before[2].total != found.total or now <= before[0]:
            self._done_rates.clear()
            return None
        seconds, old = now - before[0], before[2]
        states = tuple((new - was) / seconds for new, was in zip(found.counts, old.counts, strict=True))
        self._done_rates.append(max(states[TaskState.DONE], 0.0))
        return Rates(states, (found.requeues - old.requeues) / seconds, (found.yields - old.yields) / seconds)


def _holder(path: Path) -> str | None:
    try:
        return holder_of(path)
    except FileError:
        return "somebody whose lock may not be looked at"


def _turn(path: Path) -> WorkerRow | None:
    """The turn that has lasted longest, where a launch says so."""
    try:
        return oldest_turn(workers_of(path).workers)
    except VyrectlError:
        return None
