"""Where the slots are while a file is launched, as its parent sees them: for a look now, and for the tasks of a death.

Standard library only until somebody has died. The invariant: a file is read and never mapped here, so that one which is
cut short ends a look and not the command.
"""

from __future__ import annotations

import mmap
import os
import time
from contextlib import suppress
from io import FileIO
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.hosting.deaths import Running
from vyrectl.sidecar.board import make_board

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from vyrectl.hosting.glance import Glance
    from vyrectl.sidecar.sidecar import Sidecar
    from vyrectl.sidecar.workers import Seats, Worker, WorkerWatch

WORKERS_SECONDS = 0.1
"""Between two looks at the workers; more where a look takes long."""

MOST_SHARE = 0.01
"""Of the time, what looks at the workers may take; what others take from them on a busy machine does not count."""

IN_FILE, IN_MEMORY, ON_DEVICE = "file", "memory", "device"
"""Where the slots are while they run."""


class Memory:
    """Where the slots are while they run: in the file, in memory shared with the parent, or on the device."""

    def __init__(self, ring: Path, size_bytes: int) -> None:
        self._ring = ring
        self.shared = mmap.mmap(-1, size_bytes) if size_bytes else None
        self._work: FileIO | None = None
        self.board = make_board(ring)
        self.where = ON_DEVICE
        self.is_ready = False  # the child has said where
        self.began = False  # the device is at work
        self.already_running: set[int] = set()
        self._slots = size_bytes // SLOT_BYTES
        self._places: Random | None = None
        self._sidecar: Sidecar | None = None
        self._watch: WorkerWatch | None = None
        self._workers: Sequence[Worker] = ()
        self._workers_due = 0.0

    def look_into(self, name: str) -> None:
        """The child works in a file that has another name so far; nothing is seen of one that cannot be opened."""
        self.shared = None
        with suppress(OSError):
            self._work = FileIO(name)

    def close(self) -> None:
        """Let go of that file."""
        if self._work is not None:
            self._work.close()

    def glance(self) -> Glance | None:
        """A look at the slots; None when the device keeps them to itself."""
        if self.where == ON_DEVICE or (self.where == IN_MEMORY and not self._is_seen):
            return None
        from random import Random

        from vyrectl.hosting.glance import glance

        places = self._places = self._places or Random(self._slots)
        if self.where == IN_MEMORY:
            return glance(self._read, self._slots, places)
        with suppress(OSError), self._ring.open("rb", buffering=0) as file:
            return glance(lambda offset, size: os.pread(file.fileno(), size, offset), self._slots, places)
        return None

    @property
    def _is_seen(self) -> bool:
        """Whether this process sees the memory that the child works in."""
        return not self._slots or self.shared is not None or self._work is not None

    def _read(self, offset: int, size_bytes: int) -> bytes:
        """Bytes of that memory; fewer where it has been cut short."""
        if self._work is None:
            return b"" if self.shared is None else self.shared[offset : offset + size_bytes]
        try:
            return os.pread(self._work.fileno(), size_bytes, offset)
        except OSError:
            return b""

    def workers(self) -> Sequence[Worker]:
        """What each worker has in hand, as of a moment ago; nothing where nobody is watched.

        Where other processes may look too, they find what this one has noted.
        """
        from vyrectl.sidecar.workers import Workers, WorkerWatch

        now, spent = time.monotonic(), time.thread_time()
        if now < self._workers_due or not self.began or (place := self._seats()) is None:
            return self._workers
        if self._watch is None:
            known = None if self.where == ON_DEVICE else self._is_running
            self._watch = WorkerWatch(known, writes=True)
        self._workers = Workers([self._watch.look(place)])
        self._workers_due = now + max(WORKERS_SECONDS, (time.thread_time() - spent) / MOST_SHARE)
        return self._workers

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """See `vyrectl.hosting.stall.Insight`."""
        place = self._seats()
        if place is not None:
            place.note_hung(workers)

    def _seats(self) -> Seats | None:
        """Where the workers' seats are; None as long as there are none."""
        from vyrectl.errors import VyrectlError
        from vyrectl.sidecar.sidecar import Sidecar
        from vyrectl.sidecar.workers import Seats

        if self.where != IN_FILE:
            return Seats.on_board(memoryview(self.board).cast("I"))
        if self._sidecar is None:
            with suppress(VyrectlError):
                self._sidecar = Sidecar.open(self._ring)
        return None if self._sidecar is None else Seats.in_sidecar(self._sidecar)

    def _is_running(self, slot: int) -> bool:
        """Whether a slot is Running now."""
        if self.where == IN_MEMORY and self._is_seen:
            word = self._read(slot * SLOT_BYTES, WORD_BYTES)
        else:
            try:
                with self._ring.open("rb", buffering=0) as file:
                    word = os.pread(file.fileno(), WORD_BYTES, slot * SLOT_BYTES)
            except OSError:
                return True
        return int.from_bytes(word, "little") == TaskState.RUNNING

    def left_running(self) -> int:
        """Slots that were Running before the launch."""
        return len(self.already_running)

    def whole(self) -> bytes | None:
        """The slots as they are now, where this process sees the memory that they are in."""
        if self.where != IN_MEMORY or not self._is_seen:
            return None
        size_bytes = self._slots * SLOT_BYTES
        data = self._read(0, size_bytes)
        while len(data) < size_bytes and (more := self._read(len(data), size_bytes - len(data))):
            data += more
        return data if len(data) == size_bytes else None

    def running(self) -> list[Running] | None:
        """Tasks that are Running now and were not before; None when nobody else sees them."""
        if self.where != IN_FILE:
            data = self.whole()
            return None if data is None else self._running_in(memoryview(data))
        try:
            return self._running_in(memoryview(self._ring.read_bytes()))
        except OSError:
            return None

    def _running_in(self, data: memoryview) -> list[Running]:
        import numpy as np

        from vyrectl.abi.dtype import SLOT_DTYPE

        slots = np.frombuffer(data, SLOT_DTYPE, count=len(data) // SLOT_BYTES)
        numbers = np.flatnonzero(slots["state"] == int(TaskState.RUNNING)).tolist()
        ours = [slot for slot in numbers if slot not in self.already_running]
        begun = self._in_hand().intersection(ours) or set(ours)
        return [
            Running(slot, int(slots["task_id"][slot]), int(slots["op_handle"][slot]), slot in begun)
            for slot in ours
        ]

    def _in_hand(self) -> set[int]:
        """Slots whose turn a worker has begun and not ended, as the seats say; empty where nobody is watched."""
        from vyrectl.sidecar.workers import noted

        place = self._seats()
        return set() if place is None else {one.slot for one in noted(place) if one.slot is not None}
