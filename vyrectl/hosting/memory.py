"""Where the slots are while a file is launched, as its parent sees them: for a look now, and for the tasks of a death.

Standard library only until somebody has died.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.abi.watch import BOARD_BYTES
from vyrectl.hosting.deaths import Running

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from vyrectl.hosting.glance import Glance

IN_FILE, IN_MEMORY, ON_DEVICE = "file", "memory", "device"
"""Where the slots are while they run."""


class Memory:
    """Where the slots are while they run: in the file, in memory shared with the parent, or on the device."""

    def __init__(self, ring: Path, size: int) -> None:
        self._ring = ring
        self.shared = mmap.mmap(-1, size) if size else None
        self.board = mmap.mmap(-1, BOARD_BYTES)
        self.where = ON_DEVICE
        self.is_ready = False  # the child has said where
        self.began = False  # the device is at work
        self.already_running: set[int] = set()
        self._slots = size // SLOT_BYTES
        self._places: Random | None = None

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

    def left_running(self) -> int:
        """Slots that were Running before the launch."""
        return len(self.already_running)

    def whole(self) -> bytes | None:
        """The slots as they are now, where they are in shared memory."""
        return bytes(self.shared) if self.where == IN_MEMORY and self.shared is not None else None

    def running(self) -> list[Running] | None:
        """Tasks that are Running now and were not before; None when the device keeps them to itself."""
        if self.where == ON_DEVICE:
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
