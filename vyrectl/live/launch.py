"""The launch under a session: which memory it works in, how it is stopped, and how a session reaches it.

Imports every layer below the command line.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.backend import DeviceSession
from vyrectl.engine.ops import load_sources, op_codes
from vyrectl.errors import DeviceError
from vyrectl.files.replace import back_up_copy
from vyrectl.files.window import check_slot_count
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import Drive
from vyrectl.launching.report import LaunchReport
from vyrectl.launching.rounds import Limits
from vyrectl.live.access import Access, MemoryAccess
from vyrectl.live.host import LiveHost, given_handles, once_handles
from vyrectl.live.queued import QueueAccess
from vyrectl.live.shared import SharedAccess
from vyrectl.live.workplace import work
from vyrectl.numbers import is_whole
from vyrectl.ring.file import Ring
from vyrectl.sidecar.hold import Hold, hold
from vyrectl.task.arrays import SlotArray, check_slots

ALL_OPS = "interpreter"
"""The mode of every session: tasks to come may use any operation."""


def access_to(session: DeviceSession, host: LiveHost | None = None) -> Access:
    """How the ring of an open session is reached beside its rounds.

    Args:
        session: A device's session, open.
        host: Where its sidecar is, if it has one.

    Raises:
        DeviceError: The backend has no way to do so.
    """
    access = _way_to(session, host)
    access.spawns = session.spawns
    access.bring_outputs = session.bring_outputs
    return access


def _way_to(session: DeviceSession, host: LiveHost | None) -> Access:
    memory = session.memory()
    if memory is None:
        return _through_a_queue(session)
    if host is None or host.sidecar is None:
        return MemoryAccess(*memory)
    return SharedAccess(memory[0], host.sidecar, ring=host.ring, polls=session.polls)


def _through_a_queue(session: DeviceSession) -> Access:
    side = session.side()
    if side is None:
        raise DeviceError("this backend cannot be reached beside its rounds", fix="Choose another device")
    return QueueAccess(side, len(session.slots()), polls=session.polls)


class LiveLaunch:
    """A launch that a session drives, and its `vyrectl.live.workplace.Workplace`.

    Args:
        ring: Its slots; written in place where the device allows it, else at the end.
        options: The launch; its mode is that of every session.
        held: The ring's lock, for a ring file that is to be run in place; given back at the end.
    """

    is_shared = True
    is_left = False
    board = None

    def __init__(self, ring: Ring, options: LaunchOptions, held: Hold | None = None) -> None:
        sources = load_sources(options.ops)
        self.op_codes = op_codes(sources)
        self._ring = ring
        self._held = held
        self._reason: str | None = None
        limits = Limits(stop=lambda: self._reason)
        self._options = replace(options, ops=sources, mode=ALL_OPS, limits=limits)
        self._in_place = False
        self.host = LiveHost(
            None if held is None else held.target,
            len(ring),
            once=once_handles(sources),
            ops=given_handles(sources),
            gated=options.control is not None,
            quotas=options.quotas,
            wanted=lambda: self._in_place or held is None,
        )

    def gate(self, session: DeviceSession) -> Access:
        """How the ring is reached beside the rounds; see `access_to`."""
        return access_to(session, self.host)

    def stop(self, reason: str) -> None:
        """End the rounds for a reason, the value of an `Ending`."""
        self._reason = reason

    def run(self, drive: Drive) -> LaunchReport:
        """Launch, and leave the result where it belongs."""
        with nullcontext() if self._held is None else self._held:
            report, saving = work(self._ring, self._options, self, drive)
        saving.raise_failures()
        return report

    def save(self) -> None:
        """Write a ring file that was not worked on in place."""
        if self._held is not None and not self._in_place:
            self._ring.save(backup=self._ring.is_untouched)

    def place(self, shares: bool) -> tuple[SlotArray, bool]:
        """The mapped file where there is one that the device can work on, else the ring's own slots."""
        if self._held is not None and shares:
            self._in_place = True
            if self._ring.is_untouched:
                back_up_copy(self._held.target, [self._ring.data])
            self._held.touch()
            self._ring = Ring.attach(self._held.target, self._held)
        return self._ring.slots, shares


def start_launch(
    ring: Ring | SlotArray | str | PathLike[str] | int | Sequence[object], options: LaunchOptions
) -> LiveLaunch:
    """A launch over whatever stands for a ring; see `vyrectl.live.session.open_session`.

    Raises:
        VyrectlError: What opening the ring raises.
    """
    if isinstance(ring, Ring):
        return LiveLaunch(ring, options)
    if is_whole(ring):
        count = check_slot_count(ring, where="-")
        return LiveLaunch(Ring.from_slots(np.zeros(count, SLOT_DTYPE)), options)
    if isinstance(ring, str | os.PathLike):
        held = hold(ring, role="session")
        return LiveLaunch(Ring.open(ring, writable=True, held=held), options, held)
    return LiveLaunch(Ring.from_slots(check_slots("a ring", ring)), options)
