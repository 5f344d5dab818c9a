"""The buffer in which the workers of a session note their turns. Imports numpy."""

from __future__ import annotations

import numpy as np

from vyrectl.engine.trace import TRACE_DTYPE, TRACE_HEAD_BYTES, Trace, read_trace
from vyrectl.opencl.clock import Clock
from vyrectl.opencl.queue import DeviceQueue


class TraceBuffer:
    """Room for turns."""

    def __init__(self, device: DeviceQueue, clock: Clock, capacity: int) -> None:
        self._device, self._clock, self._capacity = device, clock, capacity
        self._bytes = TRACE_HEAD_BYTES + capacity * TRACE_DTYPE.itemsize
        self._buffer = device.buffer(self._bytes)
        device.write(self._buffer, np.zeros(TRACE_HEAD_BYTES, np.uint8))

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of it."""
        return {"trace_words": self._buffer, "trace_capacity": self._capacity}

    def read(self) -> Trace:
        """The turns that were noted."""
        data = np.empty(self._bytes, np.uint8)
        self._device.read(data, self._buffer)
        return read_trace(data, self._clock.name, self._clock.ticks_per_second)
