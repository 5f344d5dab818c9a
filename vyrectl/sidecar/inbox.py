"""The inbox of `RING.live`: slots that editors and feeders offer to the workers, and the turn to publish.

The invariant: a place is filled and emptied by one compare-and-swap, so that who dies leaves no hole; and an Empty or
Done slot is written by nobody but who has the turn. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from vyrectl.abi import live as abi
from vyrectl.abi.limits import U32_MAX, WORD_BYTES
from vyrectl.errors import SidecarError
from vyrectl.sidecar.words import LiveWords

TURN_SECONDS = 5.0
"""How long another editor may publish before one gives up."""

_TURN_NAP = 0.00005


class Inbox:
    """Offers slots to the workers of a launch."""

    def __init__(self, live: LiveWords) -> None:
        self._live = live

    def push(self, slot: int) -> bool:
        """Offer a slot to the workers; False when the inbox is full (the next round's index finds the slot).

        Many may push at once. A place is filled by one compare-and-swap, and whoever meets a filled one moves the tail
        on, so that a producer that dies leaves no hole.
        """
        tail_word, capacity, words = abi.WORD["INBOX_TAIL"], self._live.layout.capacity, self._live.words
        cas, base = self._live.need_atomics().cas, self._live.address
        tail_address, shift = base + tail_word * WORD_BYTES, capacity.bit_length() - 1
        while True:
            tail = words[tail_word]
            place = self._live.layout.inbox + (tail & (capacity - 1))
            lap, held = tail >> shift & abi.LAP_MASK, words[place]
            if held == lap << abi.LAP_SHIFT:
                if cas(base + place * WORD_BYTES, held, held | slot + 1):
                    cas(tail_address, tail, tail + 1 & U32_MAX)
                    return True
            elif (held >> abi.LAP_SHIFT) - lap & abi.LAP_MASK <= abi.LAP_MASK // 2:
                cas(tail_address, tail, tail + 1 & U32_MAX)
            elif tail == self._live.load(tail_word):
                return False

    def push_many(self, slots: Sequence[int], *, ring: bool = True) -> int:
        """Offer slots in order and, by default, ring the bell once; returns how many found a place."""
        pushed = 0
        for slot in slots:
            if not self.push(slot):
                break
            pushed += 1
        if ring:
            self._live.ring_bell()
        return pushed

    def take(self) -> int | None:
        """Take the first slot of the inbox as a worker does; None when it is empty."""
        head_word, capacity = abi.WORD["INBOX_HEAD"], self._live.layout.capacity
        shift = capacity.bit_length() - 1
        while True:
            head = self._live.load(head_word)
            place = self._live.layout.inbox + (head & (capacity - 1))
            lap, held = head >> shift & abi.LAP_MASK, self._live.load(place)
            if held >> abi.LAP_SHIFT == lap:
                if not held & abi.SLOT_MASK:
                    return None
                if self._live.cas(place, held, (lap + 1 & abi.LAP_MASK) << abi.LAP_SHIFT):
                    self._live.cas(head_word, head, head + 1 & U32_MAX)
                    return (held & abi.SLOT_MASK) - 1
            elif (held >> abi.LAP_SHIFT) - lap & abi.LAP_MASK <= abi.LAP_MASK // 2:
                self._live.cas(head_word, head, head + 1 & U32_MAX)
            elif head == self._live.load(head_word):
                return None

    @contextmanager
    def publishing(self, seconds: float = TURN_SECONDS) -> Iterator[None]:
        """The turn to put tasks into Empty or Done slots, which no worker touches.

        Whoever has it may write such slots without claiming them, state last; so every editor takes it. The system
        gives it back when its holder dies.

        Raises:
            SidecarError: Somebody keeps it for longer than `seconds`, or the launch has ended.
        """
        try:
            fd = os.open(self._live.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SidecarError(
                "the launch has ended", where=self._live.path, fix="Run the command again"
            ) from None
        try:
            self._take_turn(fd, time.monotonic() + seconds)
            yield
        finally:
            os.close(fd)

    def _take_turn(self, fd: int, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise SidecarError(
                        "another process has been publishing for too long",
                        where=self._live.path,
                        fix="Continue or end it; it may be stopped",
                    ) from None
                time.sleep(_TURN_NAP)

    def count_accepted(self, slots: int) -> None:
        """Count slots that become claimable; before they are published."""
        self._live.add(abi.WORD["ACCEPTED"], slots)
