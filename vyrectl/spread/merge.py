"""What shards gave back, put together as one device would have left it.

The invariant: counts and the words of the control buffer add up exactly, and an element that two shards wrote
differently is an error that names it, never a choice. Imports numpy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.limits import DEBUG_RECORD_WORDS
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Tally
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import OutputConflictError
from vyrectl.launching.rounds import Course
from vyrectl.spread.finished import Finished, Writes
from vyrectl.spread.work import differ

_NOBODY = -1


@dataclass(slots=True)
class _Output:
    array: NDArray[np.generic]
    writer: NDArray[np.int32]


class Merge:
    """Collects what comes back.

    Args:
        buffers: The launch's; those with an output get what was written.
        control: Control buffer at the start.
        debug_log: Debug log at the start, with room for what is kept.

    Attributes:
        tally: Claims and outcomes so far.
        course: How the rounds went so far; `ended` is the caller's.
        control: Control buffer so far.
        debug_log: Debug log so far.
        endings: How visits ended.
        facts: How the first visit was spread on its device.
        device_seconds: Time that devices were busy, summed.
        build_seconds: The longest time to get ready.
    """

    def __init__(
        self, buffers: BufferTable, control: NDArray[np.uint32], debug_log: NDArray[np.uint32]
    ) -> None:
        self.tally = Tally()
        self.course = Course()
        self.control = control.copy()
        self.debug_log = debug_log.copy()
        self.endings: dict[int, str] = {}
        self.facts: dict[str, int] = {}
        self.device_seconds = self.build_seconds = 0.0
        self._outputs = {
            handle: _Output(one.array, np.full(one.array.size, _NOBODY, np.int32))
            for handle, one in buffers.by_handle.items()
            if one.output is not None
        }

    def add(self, finished: Finished) -> list[list[object]]:
        """Add a visit; gives the new records of the debug log, as format id and arguments.

        Raises:
            OutputConflictError: It wrote an element that another shard wrote differently.
        """
        for handle, writes in finished.writes.items():
            if handle in self._outputs:
                self._write(handle, finished.shard, writes)
        driven = finished.driven
        self.tally = self.tally.and_then(driven.tally)
        self.course.rounds += driven.course.rounds
        self.course.resumed += driven.course.resumed
        if finished.shard not in self.endings:
            self.course.indexed += driven.course.indexed
        self.endings[finished.shard] = driven.course.ended
        self.facts = self.facts or dict(driven.facts)
        self._add_control(driven.control)
        self.device_seconds += driven.spent.device_seconds
        self.build_seconds = max(self.build_seconds, driven.spent.build_seconds)
        return self._append(driven.debug_log)

    def _add_control(self, added: NDArray[np.uint32]) -> None:
        shutdown = control_abi.SHUTDOWN.first
        was_down = self.control[shutdown]
        self.control += added
        if was_down:
            self.control[shutdown] = was_down

    def _append(self, log: NDArray[np.uint32]) -> list[list[object]]:
        """Records behind those that are there; a full log drops one and its cursor moves all the same."""
        held = min(int(log[0]), len(log) - 1) // DEBUG_RECORD_WORDS
        records = log[1 : 1 + held * DEBUG_RECORD_WORDS].reshape(-1, DEBUG_RECORD_WORDS)
        at = int(self.debug_log[0])
        room = max(0, (len(self.debug_log) - 1 - at) // DEBUG_RECORD_WORDS)
        kept = records[:room]
        self.debug_log[1 + at : 1 + at + kept.size] = kept.reshape(-1)
        self.debug_log[0] += log[0]
        return [[int(one[0]), [int(word) for word in one[1:]]] for one in kept]

    def _write(self, handle: int, shard: int, writes: Writes) -> None:
        output = self._outputs[handle]
        flat = output.array.reshape(-1)
        writer = output.writer[writes.at]
        of_others = np.flatnonzero((writer != _NOBODY) & (writer != shard))
        if len(of_others):
            there, new = flat[writes.at[of_others]], writes.values[of_others]
            differs = np.flatnonzero(differ(there, new))
            if len(differs):
                first = int(differs[0])
                index = int(writes.at[of_others[first]])
                shards = int(writer[of_others[first]]), shard
                raise OutputConflictError(handle, index, shards, (str(there[first]), str(new[first])))
        flat[writes.at] = writes.values
        output.writer[writes.at] = shard
