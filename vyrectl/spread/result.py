"""What comes of a launch in shards: taken as it comes back, merged, saved once, reported.

The same for devices of this host and for workers on others. The invariant: shards come into the ring whole, outputs are
merged with them, and nothing is saved before all that will come has come.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vyrectl.abi.control import EPOCH
from vyrectl.abi.states import TaskState
from vyrectl.engine.endings import Ending
from vyrectl.engine.saving import Saving
from vyrectl.errors import FileError, UsageError
from vyrectl.files.backup import backup_beside
from vyrectl.files.replace import replace_file
from vyrectl.files.ring_lock import mark_made
from vyrectl.hosting.child import keep_beside, keep_records
from vyrectl.hosting.files import rescue
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import Watch
from vyrectl.launching.conclude import conclude
from vyrectl.launching.driven import Driven, Spent
from vyrectl.launching.report import LaunchReport
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.launching.unrunnable import claimable_mask
from vyrectl.ring.file import Ring
from vyrectl.ring.store import holds_other_tasks, store_by
from vyrectl.sidecar.hold import Hold
from vyrectl.spread.cut import ONE_DEVICE, Shard, named, writes_control
from vyrectl.spread.finished import Finished
from vyrectl.spread.prepared import Begun, Ready, make_ready
from vyrectl.spread.roster import Roster
from vyrectl.spread.shares import Outcome
from vyrectl.spread.trace import Turns, save_turns
from vyrectl.telemetry.census import add_up
from vyrectl.telemetry.snapshot import StateTally, tally_slots

UNFINISHED = (Ending.INTERRUPTED, Ending.TIMEOUT, Ending.SHUTDOWN)


class Result:
    """The ring of a launch, and everything that is saved with it.

    Args:
        request: What to do.
        held: The ring's lock; None for a result that goes elsewhere.
        watch: See `launch_file`.
        devices: How many will work.
        limits: What a plan knows of them.
        shard_slots: Slots of a shard, where nothing else was asked for.
        begun: See `make_ready`.

    Attributes:
        ready: The ring, cut.
        roster: Which shards are where.
        carried: What unfinished shards have written, by number.
    """

    def __init__(
        self,
        request: FileLaunch,
        held: Hold | None,
        watch: Watch,
        *,
        devices: int,
        limits: Mapping[str, int],
        shard_slots: int | None = None,
        begun: Begun | None = None,
    ) -> None:
        self.request, self.held, self.watch = request, held, watch
        self.saving = Saving(first=self._save, beside=request.ring)
        self.ready: Ready = make_ready(
            request, devices, self.saving, limits, shard_slots, holds=held is not None, begun=begun
        )
        self.roster = Roster(self.ready.shards, request.options.max_steps)
        self.carried: dict[int, Finished] = {}
        self._turns: list[Turns] = []
        self._full: list[Shard] = []
        self._counted: dict[int, StateTally | None] = {}

    def take(self, finished: Finished, device: str) -> bool:
        """A shard came back; True when it has more than its claims let it do."""
        ready = self.ready
        driven = finished.driven
        if driven.tally.spawned:
            self._look_at_children(ready.shards[finished.shard])
        news = ready.merge.add(finished)
        if news and self.request.debug_log is not None:
            self.watch({"debug": news})
        has_more = driven.course.ended == Ending.MAX_STEPS
        ready.memory.take(ready.shards[finished.shard], has_more=has_more)
        self._counted[finished.shard] = driven.counted
        if driven.turns is not None:
            self._turns.append(Turns(f"{device} {finished.device}", finished.began, driven.turns))
        if has_more:
            self.carried[finished.shard] = replace(finished, driven=replace(driven, turns=None))
        return has_more

    def _look_at_children(self, shard: Shard) -> None:
        """Find children that shards cannot run by themselves, and a shard without room for more.

        Raises:
            UsageError: A child goes by words of the control buffer.
        """
        ready = self.ready
        part = slice(shard.first, shard.end)
        after, empty = ready.memory.worked(shard), ready.before["state"][part] == int(TaskState.EMPTY)
        born = empty & (after["state"] != int(TaskState.EMPTY))
        for op, at in writes_control(after, born):
            number = shard.first + at if ready.order is None else int(ready.order[shard.first + at])
            raise UsageError(
                f"{named(op, ready.prepared.job)}, a child in slot {number}, goes by words of the control buffer that "
                "other shards change too; nothing is saved",
                where=str(self.request.ring),
                fix=ONE_DEVICE,
            )
        if born.sum() == empty.sum():
            self._full.append(shard)

    def _count(self) -> StateTally | None:
        """The ring counted, as those did who worked on it; None where it holds states that are unknown."""
        parts = []
        for shard in self.ready.shards:
            if shard.number in self._counted:
                part = self._counted[shard.number]
            else:
                part = tally_slots(self.ready.before[shard.first : shard.end])
            if part is None or part.unknown:
                return None
            parts.append(part)
        return add_up(parts)

    def _never_begun(self) -> int:
        """Tasks of shards that no device took up, which no index has counted."""
        ready, job = self.ready, self.ready.prepared.job
        left = [shard for shard in ready.shards if shard.number not in ready.merge.endings]
        masks = (
            claimable_mask(
                replace(job, selected=ready.selected_of(shard)), ready.before[shard.first : shard.end]
            )
            for shard in left
        )
        return sum(int(mask.sum()) for mask in masks)

    def _tell_full(self) -> None:
        """Say which shards had no Empty slot left while others had some."""
        if self._full and (self.ready.memory.result()["state"] == int(TaskState.EMPTY)).any():
            shards = ", ".join(map(str, self._full))
            self.watch(
                {
                    "said": f"{shards}: every Empty slot was used, and a task that found none did its child's part "
                    "itself; larger shards (--shard-slots) or one device share more of them"
                }
            )

    def conclude(self, outcome: Outcome, seconds: float) -> LaunchRecord:
        """Save the ring, then the rest; the report as a record.

        Args:
            outcome: How the devices ended.
            seconds: From the first to the last of them.

        Raises:
            OutputsError: The ring was not saved.
        """
        ready, merge, request = self.ready, self.ready.merge, self.request
        options = request.options
        counted = self._count()
        merge.course.indexed += self._never_begun()
        ready.memory.finish()
        self._tell_full()
        driven = Driven(
            course=merge.course,
            tally=merge.tally,
            control=merge.control,
            debug_log=merge.debug_log,
            facts={**merge.facts, "shards": len(ready.shards), "devices": len(outcome.shares)},
            spent=Spent(merge.device_seconds, seconds, merge.build_seconds),
            counted=counted,
        )
        report = conclude(ready.prepared, driven)
        names = [share.called for share in outcome.shares]
        traced = None
        if isinstance(options.trace, str | os.PathLike) and self._turns:
            path = Path(options.trace)
            traced = self.saving.keep(
                path, lambda place: save_turns(place, self._turns, ready.prepared.op_names)
            )
        keep_beside(request, report, self.saving)
        if request.record is not None:
            epoch = int(ready.prepared.job.control[EPOCH.first])
            buffers = ready.prepared.job.buffers
            keep_records(request, self.saving, ready.memory.given(), ready.memory.result(), epoch, buffers)
        if not self.saving.ring_saved:
            self.saving.raise_failures()
        course = replace(merge.course, ended=self._ending(outcome, report.remaining))
        whole = replace(
            report,
            device=", ".join(names),
            driven=replace(report.driven, course=course),
            saved=replace(report.saved, trace=traced),
            verified=options.verify,
        )
        return self._as_record(whole, outcome)

    def _ending(self, outcome: Outcome, remaining: int) -> str:
        endings = set(self.ready.merge.endings.values())
        if outcome.stopped is not None and (self.roster.unvisited or not endings.isdisjoint(UNFINISHED)):
            return outcome.stopped
        if self.roster.set_aside:
            return Ending.LOST
        if remaining and self.request.options.max_steps is not None:
            return Ending.MAX_STEPS
        return Ending.STALLED if Ending.STALLED in endings else Ending.DRAINED

    def _as_record(self, report: LaunchReport, outcome: Outcome) -> LaunchRecord:
        return {
            "ring": str(self.request.output or self.request.ring),
            "in_place": False,
            **report.to_record(),
            "not_saved": self.saving.failure_records(),
            "devices": [share.to_record() for share in outcome.shares],
            "set_aside": [
                {"shard": one.number, "first_slot": one.reach[0], "last_slot": one.reach[1]}
                for one in self.roster.set_aside
            ],
        }

    def _save(self) -> None:
        """Put the merged ring where it belongs.

        Raises:
            FileError: It cannot be written; what can is in a file beside it.
        """
        request, ring = self.request, Ring.from_slots(self.ready.memory.result())
        try:
            if request.output is not None:
                keeps = request.backup or holds_other_tasks(request.output, request.ring)
                if (begun := self.ready.successor) is not None:
                    kept = store_by(request.output, begun.put, overwrite=True, role="save", backup=keeps)
                else:
                    kept = ring.save(request.output, backup=keeps)
                    mark_made(request.output)
            else:
                assert self.held is not None
                keeps = request.backup or self.held.is_first
                identity, successor = self.ready.identity, self.ready.successor
                if successor is not None:
                    written = successor.put(backup=keeps, expected=identity)
                else:
                    written = replace_file(self.held.target, [ring.data], backup=keeps, expected=identity)
                self.held.touch()
                self.held.follow()
                kept = written.backup
        except FileError as error:
            rescue(error, request, ring)
            raise
        if kept is not None:
            self.watch({"backup": backup_beside(request.output or request.ring, kept)})
