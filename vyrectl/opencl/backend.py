"""The OpenCL backend: a job's rounds on one device.

The ring is copied to the device, worked off there, and copied back. A round is two index kernels with a
prefix sum on the host between them, then `vyre_run` over slices of the claim order; nothing in a round waits
for anything else in it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES, U32_MAX
from vyrectl.abi.opcodes import METRIC_OPCODES
from vyrectl.engine.backend import OUTCOMES, WITNESS_DTYPE, Interrupt, Job, RoundIndex, Tally
from vyrectl.engine.ops import OpSource
from vyrectl.engine.schedule import CLASSES, ClaimOrder
from vyrectl.errors import DeviceError, KernelDiedError
from vyrectl.opencl.devices import Device, find_device, pyopencl
from vyrectl.opencl.program import Program, build_program
from vyrectl.opencl.selftest import check_primitives
from vyrectl.task.arrays import SlotArray

COUNT_ROWS = CLASSES + 2
"""Rows of the index counts: five classes, resumed, shut out."""

_TALLY_PRIORITIES = 2
_TALLY_OPS = (
    _TALLY_PRIORITIES
    + control_abi.PRIORITY_FAIRNESS.words
    + control_abi.TENANT_FAIRNESS.words
    + METRIC_OPCODES
)
_LEAST_BUFFER_BYTES = 64
MOST_WORK_ITEMS = 1 << 24
"""Most work-items of one run kernel."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a job is spread over the device.

    Attributes:
        workers: Work-groups of the run kernel.
        work_group_size: Work-items of each.
        ticket: Positions a work-item takes at once.
        chunk_slots: Slots that one work-item indexes.
    """

    workers: int
    work_group_size: int
    ticket: int
    chunk_slots: int

    def spread(self, begin: int, limit: int) -> tuple[int, int]:
        """Work-items and ticket for positions [begin, limit), with no more groups than there are tickets.

        Every work-item takes one ticket that lies past `limit`; both numbers stay small enough for the shared
        u32 counter not to wrap then.
        """
        tickets = -(-(limit - begin) // self.ticket)
        groups = max(1, min(self.workers, tickets, MOST_WORK_ITEMS // self.work_group_size))
        work_items = groups * self.work_group_size
        return work_items, min(self.ticket, (U32_MAX - limit) // work_items)


def choose_geometry(device: Device, job: Job) -> Geometry:
    """The device's own shape, where the job does not say otherwise.

    Raises:
        DeviceError: The work-group size asked for is more than the device allows.
    """
    size = job.work_group_size or (1 if device.is_cpu else min(256, device.max_work_group_size))
    if size > device.max_work_group_size:
        raise DeviceError(
            f"a work-group of {size} is more than the device's {device.max_work_group_size}",
            where=device.name,
            fix=f"Use --work-group-size up to {device.max_work_group_size}",
        )
    ticket = job.ticket or (64 if device.is_cpu else 4)
    most = device.compute_units * (2 if device.is_cpu else 8)
    needed = -(-len(job.slots) // (size * ticket))
    return Geometry(job.workers or max(1, min(most, needed)), size, ticket, 2048 if device.is_cpu else 64)


class OpenCLBackend:
    """Runs rings on one OpenCL device.

    Args:
        device: The device, or a selector for `find_device`.
    """

    def __init__(self, device: Device | str | None = None) -> None:
        self.device = device if isinstance(device, Device) else find_device(device)
        self.name = self.device.name
        self._programs: dict[tuple[tuple[OpSource, ...], bool], Program] = {}

    def program(self, ops: tuple[OpSource, ...] = (), *, verify: bool = False) -> Program:
        """The program for these operations, built once.

        Raises:
            DeviceError: It does not build.
        """
        key = (ops, verify)
        if key not in self._programs:
            self._programs[key] = build_program(self.device, ops, verify=verify)
        return self._programs[key]

    def shares_memory(self, ops: tuple[OpSource, ...]) -> bool:
        """True on a CPU device that passed the coherence probe."""
        return self.program(ops).coherent

    def open(self, job: Job) -> OpenCLSession:
        """Build the program and move the ring to the device.

        Raises:
            DeviceError: It does not build, or does not fit into the device's memory.
        """
        geometry = choose_geometry(self.device, job)
        self._check_size(job)
        session = OpenCLSession(job, self.program(job.ops, verify=job.verify), geometry)
        if job.verify:
            check_primitives(session.program, geometry.workers)
        return session

    def _check_size(self, job: Job) -> None:
        arena_bytes = job.buffers.layout()[1]
        for what, size in (("the ring takes", len(job.slots) * SLOT_BYTES), ("the buffers take", arena_bytes)):
            if size > self.device.max_allocation_bytes:
                raise DeviceError(
                    f"{what} {size} bytes and the device gives at most "
                    f"{self.device.max_allocation_bytes} in one piece",
                    where=self.device.name,
                    fix="Choose another device, or split the ring",
                )


class OpenCLSession:
    """One job on one device; see `vyrectl.engine.backend.Session`."""

    def __init__(self, job: Job, program: Program, geometry: Geometry) -> None:
        self.device_seconds = 0.0
        self.program = program
        self.geometry = geometry
        self._job = job
        self._cl = pyopencl()
        self._queue = program.queue
        self._count = len(job.slots)
        self._chunks = max(1, -(-self._count // geometry.chunk_slots))
        self._tally = Tally()
        self._buffers: list[Any] = []
        self._host_control: NDArray[np.uint32] | None = None
        self._urgent: Any = None
        self._tally_words = _TALLY_OPS + (len(program.ops) + 1) * len(OUTCOMES)
        try:
            self._allocate()
        except self._cl.Error as error:
            raise self._died(error, "take the ring") from error

    def index(self) -> RoundIndex:
        """Two kernels and a prefix sum; see `kernels/engine/index.cl`."""
        counts = np.empty((COUNT_ROWS, self._chunks), np.uint32)
        self._launch_index(self._index_count, self._counts)
        self._read(counts, self._counts)
        starts = np.zeros(CLASSES * self._chunks, np.uint32)
        np.cumsum(counts[:CLASSES].reshape(-1)[:-1], out=starts[1:], dtype=np.uint32)
        self._write(self._starts, starts)
        self._launch_index(self._index_scatter, self._starts, self._claimable)
        totals = counts.sum(axis=1, dtype=np.int64).tolist()
        resumed, shut_out = totals[CLASSES:]
        return RoundIndex(tuple(totals[:CLASSES]), resumed, shut_out)

    def run(self, order: ClaimOrder, begin: int, limit: int, interrupt: Interrupt) -> int:
        """Work off positions [begin, limit); one kernel."""
        geometry = self.geometry
        self._write(self._progress, np.array([begin], np.uint32))
        self._write(self._tally_buffer, np.zeros(self._tally_words, np.uint32))
        work_items, ticket = geometry.spread(begin, limit)
        self._launch(
            self._run_kernel,
            work_items,
            geometry.work_group_size,
            self._ring,
            self._claimable,
            np.uint32(order.high_count),
            np.uint32(order.low_count),
            np.uint32(order.first_run),
            np.uint32(limit),
            np.uint32(ticket),
            self._progress,
            self._tally_buffer,
            self._arena,
            self._table,
            np.uint32(len(self._job.buffers.rows)),
            np.uint32(self._job.buffers.argument_handle),
            self._control,
            np.uint32(len(self._job.control)),
            self._witness,
            self._cl.LocalMemory(self._tally_words * 4),
            interrupt=interrupt,
        )
        return begin + self._add_tally()

    def tally(self) -> Tally:
        """Counts over all runs so far."""
        return self._tally

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        words = np.empty(len(self._job.control), np.uint32)
        self._read(words, self._control)
        return words

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._write(self._control, np.array([value], np.uint32), word * 4)

    def slots(self) -> SlotArray:
        """The ring: a copy, or in place the job's own memory."""
        if self._in_place:
            return self._job.slots
        slots = np.empty(self._count, SLOT_DTYPE)
        if self._count:
            self._read(slots.view(np.uint8), self._ring)
        return slots

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        table, _ = self._job.buffers.layout()
        for row, buffer in enumerate(self._job.buffers.rows):
            if buffer is not None and buffer.writable and buffer.array.nbytes:
                self._read(buffer.array.reshape(-1).view(np.uint8), self._arena, int(table[row]["offset"]))

    def facts(self) -> dict[str, int]:
        """Geometry and rung."""
        geometry = self.geometry
        return {
            "workers": geometry.workers,
            "work_group_size": geometry.work_group_size,
            "ticket": geometry.ticket,
            "rung": self.program.rung.number,
        }

    def witness(self) -> NDArray[np.void]:
        """What a verifying program noted, shape (slots,)."""
        words = np.zeros(self._count, WITNESS_DTYPE)
        self._read(words.view(np.uint8), self._witness)
        return words

    def close(self) -> None:
        """Release every buffer once the queue is empty."""
        if self._buffers:
            self._queue.finish()
        for buffer in self._buffers:
            buffer.release()
        self._buffers = []

    def _allocate(self) -> None:
        job = self._job
        table, arena_bytes = job.buffers.layout()
        shares = self.program.coherent
        self._in_place = job.in_place and shares and self._count > 0
        self._ring = self._shared(job.slots) if self._in_place else self._buffer(self._count * SLOT_BYTES)
        self._claimable = self._buffer(self._count * 4)
        self._counts = self._buffer(COUNT_ROWS * self._chunks * 4)
        self._starts = self._buffer(CLASSES * self._chunks * 4)
        self._progress = self._buffer(4)
        self._tally_buffer = self._buffer(self._tally_words * 4)
        self._arena = self._buffer(arena_bytes)
        self._table = self._buffer(table.nbytes)
        self._host_control = job.control.copy() if shares else None
        self._control = self._buffer(job.control.nbytes) if not shares else self._shared(self._host_control)
        self._witness = self._buffer(self._count * WITNESS_DTYPE.itemsize if job.verify else 0)
        self._selected = self._buffer(0 if job.selected is None else self._count)
        if job.verify:
            self._write(self._witness, np.zeros(self._count * WITNESS_DTYPE.itemsize, np.uint8))
        if self._count and not self._in_place:
            self._write(self._ring, np.ascontiguousarray(job.slots).view(np.uint8))
        if table.nbytes:
            self._write(self._table, table.view(np.uint8))
        self._write(self._control, job.control)
        if job.selected is not None and self._count:
            self._write(self._selected, job.selected.astype(np.uint8))
        for row, buffer in enumerate(job.buffers.rows):
            if buffer is not None and buffer.array.nbytes:
                self._write(self._arena, buffer.array.reshape(-1).view(np.uint8), int(table[row]["offset"]))
        self._index_count = self.program.kernel("vyre_index_count")
        self._index_scatter = self.program.kernel("vyre_index_scatter")
        self._run_kernel = self.program.kernel("vyre_run")

    def _buffer(self, size_bytes: int) -> Any:
        flags = self._cl.mem_flags.READ_WRITE
        buffer = self._cl.Buffer(self.program.context, flags, max(size_bytes, _LEAST_BUFFER_BYTES))
        self._buffers.append(buffer)
        return buffer

    def _shared(self, memory: Any) -> Any:
        flags = self._cl.mem_flags
        buffer = self._cl.Buffer(self.program.context, flags.READ_WRITE | flags.USE_HOST_PTR, hostbuf=memory)
        self._buffers.append(buffer)
        return buffer

    def _launch_index(self, kernel: Any, *results: Any) -> None:
        job = self._job
        local = 1 if self.program.device.is_cpu else 64
        self._launch(
            kernel,
            -(-self._chunks // local) * local,
            local,
            self._ring,
            np.uint32(self._count),
            np.uint32(self.geometry.chunk_slots),
            self._control,
            np.uint32(job.gate),
            self._selected,
            np.uint32(job.selected is not None),
            np.uint32(job.age_threshold),
            *results,
        )

    def _launch(
        self, kernel: Any, work_items: int, local: int, *arguments: Any, interrupt: Interrupt = lambda: None
    ) -> None:
        try:
            event = kernel(self._queue, (work_items,), (local,), *arguments)
            self._queue.flush()
            self._wait(event, interrupt)
            self.device_seconds += (event.profile.end - event.profile.start) * 1e-9
        except self._cl.Error as error:
            raise self._died(error, f"run {kernel.function_name}") from error

    def _wait(self, event: Any, interrupt: Interrupt) -> None:
        """Poll, so that signals and the wish to stop are noticed while the device works."""
        complete = self._cl.command_execution_status.COMPLETE
        pause = 20e-6
        asked = False
        while (status := event.command_execution_status) != complete:
            if status < 0:
                raise KernelDiedError(
                    f"the kernel ended with OpenCL status {status}",
                    where=self.program.device.name,
                    fix="Run `vyrectl doctor`, or try another device",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 2e-3)
            if not asked and interrupt():
                asked = True
                self._shut_down(1)
        if asked:
            self._shut_down(0)

    def _shut_down(self, value: int) -> None:
        """Set SHUTDOWN beside a running kernel: in its memory, or through a second queue."""
        word = np.array([value], np.uint32)
        if self._host_control is not None:
            self._host_control[control_abi.SHUTDOWN.first] = value
            return
        if self._urgent is None:
            self._urgent = self._cl.CommandQueue(self.program.context)
        self._cl.enqueue_copy(self._urgent, self._control, word)
        self._urgent.finish()

    def _add_tally(self) -> int:
        """Add what the last run counted; the number of positions that it worked off."""
        words = np.empty(self._tally_words, np.uint32)
        self._read(words, self._tally_buffer)
        self._tally.claims += int(words[0])
        self._tally.lost += int(words[1])
        for priority in range(CLASSES):
            self._tally.by_priority[priority] += int(words[_TALLY_PRIORITIES + priority])
        ends = words[_TALLY_OPS:].reshape(-1, len(OUTCOMES))
        for row in np.flatnonzero(ends.any(axis=1)).tolist():
            op = self.program.ops[row].id if row < len(self.program.ops) else None
            counts = self._tally.by_op.setdefault(op, Counter())
            counts.update({name: int(n) for name, n in zip(OUTCOMES, ends[row], strict=True) if n})
        return int(words[0]) + int(words[1])

    def _read(self, array: NDArray[Any], buffer: Any, offset: int = 0) -> None:
        try:
            self._cl.enqueue_copy(self._queue, array, buffer, src_offset=offset)
        except self._cl.Error as error:
            raise self._died(error, "be read") from error

    def _write(self, buffer: Any, array: NDArray[Any], offset: int = 0) -> None:
        try:
            self._cl.enqueue_copy(self._queue, buffer, array, dst_offset=offset)
        except self._cl.Error as error:
            raise self._died(error, "be written") from error

    def _died(self, error: Exception, doing: str) -> DeviceError:
        return KernelDiedError(
            f"the device cannot {doing} ({error})",
            where=self.program.device.name,
            fix="Try another device with --device; the ring on disk is unchanged",
        )
