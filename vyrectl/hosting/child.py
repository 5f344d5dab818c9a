"""The child's part of a launch of a file: open the device, run the ring, write what it was asked to write.

In place, the mapped file is the device's buffer and the file changes as tasks end. Else the child works on memory that
it shares with the parent and replaces the file at the end, so that a kill leaves the file as it was. The invariant:
before a kernel may run, the parent has been told where the slots are.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import EPOCH
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskState
from vyrectl.engine.backend import new_debug_log
from vyrectl.engine.buffer_options import parse_buffer_options
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.doing import hear_doing
from vyrectl.engine.left import cut_off, free_partial
from vyrectl.engine.ops import load_sources
from vyrectl.errors import FileError
from vyrectl.files import shrinking
from vyrectl.files.backup import backup_beside
from vyrectl.files.keeping import write_kept
from vyrectl.files.place import check_place, check_room
from vyrectl.files.replace import back_up_copy, replace_file
from vyrectl.files.ring_lock import is_held
from vyrectl.files.room import NO_ROOM
from vyrectl.files.telling import is_heard, tell_by
from vyrectl.hosting.ahead import begin_ahead
from vyrectl.hosting.counting import Counting
from vyrectl.hosting.debug_tail import DebugTail
from vyrectl.hosting.files import rescue
from vyrectl.hosting.memory import IN_FILE, IN_MEMORY, ON_DEVICE, Memory
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervisor import Channel, Message
from vyrectl.hosting.telling import Teller
from vyrectl.launching.backends import open_ahead
from vyrectl.launching.control_file import load_control, save_control
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import start_control
from vyrectl.launching.record import LaunchLog, record_launch
from vyrectl.launching.rounds import Limits
from vyrectl.live.host import LiveHost, given_handles, once_handles
from vyrectl.live.workplace import work
from vyrectl.ring.file import Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.ring.store import holds_other_tasks, store_by
from vyrectl.sidecar.board import introduce
from vyrectl.sidecar.hold import Hold
from vyrectl.task.arrays import SlotArray, copy_of, copy_slots
from vyrectl.task.parts import in_parts

if TYPE_CHECKING:
    from vyrectl.engine.saving import Saving
    from vyrectl.files.successor import Successor
from vyrectl.launching.report import LaunchReport


def drive_file(
    request: FileLaunch, held: Hold | None, memory: Memory, channel: Channel, ahead: Successor | None = None
) -> Message:
    """Launch the file as it was asked for; the report as a record.

    Args:
        request: What to do.
        held: The ring's lock; None for a result that goes elsewhere.
        memory: Where the slots may be, for the parent to see.
        channel: The line to the parent.
        ahead: The result, where it was begun already.
    """
    shrinking.survive(wanted=False)  # a ring that shrinks under a device is the end of this process
    gc.disable()  # what is loaded until the device is ready stays; see `_Site.begin`
    view = _view(request)
    counting = Counting(view.slots)
    control = None if request.control is None else load_control(request.control)
    buffers = parse_buffer_options(request.buffers)
    options = replace(
        request.options,
        ops=load_sources(request.options.ops),
        buffers=buffers,
        control=control,
        debug_log=None if request.debug_log is None else new_debug_log(request.debug_records),
        timeout=None,  # the parent's clock
    )
    before = None if request.record is None else copy_of(view.slots)
    epoch = int(start_control(control, options.epoch)[EPOCH.first])
    if ahead is not None and ahead.version != view.identity:
        ahead.discard()  # somebody put another ring there
        ahead = None
    site = _Site(request, options, held, memory, channel, view, buffers, ahead)
    try:
        return _drive(request, options, site, counting, before, epoch)
    finally:
        site.leave()


def _drive(
    request: FileLaunch,
    options: LaunchOptions,
    site: _Site,
    counting: Counting,
    before: SlotArray | None,
    epoch: int,
) -> Message:
    """Launch at a site; the report as a record."""
    view, channel, buffers = site.view, site.parent.channel, site.buffers
    hear_doing(lambda what: channel.send({"doing": what}))
    if is_heard():
        tell_by(lambda line: channel.send({"said": line}))
    if counting.is_elsewhere:
        open_ahead(options.device)
    counted = counting.result()
    site.has_running = counted.tally.counts[TaskState.RUNNING] > 0
    options = replace(options, limits=site.limits(tells_records=request.debug_log is not None))
    drive = None
    if request.follow is not None:
        drive = request.follow.prepare(load_sources(options.ops), site.host).drive
        options = replace(options, mode="interpreter")
    report, saving = work(view, options, site, drive, counted)
    keep_beside(request, report, saving)
    if before is not None:
        keep_records(request, saving, before, site.slots, epoch, buffers)
    if not saving.ring_saved:
        saving.raise_failures()
    ends = {"ring": str(request.output or request.ring), "in_place": site.in_place}
    return {**ends, **report.to_record(), "not_saved": saving.failure_records()}


def _view(request: FileLaunch) -> Ring:
    """The ring as it is read: slot by slot where somebody else is writing it."""
    if request.output is not None and is_held(request.ring):
        return copy_ring(request.ring).ring
    return Ring.open(request.ring)


def keep_beside(request: FileLaunch, report: LaunchReport, saving: Saving) -> None:
    """Save what the launch ended with beside the ring."""
    if request.save_control is not None:
        saving.keep(request.save_control, partial(save_control, words=report.control))
    if request.debug_log is not None:
        words = report.debug_log.astype("<u4").tobytes()
        saving.keep(request.debug_log, partial(write_kept, parts=[words]))


def keep_records(
    request: FileLaunch, saving: Saving, before: SlotArray, after: SlotArray, epoch: int, buffers: BufferTable
) -> None:
    """Append to the replay log that was asked for."""
    if request.record is not None:
        log = LaunchLog(request.record, request.record_kind, request.record_capacity)

        def append(path: Path) -> None:
            record_launch(replace(log, path=path), before, after, epoch, buffers)

        saving.keep(request.record, append)


class _Parent:
    """Whether the parent hears; once it is gone, the same launch once more is to go on with what this one leaves."""

    def __init__(self, channel: Channel, buffers: BufferTable, held: Hold | None) -> None:
        self.channel = channel
        self.is_cut_off = False
        self._buffers, self._held = buffers, held
        self._is_alone = False
        self._meeting = Lock()

    def stop_reason(self) -> str | None:
        """Why the rounds are to stop; a parent that is found gone here cut the launch off."""
        reason = self.asked()
        self.is_cut_off = self.is_cut_off or self.channel.closed
        return reason

    def asked(self) -> str | None:
        """Why to stop; that the parent is gone may be met here before the thread that hears of it has had its turn."""
        reason = self.channel.stop_reason()
        if self.channel.closed:
            self._orphaned()
        return reason

    def begin(self) -> None:
        """There is work to bring to its end from now on."""
        self.channel.begin(self._orphaned)

    def _orphaned(self) -> None:
        """The parent is gone; whoever meets that first does this, and the other waits for it."""
        with self._meeting:
            if not self._is_alone:
                self._is_alone = True
                self._buffers.keep_seals()
                if self._held is not None:
                    self._held.sign()


class _Site:
    """The workplace of a launched file (`vyrectl.live.workplace`): chosen once the device is known.

    The first launch here of a ring that vyrectl did not make keeps the old file, whatever `backup` says: it may be the
    only copy of what somebody came to look at.
    """

    def __init__(
        self,
        request: FileLaunch,
        options: LaunchOptions,
        held: Hold | None,
        memory: Memory,
        channel: Channel,
        view: Ring,
        buffers: BufferTable,
        ahead: Successor | None,
    ) -> None:
        self._request = request
        self._held = held
        self._keeps = request.backup or (held is not None and held.is_first)
        self._target = os.path.realpath(request.ring)
        self._memory = memory
        self.parent = _Parent(channel, buffers, held)
        self.view = self._ring = view
        self.buffers = buffers
        self.in_place = False
        self.has_running = True
        self._ahead = ahead
        if ahead is None and not request.works_in_file:
            self._ahead = begin_ahead(request, view, buffers.outputs())
        self.is_left = False
        if request.output is not None:
            buffers.found += cut_off(request.output)
        self.board = np.frombuffer(memory.board, "<u4") if request.options.watch else None
        sources = load_sources(options.ops)
        feeds = request.follow is not None and request.follow.feed is not None
        introduce(memory.board, sorted(given_handles(sources)), feeds=feeds)
        self.host = LiveHost(
            self._target,
            len(view),
            once=once_handles(sources),
            ops=given_handles(sources),
            edits=not options.verify,
            gated=request.control is not None,
            quotas=request.options.quotas,
            wanted=lambda: self.in_place,
        )

    @property
    def slots(self) -> SlotArray:
        """The ring as it is now."""
        return self._ring.slots

    @property
    def is_shared(self) -> bool:
        """Whether others may see the ring while it is worked on."""
        return self._request.works_in_file

    def limits(self, *, tells_records: bool) -> Limits:
        """What ends the launch early, and who is told how it goes: the parent."""
        return Limits(
            stop=self.parent.stop_reason,
            watch=Teller(self.parent.channel).tell,
            started=self.begin,
            finishing=lambda: self.parent.channel.send({"finishing": True}),
            quiet=self.host.quiet,
            debug=self._records_teller() if tells_records else None,
        )

    def _records_teller(self) -> Callable[[NDArray[np.uint32]], None]:
        tail = DebugTail()

        def tell(words: NDArray[np.uint32]) -> None:
            if news := tail.news(words):
                self.parent.channel.send({"debug": [[one.format_id, one.arguments] for one in news]})

        return tell

    def begin(self) -> None:
        """A kernel may run from here on: what it leaves is for whoever takes the lock next."""
        self.is_left = True
        gc.freeze()
        gc.enable()
        if found := self.buffers.found:
            self.parent.channel.send({"outputs": [str(one) for one in found]})
        self.parent.begin()

    def place(self, shares: bool) -> tuple[SlotArray, bool]:
        """The mapped file itself where the device can work on it, else memory that the parent sees too."""
        request = self._request
        self.in_place = shares and request.works_in_file
        if self.in_place:
            if self._keeps:
                self._say_kept(self._back_up())
            assert self._held is not None
            self._held.touch()
            self._ring = Ring.attach(request.ring, self._held)
        else:
            self._ring = self._begin_ahead() or self._copy()
        where = IN_FILE if self.in_place else IN_MEMORY if shares else ON_DEVICE
        running = _running_in(self._ring) if self.has_running else []
        name = None if self._ahead is None else self._ahead.name
        self.parent.channel.send({"working_in": where, "running": running, "file": name})
        return self._ring.slots, shares

    def _back_up(self) -> str:
        """Keep the ring as it is before it is worked on.

        Raises:
            FileError: It cannot be kept.
        """
        try:
            return back_up_copy(self._target, [self.view.data])
        except FileError as error:
            if error.errno in NO_ROOM:
                without = "leave out --backup, or " * (self._held is not None and not self._held.is_first)
                error.fix = f"{error.fix}; or {without}leave the ring as it is: --output NEW on another disk"
            raise

    def save(self) -> None:
        """Write what was not worked on in place; make sure that what was is still the ring.

        Raises:
            FileError: It cannot be written; what can is in a file beside it.
        """
        self.parent.asked()
        try:
            if not self.in_place:
                self._save_copy()
            elif not self._ring.is_current():
                raise FileError(
                    "the ring was replaced by another file while it ran", where=str(self._request.ring)
                )
        except FileError as error:
            rescue(error, self._request, self._ring)
            raise

    def _save_copy(self) -> None:
        output, ahead, identity = self._request.output, self._ahead, self.view.identity
        if output is not None and self.parent.is_cut_off:
            output = free_partial(output)  # nobody hears that it is no whole result
            if ahead is not None:
                ahead.move_to(output)
        if output is not None:
            keeps = self._request.backup or holds_other_tasks(output, self._request.ring)
            if ahead is not None:
                self._say_kept(store_by(output, ahead.put, overwrite=True, role="save", backup=keeps))
            else:
                self._say_kept(self._ring.save(output, backup=keeps))
        else:
            if ahead is not None:
                written = ahead.put(backup=self._keeps, expected=identity)
            else:
                parts = [self._ring.data]
                written = replace_file(self._target, parts, backup=self._keeps, expected=identity)
            if self._held is not None:
                self._held.touch()
            self._say_kept(written.backup)

    def _say_kept(self, backup: str | None) -> None:
        """Tell the parent what the old ring is called now."""
        if backup is not None:
            self.parent.channel.send(
                {"backup": backup_beside(self._request.output or self._request.ring, backup)}
            )

    def _check_room(self) -> None:
        """Before anything runs on a copy: it can be saved, and there is room for all that will be."""
        target = self._request.output or self._target
        check_place(target)
        check_room([(target, len(self.view.data)), *self.buffers.outputs()])

    def _begin_ahead(self) -> Ring | None:
        """The ring in the file that will take its place, where that could be begun."""
        if self._ahead is None:
            self._ahead = begin_ahead(self._request, self.view, self.buffers.outputs())
        if self._ahead is None:
            return None
        self._ahead.wait()
        self._ahead.map_ahead()
        return Ring.from_slots(np.frombuffer(self._ahead.memory, SLOT_DTYPE))

    def leave(self) -> None:
        """Nobody works here any more."""
        if self._ahead is not None:
            self._ahead.discard()

    def _copy(self) -> Ring:
        self._check_room()
        assert self._memory.shared is not None
        slots = np.frombuffer(self._memory.shared, SLOT_DTYPE)
        copy_slots(slots, self.view.slots)
        return Ring.from_slots(slots)


def _running_in(ring: Ring) -> list[int]:
    states = ring.slots["state"]

    def find(first: int, end: int) -> list[int]:
        numbers: list[int] = (np.flatnonzero(states[first:end] == int(TaskState.RUNNING)) + first).tolist()
        return numbers

    return [slot for part in in_parts(len(states), find) for slot in part]
