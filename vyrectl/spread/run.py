"""A launch on several devices of this host, from the ring that was read to the file that is replaced.

The invariant: children work on copies, and the parent alone takes, merges and saves (`vyrectl.spread.result`).
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import IO, TYPE_CHECKING

import numpy as np

from vyrectl.engine.ops import load_sources
from vyrectl.errors import LaunchStoppedError, NoDeviceLeftError, StoppedError, stopped_code
from vyrectl.files import shrinking
from vyrectl.hosting.limit import hand_over
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import Watch
from vyrectl.hosting.supervisor import Message
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.live.host import given_handles
from vyrectl.sidecar.hold import Hold
from vyrectl.spread.boards import Boards
from vyrectl.spread.crew import Bench, Crew, Owner
from vyrectl.spread.cut import Shard
from vyrectl.spread.devices import Chosen
from vyrectl.spread.finished import Finished
from vyrectl.spread.prepared import Begun
from vyrectl.spread.result import Result
from vyrectl.spread.shares import Outcome
from vyrectl.spread.work import ShardRunner, Site, Visit

if TYPE_CHECKING:
    from vyrectl.hosting.stall import Insight


class SpreadRun:
    """One launch.

    Args:
        request: What to do.
        held: The ring's lock; None for a result that goes elsewhere.
        chosen: Devices that run the shards, one process each.
        since: `time.monotonic()` from which the timeout counts.
        watch: See `launch_file`.
        look: See `launch_file`.
        begun: What was begun before.
    """

    def __init__(
        self,
        request: FileLaunch,
        held: Hold | None,
        chosen: list[Chosen],
        since: float,
        watch: Watch,
        look: Callable[[Insight], None],
        begun: Begun,
    ) -> None:
        self._request, self._chosen, self._since = request, chosen, since
        self._watch, self._look = watch, look
        self._result = Result(request, held, watch, devices=len(chosen), limits=_limits(chosen), begun=begun)
        self._began, memory = False, self._result.ready.memory
        memory.boards = self._boards = Boards(request.ring, [one.label for one in chosen], memory.is_running)
        given = given_handles(load_sources(self._result.ready.setup.options.ops))
        self._boards.given(sorted(given))
        if self._result.ready.order is not None:
            self._boards.gathered(self._result.ready.order)

    def record(self) -> tuple[LaunchRecord, int]:
        """Run the launch; the report as a record, and the signal that ended it early."""
        since = min(self._since, hand_over())
        options, target = self._request.options, self._request.output or self._request.ring
        crew = Crew(
            self._chosen,
            self._result.roster,
            Owner(open=self._open, order=self._order, take=self._take, watch=self._hear, tick=self._tick),
            folder=os.path.dirname(os.path.realpath(target)) or tempfile.gettempdir(),
            stop_at=None if options.timeout is None else since + options.timeout,
            grace_s=self._request.grace_s,
        )
        began = time.monotonic()
        with closing(crew):
            try:
                outcome = crew.run()
            except NoDeviceLeftError as error:
                error.where, error.fix = str(self._request.ring), self._as_before()
                raise
            self._raise_if_stopped(outcome)
            return self._result.conclude(outcome, time.monotonic() - began), outcome.signal_received

    def _open(self, bench: Bench) -> tuple[str, Callable[[Message], Finished]]:
        """Child's side: open the device; what runs an order there."""
        shrinking.survive(wanted=False)  # a ring that is cut short under it is the end of this process
        ready = self._result.ready
        runner = ShardRunner(bench.device, ready.setup)
        runner.open()

        def run(order: Message) -> Finished:
            shard = ready.shards[order["shard"]]
            carried = (
                Finished.read(os.pread(bench.file.fileno(), order["carried"], 0))
                if order["carried"]
                else None
            )
            visit = Visit(
                shard=shard,
                slots=ready.memory.begin(shard),
                selected=ready.selected_of(shard),
                steps=order["steps"],
                carried=carried,
                numbers=ready.numbers_of(shard),
            )
            site = Site(
                ready.memory.worked(shard),
                is_filled=True,
                board=np.frombuffer(self._boards.memory(bench.label), np.uint32),
                started=lambda direct: bench.channel.send({"at_work": bench.label, "seen": direct}),
                stop=bench.channel.stop_reason,
                watch=bench.teller(),
            )
            return runner.run(visit, site)

        return runner.backend.name, run

    def _order(self, shard: Shard, steps: int | None, file: IO[bytes]) -> Message:
        """The message that sends a shard, with what its earlier visits wrote behind it."""
        self._result.ready.memory.send(shard)
        carried = self._result.carried.get(shard.number)
        data = b"" if carried is None else carried.to_bytes()
        if data:
            os.ftruncate(file.fileno(), 0)
            os.pwrite(file.fileno(), data, 0)
        return {"shard": shard.number, "steps": steps, "carried": len(data)}

    def _take(self, finished: Finished, device: str) -> bool:
        self._rest(device)
        return self._result.take(finished, device)

    def _rest(self, device: str) -> None:
        """A device has no shard any more."""
        self._boards.end(device)
        self._result.ready.memory.began = self._boards.is_busy

    def _hear(self, message: Message) -> None:
        if "at_work" in message:
            self._boards.begin(message["at_work"], seen=message["seen"])
            self._began = self._result.ready.memory.began = True
        else:
            if "device_died" in message:
                self._rest(message["device_died"]["device"])
            self._watch(message)

    def _tick(self) -> None:
        self._boards.workers()
        self._look(self._result.ready.memory)

    def _raise_if_stopped(self, outcome: Outcome) -> None:
        """Say that nothing was done, or that not all of it stopped.

        Raises:
            StoppedError: A signal came before a device was at work.
            LaunchStoppedError: A device had to be killed.
        """
        number = outcome.signal_received
        if number and not self._began:
            raise StoppedError(signal.Signals(number).name, number)
        if outcome.killed:
            raise LaunchStoppedError(
                f"{', '.join(outcome.killed)} did not stop within {self._request.grace_s:g} s and was killed",
                stopped_code(number),
                None,
                where=str(self._request.ring),
                fix=self._as_before(),
            )

    def _as_before(self) -> str:
        return f"{self._request.ring} is as it was before the launch"


def _limits(chosen: list[Chosen]) -> Mapping[str, int]:
    """Of the first device that has any."""
    return next((one.limits for one in chosen if one.limits), {})
