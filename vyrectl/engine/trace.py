"""What a traced job notes of every turn, and the buffer that bounds it. Imports numpy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.engine import TRACE_RECORD
from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable

if TYPE_CHECKING:
    from vyrectl.engine.reference_env import Task

TRACE_DTYPE = dtype_of(TRACE_RECORD)
"""One turn. `outcome` is a code of `vyrectl.abi.outcomes`."""

TRACE_HEAD_BYTES = TRACE_DTYPE.itemsize
"""Before the records; more may have been asked for than there is room for."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace(Comparable):
    """What was noted.

    Attributes:
        records: Turns in the order in which they were noted, of `TRACE_DTYPE`, shape (n,).
        dropped: Turns for which there was no room.
        clock: What the times are.
        ticks_per_second: How fast the clock goes; 0 where times only count.
    """

    records: NDArray[np.void]
    dropped: int
    clock: str
    ticks_per_second: float


def read_trace(data: NDArray[np.uint8], clock: str, ticks_per_second: float) -> Trace:
    """A trace out of the buffer that workers wrote.

    Args:
        data: Its bytes: a head, then room for whole records.
        clock: See `Trace`.
        ticks_per_second: How fast that clock runs; 0 for sequence numbers.
    """
    asked = int(data[:4].view("<u4")[0])
    records = data[TRACE_HEAD_BYTES:].view(TRACE_DTYPE)
    return Trace(records[:asked].copy(), max(0, asked - len(records)), clock, ticks_per_second)


class TurnRecorder:
    """Notes turns that are made in Python.

    Args:
        most: Turns to keep; none when 0, and then it costs next to nothing.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: list[tuple[int, ...]] = []
        self._dropped = 0

    def now(self) -> int:
        """Nanoseconds of the host's clock; 0 when nothing is noted."""
        return time.perf_counter_ns() if self._most else 0

    def note(self, times: tuple[int, int, int], task: Task, outcome: int) -> None:
        """Keep a turn that has just been published."""
        if len(self._rows) >= self._most:
            self._dropped += self._most > 0
            return
        words = (task.slot, task.task_id, task.op_handle, task.priority, outcome, 0, 0, task.requeue_count)
        self._rows.append((*times, self.now(), *words))

    def trace(self) -> Trace:
        """What was kept."""
        records = np.array(self._rows, TRACE_DTYPE)
        return Trace(records, self._dropped, "the host's clock, nanoseconds", 1e9)
