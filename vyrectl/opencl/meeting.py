"""How the workers of a session meet other processes: the live words, and how long a worker looks in vain.

Imports numpy. Invariant: `is_reached` is said only where it was seen on this driver.
"""

from __future__ import annotations

from vyrectl.engine.backend import Job, LiveMemory
from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.handoff import reaches
from vyrectl.opencl.host_side import HostSide
from vyrectl.opencl.program import Program
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.watching import seat_count, watch_arguments

IDLE_SECONDS = 0.25
"""About how long a worker that nobody asks to leave looks for work in vain."""

FIRST_IDLE_POLLS, MOST_IDLE_POLLS, IDLE_GROWTH = 1 << 18, 1 << 31, 8


class Meeting:
    """The live words of a session.

    Args:
        device: Queue in which the live words are written.
        program: What its workers run.
        job: Says whether others reach it while it runs.
        host: Where it lies in the host's memory.
        memory: The live words there.

    Attributes:
        buffer: Buffer of the live words.
        capacity: Places of their inbox.
        is_reached: Workers see what the host writes while they run; seen on this driver.
    """

    def __init__(
        self, device: DeviceQueue, program: Program, job: Job, host: HostSide, memory: LiveMemory
    ) -> None:
        self._job, self._memory = job, memory
        self._idle_polls = FIRST_IDLE_POLLS
        self.capacity = memory.capacity
        self.is_reached = job.shared.follow and _is_reached(program, host)
        # The memory itself where host and device share it, else a copy that a second queue reaches.
        self.buffer = device.shared(memory.words) if host.direct else device.filled(memory.words)

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of it."""
        return {
            "live_words": self.buffer,
            "live_capacity": self.capacity,
            "live_workers": self._memory.workers,
            "ring_slots": len(self._job.slots),
            "idle_polls": self._idle_polls,
        }

    def watch_arguments(self, geometry: Geometry) -> dict[str, object]:
        """What it takes of seats that lie among the live words."""
        return watch_arguments(self.buffer, self._memory.watch_first, seat_count(geometry))

    def measure_idling(self, seconds: float) -> None:
        """Set the bound of looks in vain by a kernel that a worker left because of it: they took at most so long."""
        wanted = self._idle_polls * IDLE_SECONDS / max(seconds, 1e-6)
        bounds = self._idle_polls // IDLE_GROWTH, self._idle_polls * IDLE_GROWTH
        self._idle_polls = min(
            max(int(wanted), bounds[0], FIRST_IDLE_POLLS >> 10), bounds[1], MOST_IDLE_POLLS
        )


def _is_reached(program: Program, host: HostSide) -> bool:
    shared = host.direct and program.coherent
    return reaches(program.device, program.context, program.queue, program.rung, shared=shared)
