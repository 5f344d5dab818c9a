"""Where the slots are while a file is launched, as its parent sees them: for a look now, and for the tasks of a death.

Standard library only until somebody has died.
"""

from __future__ import annotations

import mmap
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.hosting.deaths import Running
from vyrectl.sidecar.board import make_board

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from vyrectl.hosting.glance import Glance
    from vyrectl.sidecar.sidecar import Sidecar
    from vyrectl.sidecar.workers import RecordPlace, Worker, WorkerWatch

WORKERS_SECONDS = 0.1
"""Between two looks at the workers; more where a look takes long."""

MOST_SHARE = 0.01
"""Of the time, what looks at the workers may take."""

IN_FILE, IN_MEMORY, ON_DEVICE = "file", "memory", "device"
"""Where the slots are while they run."""


class Memory:
    """Where the slots are while they run: in the file, in memory shared with the parent, or on the device."""

    def __init__(self, ring: Path, size_bytes: int) -> None:
        self._ring = ring
        self.shared = mmap.mmap(-1, size_bytes) if size_bytes else None
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
        """The child works in a file that has another name so far; nothing is seen of one that cannot be mapped."""
        self.shared = None
        with suppress(OSError), open(name, "rb") as file:
            self.shared = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def glance(self) -> Glance | None:
        """A look at the slots; None when the device keeps them to itself."""
        if self.where == ON_DEVICE or self.shared is None:
            return None
        from random import Random

        from vyrectl.hosting.glance import glance

        places = self._places = self._places or Random(self._slots)
        if self.where == IN_MEMORY:
            shared = self.shared
            return glance(lambda offset, size: shared[offset : offset + size], self._slots, places)
        with suppress(OSError), self._ring.open("rb", buffering=0) as file:
            return glance(lambda offset, size: os.pread(file.fileno(), size, offset), self._slots, places)
        return None

    def workers(self) -> Sequence[Worker]:
        """What each worker has in hand, as of a moment ago; nothing where nobody is watched.

        Where other processes may look too, they find what this one has noted.
        """
        from vyrectl.sidecar.workers import WorkerWatch

        now = time.monotonic()
        if now < self._workers_due or not self.began or (place := self._records()) is None:
            return self._workers
        if self._watch is None:
            known = None if self.where == ON_DEVICE else self._is_running
            self._watch = WorkerWatch(known, writes=True)
        self._workers = self._watch.look(place)
        self._workers_due = now + max(WORKERS_SECONDS, (time.monotonic() - now) / MOST_SHARE)
        return self._workers

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """See `vyrectl.hosting.stall.Insight`."""
        place = self._records()
        if place is not None:
            place.note_hung(workers)

    def _records(self) -> RecordPlace | None:
        """Where the workers' records are; None as long as there are none."""
        from vyrectl.errors import VyrectlError
        from vyrectl.sidecar.sidecar import Sidecar
        from vyrectl.sidecar.workers import RecordPlace

        if self.where != IN_FILE:
            return RecordPlace.on_board(memoryview(self.board).cast("I"))
        if self._sidecar is None:
            with suppress(VyrectlError):
                self._sidecar = Sidecar.open(self._ring)
        return None if self._sidecar is None else RecordPlace.in_sidecar(self._sidecar)

    def _is_running(self, slot: int) -> bool:
        """Whether a slot is Running now."""
        if self.where == IN_MEMORY and self.shared is not None:
            word = self.shared[slot * SLOT_BYTES : slot * SLOT_BYTES + 4]
        else:
            try:
                with self._ring.open("rb", buffering=0) as file:
                    word = os.pread(file.fileno(), 4, slot * SLOT_BYTES)
            except OSError:
                return True
        return int.from_bytes(word, "little") == TaskState.RUNNING

    def left_running(self) -> int:
        """Slots that were Running before the launch."""
        return len(self.already_running)

    def whole(self) -> bytes | None:
        """The slots as they are now, where they are in shared memory."""
        return bytes(self.shared) if self.where == IN_MEMORY and self.shared is not None else None

    def running(self) -> list[Running] | None:
        """Tasks that are Running now and were not before; None when nobody else sees them."""
        if self.where == ON_DEVICE or (self.where == IN_MEMORY and self.shared is None):
            return None
        if self.where == IN_MEMORY and self.shared is not None:
            return self._running_in(memoryview(self.shared))
        try:
            return self._running_in(memoryview(self._ring.read_bytes()))
        except OSError:
            return None

    def _running_in(self, data: memoryview) -> list[Running]:
        import numpy as np

        from vyrectl.abi.dtype import SLOT_DTYPE

        slots = np.frombuffer(data, SLOT_DTYPE, count=len(data) // SLOT_BYTES)
        numbers = np.flatnonzero(slots["state"] == int(TaskState.RUNNING)).tolist()
        return [
            Running(slot, int(slots["task_id"][slot]), int(slots["op_handle"][slot]))
            for slot in numbers
            if slot not in self.already_running
        ]
