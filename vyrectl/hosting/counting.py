"""A large ring is counted by a process of its own while the device gets ready.

A driver that starts keeps the interpreter to itself, so that no thread could count meanwhile. The invariant: whatever
becomes of that process, the ring is counted once, and what is told of it is what `census` tells.
"""

from __future__ import annotations

import os
import pickle
import warnings
from typing import TYPE_CHECKING

from vyrectl.files.children import end_of_child
from vyrectl.telemetry.census import Census, census

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

LEAST_SLOTS = 4 << 20
"""A smaller ring is counted sooner than a process is made."""


class Counting:
    """A ring that is being counted.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,); it does not change meanwhile.
    """

    def __init__(self, slots: SlotArray) -> None:
        self._slots = slots
        self._line: int | None = None
        if len(slots) >= LEAST_SLOTS:
            self._fork()

    @property
    def is_elsewhere(self) -> bool:
        """Whether somebody else counts, so that there is time for something else."""
        return self._line is not None

    def result(self) -> Census:
        """What was counted; here, where nobody else did."""
        told = self._told()
        return census(self._slots) if told is None else told

    def _fork(self) -> None:
        line, out = os.pipe()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # whatever threads there are hold nothing
                child = os.fork()
        except OSError:
            os.close(line)
            os.close(out)
            return
        if child == 0:
            _count(self._slots, out)
        os.close(out)
        self._line, self._child = line, child

    def _told(self) -> Census | None:
        if self._line is None:
            return None
        with os.fdopen(self._line, "rb") as stream:
            said = stream.read()
        self._line = None
        ended_well = end_of_child(self._child) == 0
        return pickle.loads(said) if ended_well and said.endswith(pickle.STOP) else None


def _count(slots: SlotArray, out: int) -> None:
    """The other process's life."""
    try:
        with os.fdopen(out, "wb") as stream:
            stream.write(pickle.dumps(census(slots)))
    except BaseException:  # whoever waits counts by itself, and meets the reason
        os._exit(1)
    os._exit(0)
