"""One job on one device, round by round.

A round is an index kernel, a scan of its counts, then `vyre_run` slice by slice. What the kernels work on stands in a
module each: the job's own memory (`job_memory`), the order of a round (`ordering`), what workers share (`workspace`),
who is let in (`admission`), and, where a program has them, families, live words, seats and a trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.engine.backend import BringSlots, DeviceSession, Interrupt, Job, RoundIndex, Tally
from vyrectl.errors import DeviceError
from vyrectl.opencl.admission import Admission
from vyrectl.opencl.families import Families
from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.host_side import HostSide, host_side
from vyrectl.opencl.job_memory import JobMemory
from vyrectl.opencl.kept import OpenDevice
from vyrectl.opencl.meeting import Meeting
from vyrectl.opencl.ordering import Ordering
from vyrectl.opencl.program import Program
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.reduce import Reducer, counts_itself
from vyrectl.opencl.run_kernel import RunKernel
from vyrectl.opencl.watching import WorkerSeats
from vyrectl.opencl.workbench import Workbench
from vyrectl.opencl.workspace import Workspace
from vyrectl.task.arrays import SlotArray

if TYPE_CHECKING:
    import numpy as np

    from vyrectl.engine.trace import Trace
    from vyrectl.opencl.clock import Clock
    from vyrectl.opencl.mirror import Mirror
    from vyrectl.opencl.side import SideQueue
    from vyrectl.opencl.tracing import TraceBuffer
    from vyrectl.telemetry.snapshot import StateTally

ASKED_TO_LEAVE = 2
"""SHUTDOWN while the host waits for the end of a kernel; an operation that wants the launch to end writes 1."""


class OpenCLSession(DeviceSession):
    """One job on one device.

    Raises:
        DeviceError: The device cannot take it.
    """

    def __init__(self, job: Job, program: Program, geometry: Geometry, clock: Clock | None = None) -> None:
        self.program = program
        self.geometry = geometry
        self._job = job
        host = host_side(job, program, geometry)
        self._device = device = DeviceQueue(program)
        try:
            self._admission = Admission(device, job, host.slots)
            before = device.allocated_bytes
            self._ordering = Ordering(device, program.device, geometry, len(job.slots))
            self._workspace = Workspace(device, program, geometry, job, self._admission.quotas)
            self._mirror = self._mirror_of(len(job.slots))
            device.bytes_beside_ring = device.allocated_bytes - before
            self._memory = JobMemory(device, job, host, coherent=program.coherent)
            self._meeting = None if host.live is None else Meeting(device, program, job, host, host.live)
            self._families = self._families_of(host)
            self._trace = self._trace_of(clock)
            self._seats = self._seats_of(host)
            self._kernel = RunKernel(device, geometry, self._arguments(), self._changing_arguments)
        except device.cl.Error as error:
            device.close()
            raise device.died(error, "take the ring") from error
        self._tally = Tally(quota_left=self._admission.quotas.left)
        if host.links is not None:
            self._tally.joined = host.links.freed

    @property
    def rounds_at_once(self) -> bool:
        """A round is enqueued whole."""
        return True

    @property
    def bytes_beside_ring(self) -> int:
        """Device memory that the engine takes beside the ring, the buffers and the control buffer."""
        return self._device.bytes_beside_ring

    def _mirror_of(self, count: int) -> Mirror | None:
        if not self.geometry.mirror:
            return None
        from vyrectl.opencl.mirror import Mirror

        return Mirror(self._device, self.program.device.max_work_group_size, count)

    def _families_of(self, host: HostSide) -> Families | None:
        if host.links is None:
            return None
        return Families(self._device, host.links, self._ordering, self._memory.ring)

    def _trace_of(self, clock: Clock | None) -> TraceBuffer | None:
        if clock is None:
            return None
        from vyrectl.opencl.tracing import TraceBuffer

        return TraceBuffer(self._device, clock, self._job.trace)

    def _seats_of(self, host: HostSide) -> WorkerSeats | None:
        """The seats, unless they lie among the live words."""
        if not self._job.watch or host.is_met:
            return None
        return WorkerSeats(
            self._device, self.geometry, self._job.shared.board, coherent=self.program.coherent
        )

    def _arguments(self) -> dict[str, object]:
        """What `vyre_run` takes that stays the same from run to run."""
        optional: dict[str, object] = {}
        if self._mirror is not None:
            optional |= self._mirror.arguments()
        if self._families is not None:
            optional |= self._families.arguments()
        if self._trace is not None:
            optional |= self._trace.arguments()
        if self._seats is not None:
            optional |= self._seats.arguments()
        elif self._job.watch:
            assert self._meeting is not None
            optional |= self._meeting.watch_arguments(self.geometry)
        if self._meeting is not None:
            optional |= self._admission.arguments()
        return {
            "age_threshold": self._job.age_threshold,
            **self._memory.arguments(),
            **self._ordering.arguments(),
            **self._workspace.arguments(),
            **optional,
        }

    def _changing_arguments(self) -> dict[str, object]:
        """What it takes that does not."""
        return {} if self._meeting is None else self._meeting.arguments()

    @property
    def device_seconds(self) -> float:
        """What the kernels have taken so far, by the device's own events."""
        return self._device.device_seconds

    @property
    def compile_seconds(self) -> float:
        """What the first dispatch of each kernel waited before it began; see `DeviceQueue`."""
        return self._device.compile_seconds

    def index(self) -> RoundIndex:
        """The kernels of `kernels/engine/index.cl`: the round's order, and its empty lines."""
        self._enqueue_index()
        self._device.wait()
        if self._families is not None:
            self._families.line_up_free()
        return self._ordering.found()

    def round(self, most: int, interrupt: Interrupt) -> tuple[RoundIndex, bool]:
        """`index`, then `run` without a strict bound, enqueued together and waited for once."""
        if self._families is not None:
            return self.index(), self.run(most, interrupt)
        began = self.device_seconds
        self._enqueue_index()
        self._enqueue_run(most, strict=False)
        self._settle()
        asked = self._wait(interrupt)
        found = self._ordering.found()
        return found, self._ended(asked, began)

    def _enqueue_index(self) -> None:
        self._admission.renew()
        self._ordering.enqueue(self._index_inputs())

    def _index_inputs(self) -> dict[str, object]:
        """What `vyre_index` takes beside the buffers of the order."""
        return {
            "ring": self._memory.ring,
            "control": self._memory.control,
            "age_threshold": self._job.age_threshold,
            **self._admission.arguments(),
            **self._workspace.cleared(),
            **({} if self._mirror is None else self._mirror.arguments()),
        }

    def warm_up(self) -> None:
        """Have each kernel compiled as it will be run, which some drivers do at its first run; looks at no slot."""
        if self._kernel.is_warm:
            return
        shutdown = control_abi.SHUTDOWN.first
        before = self.control()[shutdown]
        try:
            self._ordering.warm_up(self._index_inputs())
            self._device.wait()
            if self._families is not None:
                self._families.warm_up()
            self.write_control(shutdown, ASKED_TO_LEAVE)
            self._enqueue_run(1, strict=True)
            if self._mirror is not None:
                self._mirror.warm_up(self._memory.ring)
            self._device.wait()
            self._workspace.clear_tally()
        finally:
            self.write_control(shutdown, int(before))
        self._device.forget_times()

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """One kernel over this round's order; see the driver's file in `kernels/engine`."""
        began = self.device_seconds
        self._enqueue_run(most, strict=strict)
        self._settle()
        return self._ended(self._wait(interrupt), began)

    def _enqueue_run(self, most: int, *, strict: bool) -> None:
        if strict:
            self._workspace.limit_claims(most)
        self._kernel.enqueue(most, strict=strict)

    def _settle(self) -> None:
        if self._mirror is not None:
            self._mirror.settle(self._memory.ring)

    def _wait(self, interrupt: Interrupt) -> bool:
        """Wait for the kernels; whether they were asked to leave."""
        if self._seats is not None:
            interrupt = self._seats.watching(interrupt)
        return self._device.wait(interrupt, self._ask_to_leave)

    def _ask_to_leave(self) -> None:
        self._memory.shut_down(ASKED_TO_LEAVE)

    def _ended(self, asked: bool, began: float) -> bool:
        """Take over what a run counted; whether its round has more to claim."""
        if asked and self.control()[control_abi.SHUTDOWN.first] == ASKED_TO_LEAVE:
            self._memory.shut_down(0)
        self._workspace.add_to(self._tally)
        if self._families is not None:
            self._families.count(self._tally)
        if self._workspace.take_quotas() and self._job.shared.live is not None:
            self._job.shared.live.tell_quotas(self._admission.quotas.left)
        more, is_tired = self._workspace.waits(self._ordering)
        if is_tired and self._meeting is not None:
            self._meeting.measure_idling(self.device_seconds - began)
        return more

    def tally(self) -> Tally:
        """Counts over all runs so far."""
        return self._tally

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        return self._memory.read_control()

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._memory.write_control(word, value)

    def memory(self) -> tuple[SlotArray, NDArray[np.uint32]] | None:
        """The ring and the control buffer themselves where host and device share them; None where they do not."""
        return self._memory.shared()

    @property
    def polls(self) -> bool:
        """Whether workers take slots that others offer, and heed the wish that they leave: seen on this driver."""
        return self._meeting is not None and self.geometry.driver != "exact" and self._meeting.is_reached

    @property
    def spawns(self) -> bool:
        """Whether tasks may put children into Empty slots."""
        return self._families is not None

    def side(self) -> SideQueue | None:
        """A second queue that reaches the buffers of a job that follows; None where `memory` does."""
        from vyrectl.opencl.side import SideQueue

        meeting, memory, program = self._meeting, self._memory, self.program
        if meeting is None or not self._job.shared.follow or self.memory() is not None:
            return None
        return SideQueue(
            program.context,
            memory.ring,
            memory.control,
            meeting.buffer,
            meeting.capacity,
            program.device.name,
        )

    def count_states(self) -> StateTally | None:
        """What a snapshot counts of the ring; see `DeviceSession.count_states`."""
        program, count = self.program, len(self._job.slots)
        if not counts_itself(program.device, count):
            return None
        bench = Workbench(program.device, OpenDevice(program.context, program.queue))
        return Reducer(bench).tally_buffer(self._memory.ring, count)

    def slots(self) -> SlotArray:
        """The ring: a copy, or the memory that it was worked on in."""
        return self._memory.slots()

    @property
    def bring_slots(self) -> BringSlots:
        """Puts the ring into an array of the host's."""
        return self._memory.bring_slots

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        return self._memory.debug_log()

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        self._memory.finish()

    @property
    def bring_outputs(self) -> Callable[[], None] | None:
        """Copies the writable buffers into the job's arrays beside a running kernel; None where there are none.

        For any thread, and without effect once the session is closed: `finish` has brought everything by then.
        """
        return self._memory.bring_outputs

    def facts(self) -> dict[str, int]:
        """Geometry and rung."""
        geometry = self.geometry
        return {
            "workers": geometry.workers,
            "work_group_size": geometry.work_group_size,
            "ticket": geometry.ticket,
            "rung": self.program.rung.number,
        }

    def trace(self) -> Trace:
        """The turns that a job with `trace` noted.

        Raises:
            DeviceError: The program was built without.
        """
        if self._trace is None:
            raise DeviceError("nothing was traced", where=self.program.device.name)
        return self._trace.read()

    def witness(self) -> NDArray[np.void]:
        """What a verifying program noted, shape (slots,)."""
        return self._memory.witness()

    def close(self) -> None:
        """Release every buffer once the queue is empty."""
        self._memory.close()
