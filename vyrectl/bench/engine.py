"""Drains rings with the engine and tells where the time goes; knows no more of it than `Backend` and `DeviceSession`.

Invariant: every drain is counted: an engine that claims a task too few or too many measures nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import field, replace
from typing import cast

from vyrectl.bench.case import Turn
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Backend, DeviceSession, Interrupt, Job, RoundIndex, Sharing
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.endings import Ending
from vyrectl.engine.ops import OpSource
from vyrectl.errors import VerifyError
from vyrectl.launching.prepare import start_control
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.opencl.kept import release
from vyrectl.task.arrays import SlotArray

PARTS = (
    "open_wall_seconds",
    "index_device_seconds",
    "index_wall_seconds",
    "passes",
    "run_device_seconds",
    "run_wall_seconds",
    "runs",
    "between_wall_seconds",
)
"""What a drain's turn consists of: seconds by the device's and by the host's clock, and how often.

Opening is not part of the turn's time.
"""


class Meter:
    """A session that times its index passes and its runs; everything else goes straight through.

    Args:
        session: An open job, whose calls are timed.

    Attributes:
        parts: Seconds on the device and by the host's clock, and how many passes and runs there were.
    """

    def __init__(self, session: DeviceSession) -> None:
        self._session = session
        self.rounds_at_once = False  # the two are timed apart
        self.parts = dict.fromkeys(PARTS, 0.0)

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def index(self) -> RoundIndex:
        """See `DeviceSession.index`."""
        return cast(RoundIndex, self._timed("index", self._session.index))

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """See `DeviceSession.run`."""
        return cast(bool, self._timed("run", self._session.run, most, interrupt, strict=strict))

    def account(self, open_seconds: float, wall_seconds: float) -> dict[str, float]:
        """The parts, completed by what opening took and by what neither pass nor run accounts for."""
        inside = self.parts["index_wall_seconds"] + self.parts["run_wall_seconds"]
        return {
            **self.parts,
            "open_wall_seconds": open_seconds,
            "between_wall_seconds": wall_seconds - inside,
        }

    def _timed(self, part: str, call: Callable[..., object], *arguments: object, **options: object) -> object:
        device, started = self._session.device_seconds, time.perf_counter()
        answer = call(*arguments, **options)
        self.parts[f"{part}_wall_seconds"] += time.perf_counter() - started
        self.parts[f"{part}_device_seconds"] += self._session.device_seconds - device
        self.parts["passes" if part == "index" else "runs"] += 1
        return answer


@dataclass(slots=True)
class Workload:
    """Something for the engine to drain.

    Attributes:
        backend: What opens the jobs.
        renew: Gives the slots of a turn.
        claims: How many claims draining them takes.
        ops: Sources beside the shipped operations.
        buffers: What handles stand for.
        in_place: The device works on the slots themselves.
        watch: Workers say what they have in hand, as in every launch.
        apart: Passes and runs are timed each on its own, which takes a wait more than a launch makes.
        facts: The last session's facts.
        bytes_beside: Device memory that it took beside the ring and the buffers; None when it cannot tell.
    """

    backend: Backend
    renew: Callable[[], SlotArray]
    claims: int
    ops: tuple[OpSource, ...] = ()
    buffers: BufferTable = field(default_factory=BufferTable)
    in_place: bool = False
    watch: bool = True
    apart: bool = True
    facts: Mapping[str, int] = field(default_factory=dict)
    bytes_beside: int | None = None

    def open(self) -> DeviceSession:
        """A session over new slots."""
        return self.backend.open(self._job(self.renew()))

    def _job(self, slots: SlotArray) -> Job:
        control = start_control(None, None)
        place = (lambda shares: (slots, shares)) if self.in_place else None
        return Job(slots, control, self.buffers, self.ops, shared=Sharing(place), watch=self.watch)

    def drain(self) -> Turn:
        """Everything from the first index to the last, as a launch does it; opening stands apart.

        Raises:
            VerifyError: It did not end drained after so many claims.
        """
        slots = self.renew()
        started = time.perf_counter()
        session = self.backend.open(self._job(slots))
        with closing(session):
            opened = time.perf_counter()
            meter = Meter(session) if self.apart else None
            course = Drain(cast(DeviceSession, meter or session), Limits()).run()
            drained = time.perf_counter()
            self.check(course.ended, session)
            self.facts = session.facts()
            self.bytes_beside = session.bytes_beside_ring
            wall_seconds = drained - opened
            parts = {} if meter is None else meter.account(opened - started, wall_seconds)
            return Turn(wall_seconds, session.device_seconds, parts)

    def memory(self, fast_index: bool) -> int | None:
        """Bytes beside the ring and the buffers, with and without `--fast-index`; None when nobody can tell."""
        job = replace(self._job(self.renew()), fast_index=fast_index)
        with closing(self.backend.open(job)) as session:
            return session.bytes_beside_ring

    def open_anew(self, make_backend: Callable[[], Backend]) -> Turn:
        """What it takes to open the device and to get its program, in a process that has neither."""
        slots = self.renew()
        release()
        started = time.perf_counter()
        with closing(make_backend().open(self._job(slots))):
            return Turn(time.perf_counter() - started)

    def index(self) -> Turn:
        """One index pass."""
        with closing(self.open()) as session:
            started = time.perf_counter()
            session.index()
            return Turn(time.perf_counter() - started, session.device_seconds)

    def check(self, ended: str, session: DeviceSession) -> None:
        """See that a drain did all that was due.

        Raises:
            VerifyError: It did not.
        """
        claims = session.tally().claims
        if ended != Ending.DRAINED or claims != self.claims:
            raise VerifyError(
                f"the engine ended {ended} after {claims} claims and {self.claims} were due",
                where=self.backend.name,
                fix="Run `vyrectl launch --verify` on this device",
            )
