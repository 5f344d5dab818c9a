"""A launch on several devices of this host, from the ring that was read to the file that is replaced.

The invariant: shards come into the ring whole, outputs are merged with them, and nothing is saved before all that will
come has come.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vyrectl.abi.control import EPOCH
from vyrectl.engine.saving import Saving
from vyrectl.errors import FileError, LaunchStoppedError, StoppedError, stopped_code
from vyrectl.files.replace import backup_beside, replace_file
from vyrectl.files.ring_lock import mark_made
from vyrectl.hosting.child import keep_beside, keep_records
from vyrectl.hosting.files import rescue
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import Watch
from vyrectl.launching.conclude import Driven, conclude
from vyrectl.launching.report import LaunchReport
from vyrectl.ring.file import Ring
from vyrectl.sidecar.hold import Hold
from vyrectl.spread.crew import Bench, Crew, NoDeviceLeftError, Outcome, Task
from vyrectl.spread.cut import Shard
from vyrectl.spread.devices import Chosen
from vyrectl.spread.finished import Finished
from vyrectl.spread.prepared import make_ready
from vyrectl.spread.roster import Roster
from vyrectl.spread.trace import Turns, save_turns
from vyrectl.spread.work import ShardRunner, Site
from vyrectl.spread.work import Task as Visit

if TYPE_CHECKING:
    from vyrectl.hosting.stall import Insight

UNFINISHED = ("interrupted", "timeout", "shutdown")


class Run:
    """One launch.

    Args:
        request: What to do.
        held: The ring's lock; None for a result that goes elsewhere.
        chosen: The devices.
        since: `time.monotonic()` from which the timeout counts.
        watch: See `launch_file`.
        look: See `launch_file`.
        notice: See `launch_file`.
    """

    def __init__(
        self,
        request: FileLaunch,
        held: Hold | None,
        chosen: list[Chosen],
        since: float,
        watch: Watch,
        look: Callable[[Insight], None],
        notice: Callable[[Insight], None],
    ) -> None:
        self._request, self._held, self._chosen, self._since = request, held, chosen, since
        self._watch, self._look, self._notice = watch, look, notice
        self._saving = Saving(first=self._save)
        self._ready = make_ready(request, len(chosen), self._saving, _limits(chosen))
        self._roster = Roster(self._ready.shards, request.options.max_steps)
        self._carried: dict[int, Finished] = {}
        self._turns: list[Turns] = []

    def record(self) -> tuple[dict[str, Any], int]:
        """Run it; the report as a record, and the signal that ended it early."""
        options, target = self._request.options, self._request.output or self._request.ring
        crew = Crew(
            self._chosen,
            self._roster,
            Task(open=self._open, order=self._order, take=self._take, watch=self._hear, tick=self._tick),
            folder=os.path.dirname(os.path.realpath(target)) or tempfile.gettempdir(),
            stop_at=None if options.timeout is None else self._since + options.timeout,
            grace=self._request.grace,
        )
        began = time.monotonic()
        try:
            outcome = crew.run()
        except NoDeviceLeftError as error:
            error.where, error.fix = str(self._request.ring), self._as_before()
            raise
        self._raise_if_stopped(outcome)
        report = self._conclude(outcome, time.monotonic() - began)
        return self._as_record(report, outcome), outcome.signal_received

    def _open(self, bench: Bench) -> tuple[str, Callable[[dict[str, Any]], Finished]]:
        """Child's side: open the device; what runs an order there."""
        ready = self._ready
        runner = ShardRunner(bench.device, ready.setup)

        def run(order: dict[str, Any]) -> Finished:
            shard = ready.shards[order["shard"]]
            part = slice(shard.first, shard.end)
            carried = (
                Finished.read(os.pread(bench.file.fileno(), order["carried"], 0))
                if order["carried"]
                else None
            )
            visit = Visit(
                shard=shard,
                slots=ready.memory.slots()[part],
                selected=None if ready.selected is None else ready.selected[part],
                steps=order["steps"],
                carried=carried,
            )
            site = Site(ready.memory.worked(shard), stop=bench.channel.stop_reason, watch=bench.teller())
            return runner.run(visit, site)

        return runner.backend.name, run

    def _order(self, shard: Shard, steps: int | None, file: IO[bytes]) -> dict[str, Any]:
        """The message that sends a shard, with what its earlier visits wrote behind it."""
        carried = self._carried.get(shard.number)
        data = b"" if carried is None else carried.to_bytes()
        if data:
            os.ftruncate(file.fileno(), 0)
            os.pwrite(file.fileno(), data, 0)
        return {"shard": shard.number, "steps": steps, "carried": len(data)}

    def _take(self, finished: Finished, device: str) -> bool:
        """A shard came back; True when it has more than its claims let it do."""
        ready = self._ready
        news = ready.merge.add(finished)
        if news and self._request.debug_log is not None:
            self._watch({"debug": news})
        ready.memory.take(ready.shards[finished.shard])
        if finished.turns is not None:
            self._turns.append(Turns(f"{device} {finished.device}", finished.began, finished.turns))
        has_more = finished.ended == "max_steps"
        if has_more:
            self._carried[finished.shard] = replace(finished, turns=None)
        return has_more

    def _hear(self, message: dict[str, Any]) -> None:
        if "began" in message:
            self._ready.memory.began = True
        else:
            self._watch(message)

    def _tick(self) -> None:
        self._look(self._ready.memory)
        self._notice(self._ready.memory)

    def _raise_if_stopped(self, outcome: Outcome) -> None:
        """Say that nothing was done, or that not all of it stopped.

        Raises:
            StoppedError: A signal came before a device was at work.
            LaunchStoppedError: A device had to be killed.
        """
        number = outcome.signal_received
        if number and not self._ready.memory.began:
            raise StoppedError(signal.Signals(number).name, number)
        if outcome.killed:
            raise LaunchStoppedError(
                f"{', '.join(outcome.killed)} did not stop within {self._request.grace:g} s and was killed",
                stopped_code(number),
                None,
                where=str(self._request.ring),
                fix=self._as_before(),
            )

    def _as_before(self) -> str:
        return f"{self._request.ring} is as it was before the launch"

    def _conclude(self, outcome: Outcome, seconds: float) -> LaunchReport:
        """Save the ring, then the rest."""
        ready, merge, request = self._ready, self._ready.merge, self._request
        options = request.options
        driven = Driven(
            course=merge.course,
            tally=merge.tally,
            control=merge.control,
            debug_log=merge.debug_log,
            facts={**merge.facts, "shards": len(ready.shards), "devices": len(self._chosen)},
            turns=None,
            device_seconds=merge.device_seconds,
            wall_seconds=seconds,
            build_seconds=merge.build_seconds,
        )
        report = conclude(ready.prepared, driven)
        names = [f"{share.device} {share.name}".strip() for share in outcome.shares]
        traced = None
        if isinstance(options.trace, str | os.PathLike) and self._turns:
            path = Path(options.trace)
            traced = self._saving.keep(path, lambda: save_turns(path, self._turns, ready.prepared.op_names))
        keep_beside(request, report, self._saving)
        if request.record is not None:
            epoch = int(ready.prepared.job.control[EPOCH.first])
            buffers = ready.prepared.job.buffers
            keep_records(request, self._saving, ready.before, ready.memory.slots(), epoch, buffers)
        if not self._saving.is_settled:
            self._saving.raise_failures()
        return replace(
            report,
            device=", ".join(names),
            ended=self._ending(outcome, report.remaining),
            verified=options.verify,
            trace=traced,
        )

    def _ending(self, outcome: Outcome, remaining: int) -> str:
        endings = set(self._ready.merge.endings.values())
        if outcome.stopped is not None and (self._roster.unvisited or not endings.isdisjoint(UNFINISHED)):
            return outcome.stopped
        if self._roster.set_aside:
            return "lost"
        if remaining and self._request.options.max_steps is not None:
            return "max_steps"
        return "stalled" if "stalled" in endings else "drained"

    def _as_record(self, report: LaunchReport, outcome: Outcome) -> dict[str, Any]:
        return {
            "ring": str(self._request.output or self._request.ring),
            "in_place": False,
            **report.to_record(),
            "not_saved": self._saving.failure_records(),
            "devices": [share.to_record() for share in outcome.shares],
            "set_aside": [
                {"shard": one.number, "first_slot": one.first, "last_slot": one.end - 1}
                for one in self._roster.set_aside
            ],
        }

    def _save(self) -> None:
        """Put the merged ring where it belongs.

        Raises:
            FileError: It cannot be written; what can is in a file beside it.
        """
        request, ring = self._request, Ring.from_slots(self._ready.memory.slots())
        try:
            if request.output is not None:
                kept = ring.save(request.output, backup=request.backup)
                mark_made(request.output)
            else:
                assert self._held is not None
                keeps = request.backup or self._held.is_first
                written = replace_file(
                    self._held.target, [ring.data], backup=keeps, expected=self._ready.identity
                )
                self._held.touch()
                self._held.follow()
                kept = written.backup
        except FileError as error:
            rescue(error, request, ring)
            raise
        if kept is not None:
            self._watch({"backup": backup_beside(request.output or request.ring, kept)})


def _limits(chosen: list[Chosen]) -> Mapping[str, int]:
    """Of the first device that has any."""
    return next((one.limits for one in chosen if one.limits), {})
