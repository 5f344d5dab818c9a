"""The OpenCL backend: a job's rounds on one device.

A round is an index kernel, a scan of its counts, then `vyre_run` slice by slice; queue heads, spilled blocks and
tallies lie in buffers that no operation can name. The ring is copied to the device and back, or, where host and
device share memory, worked on where it is.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import live as live_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.engine.backend import OUTCOMES, WITNESS_DTYPE, Interrupt, Job, LiveMemory, RoundIndex, Tally
from vyrectl.engine.family import eligible_slots, settle
from vyrectl.engine.ops import OpSource
from vyrectl.engine.schedule import CLASSES, HIGH_CLASSES
from vyrectl.errors import DeviceError, KernelDiedError, UsageError
from vyrectl.opencl import family_table
from vyrectl.opencl.devices import Device, find_device, pyopencl
from vyrectl.opencl.geometry import (
    BLOCK_SLOTS,
    FAST_INDEX_BYTES,
    Geometry,
    choose_geometry,
    choose_variant,
    spill_blocks,
    wanted_ops,
)
from vyrectl.opencl.program import Host, Program, build_program, open_device
from vyrectl.opencl.quota_table import QuotaTable
from vyrectl.opencl.source import Variant
from vyrectl.task.arrays import SlotArray

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace
    from vyrectl.opencl.clock import Clock
    from vyrectl.opencl.shards import ShardedSession
    from vyrectl.opencl.side import SideQueue

COUNT_ROWS = CLASSES + 2
"""Rows of the index counts: five classes, resumed, shut out."""

FLOW_STRIDE = 32
FLOW_WORDS = 15 * FLOW_STRIDE
FLOW_HIGH, FLOW_LOW, FLOW_BUDGET, FLOW_HEADS, FLOW_TAILS = (k * FLOW_STRIDE for k in (0, 1, 2, 4, 9))
"""Words of the flow buffer; VYRE_FLOW_* in turn.h."""

LINE_WORDS = 3
"""Words of a class's line in exact.cl."""

MOST_SCAN_LANES = 1024

ASKED_TO_LEAVE = 2
"""SHUTDOWN while the host waits for the end of a kernel; an operation that wants the launch to end writes 1."""

_TALLY_LOST, _TALLY_PRIORITIES = 0, 1
_TALLY_OPS = _TALLY_PRIORITIES + CLASSES + 1 + control_abi.TENANT_FAIRNESS.words
_LEAST_BUFFER_BYTES = 64
_MOST_CLAIMS_EACH = (1 << 31) - 1


class OpenCLBackend:
    """Runs rings on one OpenCL device.

    Args:
        device: The device, or a selector for `find_device`.
    """

    def __init__(self, device: Device | str | None = None) -> None:
        self.device = device if isinstance(device, Device) else find_device(device)
        self.name = self.device.name
        self._host: Host | None = None
        self._programs: dict[tuple[tuple[OpSource, ...], Variant], Program] = {}

    def program(self, ops: tuple[OpSource, ...] = (), variant: Variant = Variant()) -> Program:
        """A program for these operations, built once.

        Raises:
            DeviceError: It does not build.
        """
        key = (ops, variant)
        if key not in self._programs:
            self._host = self._host or open_device(self.device)
            self._programs[key] = build_program(self.device, ops, variant, self._host)
        return self._programs[key]

    def open(self, job: Job) -> OpenCLSession | ShardedSession:
        """Build the program, ask for the memory to work in, move the ring.

        A ring that the device cannot take whole is worked on in shards.

        Raises:
            DeviceError: It does not build, or the buffers do not fit into the device's memory.
            UsageError: A ring in shards was to be traced or followed.
        """
        self._check_size(job)
        most = job.shard_slots or self._most_slots(job)
        if len(job.slots) <= most:
            return self._open_whole(job)
        for what, asked in (("traced", job.trace), ("followed", job.follow)):
            if asked:
                raise UsageError(
                    f"{len(job.slots)} slots are worked on in shards of {most}, and such a launch cannot be {what}",
                    fix="Choose a device with more memory, or leave that option out",
                )
        from vyrectl.opencl.shards import SHARD_STEP, ShardedSession

        shard_slots = max(SHARD_STEP, most - most % SHARD_STEP)
        return ShardedSession(job, shard_slots, self._open_whole, coherent=self.program(job.ops).coherent)

    def _most_slots(self, job: Job) -> int:
        """Slots that fit into one allocation and, with what the engine adds, into half of what buffers leave."""
        spare_bytes = max(0, self.device.memory_bytes - job.layout()[1]) // 2
        in_memory = spare_bytes // (SLOT_BYTES + FAST_INDEX_BYTES + WITNESS_DTYPE.itemsize * job.verify)
        return max(1, min(self.device.max_allocation_bytes // SLOT_BYTES, in_memory))

    def _open_whole(self, job: Job) -> OpenCLSession:
        ops, only = wanted_ops(job)
        geometry = choose_geometry(self.device, job, ops)
        variant = choose_variant(self.device, job, geometry, only)
        clock = self._clock() if job.trace else None
        program = self.program(job.ops, replace(variant, clock=None if clock is None else clock.rung))
        if job.verify:
            from vyrectl.opencl.selftest import check_primitives

            check_primitives(program, geometry.workers)
        return OpenCLSession(job, program, geometry, clock)

    def _clock(self) -> Clock:
        from vyrectl.opencl.clock import choose_clock

        self._host = self._host or open_device(self.device)
        return choose_clock(self.device, *self._host)

    def _check_size(self, job: Job) -> None:
        arena_bytes = job.layout()[1]
        if arena_bytes > self.device.max_allocation_bytes:
            raise DeviceError(
                f"the buffers take {arena_bytes} bytes and the device gives at most "
                f"{self.device.max_allocation_bytes} in one piece",
                where=self.device.name,
                fix="Choose another device, or smaller buffers",
            )


class OpenCLSession:
    """One job on one device; see `vyrectl.engine.backend.Session`."""

    def __init__(self, job: Job, program: Program, geometry: Geometry, clock: Clock | None = None) -> None:
        self.device_seconds = 0.0
        self._clock = clock
        self.program = program
        self.geometry = geometry
        self._job = job
        self._cl = pyopencl()
        self._queue = program.queue
        self._count = len(job.slots)
        self._chunks = max(1, -(-self._count // geometry.chunk_slots))
        self._block = BLOCK_SLOTS[geometry.driver]
        self._classes: tuple[int, ...] = (0,) * CLASSES
        self._tally = Tally()
        self._tally_words = _TALLY_OPS + (len(program.ops) + 1) * len(OUTCOMES)
        self._buffers: list[Any] = []
        self._urgent: Any = None
        self._memory, self._direct = job.slots, False
        if job.place is not None:
            self._memory, self._direct = job.place(program.coherent)
        self._direct = self._direct and program.coherent and self._count > 0
        self._quotas = QuotaTable(job.quotas, self._memory, job.selected)
        self._tally.quota_left = self._quotas.left
        self._selects = job.selected is not None or bool(job.quotas)
        self._families = self._settle_families() if program.variant.family else None
        self._host_control = job.control.copy() if program.coherent else None
        self._live = self._open_live()
        if self._direct and any(row is not None and row.output is not None for row in job.buffers.rows):
            from vyrectl.engine.arena import map_outputs

            map_outputs(job.buffers, job.slots, job.debug_log.nbytes)
        try:
            self._allocate()
        except self._cl.Error as error:
            self.close()
            raise self._died(error, "take the ring") from error

    def _open_live(self) -> LiveMemory | None:
        """The memory in which workers meet other processes; a private one, unused, where there are none."""
        if not self.program.variant.live:
            return None
        job = self._job
        workers = self.geometry.workers * self.geometry.work_group_size
        memory = job.live.open(workers, job.control) if self._direct and job.live is not None else None
        if memory is None:
            layout = live_abi.LiveLayout.of(self._count if job.follow else 0, 0, len(job.control))
            words = np.zeros(live_abi.HEADER_WORDS + layout.capacity, np.uint32)
            return LiveMemory(words, job.control.copy(), layout.capacity, 0)
        self._host_control = memory.control
        return memory

    @property
    def bytes_beside_ring(self) -> int:
        """Device memory that the engine takes beside the ring, the buffers and the control buffer."""
        return self._engine_bytes

    def index(self) -> RoundIndex:
        """The kernels of `kernels/engine/index.cl`: the round's order, and its empty lines."""
        geometry, job = self.geometry, self._job
        if job.live is not None:
            job.live.mark()
        if (selected := self._quotas.news()) is not None:
            self._write(self._selected, selected)
        local = 1 if geometry.index_lanes else geometry.index_group_size
        lines = (
            self._begins,
            self._places,
            self._totals,
            self._flow,
            self._directory,
            np.uint32(self._directory_bytes // 4),
        )
        self._launch(
            self._index_kernel,
            self._chunks * local,
            local,
            self._ring,
            np.uint32(self._count),
            np.uint32(geometry.chunk_slots),
            self._control,
            np.uint32(job.gate),
            self._selected,
            np.uint32(self._selects),
            np.uint32(job.age_threshold),
            self._counts,
            self._claimable,
            *lines,
        )
        if self._chunks > 1:
            self._scan(lines)
        if self._families is not None:
            self._line_up_free(local)
        totals = np.empty(COUNT_ROWS, np.uint32)
        self._read(totals, self._totals)
        *classes, resumed, shut_out = totals.tolist()
        self._classes = tuple(classes)
        return RoundIndex(self._classes, resumed, shut_out)

    def _line_up_free(self, local: int) -> None:
        """The free list of the round: the Empty slots of each chunk, then how many there are before each."""
        self._launch(
            self._free_kernel,
            self._chunks * local,
            local,
            self._ring,
            np.uint32(self._count),
            np.uint32(self.geometry.chunk_slots),
            self._counts,
            self._claimable,
            self._family,
        )
        counts = np.empty(self._chunks, np.uint32)
        self._read(counts, self._family, family_table.BEGINS * 4)
        self._write(self._family, family_table.begins(counts), family_table.BEGINS * 4)
        self._write(self._family, np.zeros(1, np.uint32), family_table.HEAD * 4)

    def _scan(self, lines: tuple[Any, ...]) -> None:
        """Put the chunks' lists into one order."""
        lanes = self._scan_lanes()
        self._launch(
            self._scan_kernel,
            lanes,
            lanes,
            self._counts,
            np.uint32(self._count),
            np.uint32(self.geometry.chunk_slots),
            *lines[:3],
            self._cl.LocalMemory(4 * max(lanes, COUNT_ROWS)),
        )

    def _scan_lanes(self) -> int:
        """Work-items of the scan: one list each, as far as a work-group goes."""
        device = self.program.device
        if device.is_cpu:
            return 1
        return min(
            MOST_SCAN_LANES, device.max_work_group_size, 1 << (CLASSES * self._chunks - 1).bit_length()
        )

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """One kernel over this round's order; see the driver's file in `kernels/engine`."""
        geometry = self.geometry
        each = -(-most // geometry.workers)
        self._write(self._tally_buffer, np.zeros(self._tally_words, np.uint32))
        if strict:
            self._write(self._flow, np.array([most], np.uint32), FLOW_BUDGET * 4)
        self._launch(
            self._run_kernel,
            geometry.workers * geometry.work_group_size,
            geometry.work_group_size,
            self._ring,
            self._claimable,
            self._begins,
            self._places,
            np.uint32(self._chunks),
            np.uint32(geometry.ticket),
            np.int32(min(max(each, geometry.ticket), _MOST_CLAIMS_EACH)),
            np.uint32(strict),
            np.uint32(self._job.age_threshold),
            self._flow,
            self._pool,
            self._sizes,
            self._directory,
            np.uint32(self._blocks),
            np.uint32(self._block_places),
            self._tally_buffer,
            self._arena,
            self._table,
            np.uint32(len(self._job.buffers.rows)),
            np.uint32(self._job.buffers.argument_handle),
            self._control,
            np.uint32(len(self._job.control)),
            np.uint32(self._job.first_slot),
            self._witness,
            *(() if self._families is None else (self._family,)),
            *self._trace_arguments(),
            *self._live_arguments(),
            interrupt=interrupt,
        )
        self._add_tally()
        self._count_families()
        self._read_quotas()
        return self._has_more()

    def _live_arguments(self) -> tuple[Any, ...]:
        """Of VYRE_LIVE_PARAMETERS, in order."""
        if self._live is None:
            return ()
        return (
            self._live_buffer,
            np.uint32(self._live.capacity),
            np.uint32(self._live.workers),
            np.uint32(self._count),
            np.uint32(self._job.gate),
            self._selected,
            np.uint32(self._selects),
        )

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

    def memory(self) -> tuple[SlotArray, NDArray[np.uint32]] | None:
        """The ring and the control buffer themselves where host and device share them; None where they do not."""
        if not self._direct or self._host_control is None:
            return None
        return self._memory, self._host_control

    @property
    def polls(self) -> bool:
        """Whether workers take slots that others offer, and heed the wish that they leave."""
        return self._live is not None and self.geometry.driver != "exact"

    def side(self) -> SideQueue | None:
        """A second queue that reaches the buffers of a job that follows; None where `memory` does."""
        from vyrectl.opencl.side import SideQueue

        if self._live is None or not self._job.follow or self.memory() is not None:
            return None
        return SideQueue(
            self.program.context,
            self._ring,
            self._control,
            self._live_buffer,
            self._live.capacity,
            self.program.device.name,
        )

    def slots(self) -> SlotArray:
        """The ring: a copy, or the memory that it was worked on in."""
        if self._direct:
            return self._memory
        slots = np.empty(self._count, SLOT_DTYPE)
        if self._count:
            self._read(slots.view(np.uint8), self._ring)
        return slots

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        words = np.empty(len(self._job.debug_log), np.uint32)
        self._read(words, self._arena, self._debug_offset)
        return words

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        if self._job.buffers.arena is not None:
            return
        table, _ = self._job.layout()
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

    def trace(self) -> Trace:
        """The turns that a job with `trace` noted.

        Raises:
            DeviceError: The program was built without.
        """
        from vyrectl.engine.trace import read_trace

        if self._clock is None:
            raise DeviceError("nothing was traced", where=self.program.device.name)
        data = np.empty(self._trace_bytes, np.uint8)
        self._read(data, self._trace)
        return read_trace(data, self._clock.name, self._clock.ticks_per_second)

    def _trace_arguments(self) -> tuple[Any, ...]:
        return () if self._clock is None else (self._trace, np.uint32(self._job.trace))

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
        self._allocate_engine()
        table, arena_bytes = job.layout()
        arena = job.buffers.arena
        self._arena = self._buffer(arena_bytes) if arena is None else self._shared(arena.memory)
        self._table = self._buffer(table.nbytes)
        self._ring = self._shared(self._memory) if self._direct else self._buffer(self._count * SLOT_BYTES)
        shared = self._host_control
        self._control = self._buffer(job.control.nbytes) if shared is None else self._shared(shared)
        self._witness = self._buffer(self._count * WITNESS_DTYPE.itemsize if job.verify else 0)
        self._selected = self._buffer(self._count if self._selects else 0)
        if job.verify:
            self._write(self._witness, np.zeros(self._count * WITNESS_DTYPE.itemsize, np.uint8))
        if self._count and not self._direct:
            self._write(self._ring, np.ascontiguousarray(self._memory).view(np.uint8))
        self._write(self._table, table.view(np.uint8))
        self._write(self._control, job.control)
        if job.selected is not None and self._count:
            self._write(self._selected, job.selected.astype(np.uint8))
        for row, buffer in enumerate(job.buffers.rows):
            if arena is None and buffer is not None and buffer.array.nbytes:
                self._write(self._arena, buffer.array.reshape(-1).view(np.uint8), int(table[row]["offset"]))
        self._debug_offset = int(table[-1]["offset"])
        self._write(self._arena, job.debug_log, self._debug_offset)
        if self._clock is not None:
            self._allocate_trace()
        if job.quotas:
            self._write(self._flow, self._quotas.words(), FLOW_WORDS * 4)
        if self._live is not None:
            self._live_buffer = self._live_words(self._live.words)
        self._index_kernel = self.program.kernel("vyre_index")
        self._scan_kernel = self.program.kernel("vyre_index_scan")
        self._run_kernel = self.program.kernel("vyre_run")
        if self._families is not None:
            self._free_kernel = self.program.kernel("vyre_index_free")
            self._family = self._buffer(self._families.nbytes)
            self._write(self._family, self._families)

    def _live_words(self, words: NDArray[np.uint32]) -> Any:
        """The memory itself where host and device share it, else a copy that `side` reaches."""
        if self._direct:
            return self._shared(words)
        buffer = self._buffer(words.nbytes)
        self._write(buffer, words)
        return buffer

    def _allocate_trace(self) -> None:
        from vyrectl.engine.trace import TRACE_DTYPE, TRACE_HEAD_BYTES

        self._trace_bytes = TRACE_HEAD_BYTES + self._job.trace * TRACE_DTYPE.itemsize
        self._trace = self._buffer(self._trace_bytes)
        self._write(self._trace, np.zeros(TRACE_HEAD_BYTES, np.uint8))

    def _settle_families(self) -> NDArray[np.uint32]:
        """The families of the ring as the device counts them; parents that wait in vain go on in the ring itself."""
        if not self._direct:
            self._memory = self._memory.copy()
        spawning = [op.id for op in self.program.ops if op.spawns]
        links = settle(self._memory, spawning, eligible_slots(self._job, self._memory))
        self._tally.joined = links.freed
        return family_table.first_words(links, self._chunks)

    def _fast_index(self) -> bool:
        """Whether to spend FAST_INDEX_BYTES a slot: as the job says, or where it is a quarter of the memory at most."""
        if self._job.fast_index is not None:
            return self._job.fast_index
        return 4 * FAST_INDEX_BYTES * self._count <= self.program.device.memory_bytes

    def _allocate_engine(self) -> None:
        """Queue, lists, spilled blocks and counters: COMPACT_INDEX_BYTES or FAST_INDEX_BYTES a slot at most."""
        hands_off = self.program.rung.number < 3 or self.geometry.driver == "exact"
        self._blocks, self._block_places = (
            spill_blocks(self.geometry, self._count, self._fast_index()) if hands_off else (0, 0)
        )
        lists = CLASSES * self._chunks
        self._directory_bytes = 4 * CLASSES * max(self._block_places, LINE_WORDS)
        before = len(self._buffers)
        self._claimable = self._buffer(self._count * 4)
        self._counts = self._buffer(COUNT_ROWS * self._chunks * 4)
        self._begins = self._buffer((lists + 1) * 4)
        self._places = self._buffer(lists * 4)
        self._totals = self._buffer(COUNT_ROWS * 4)
        self._flow = self._buffer(FLOW_WORDS * 4 + self._quotas.words().nbytes)
        self._pool = self._buffer(self._blocks * self._block * 4)
        self._sizes = self._buffer(self._blocks * 4)
        self._directory = self._buffer(self._directory_bytes)
        self._tally_buffer = self._buffer(self._tally_words * 4)
        self._engine_bytes: int = sum(buffer.size for buffer in self._buffers[before:])

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
                self._shut_down(ASKED_TO_LEAVE)
        if asked and self.control()[control_abi.SHUTDOWN.first] == ASKED_TO_LEAVE:
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

    def _add_tally(self) -> None:
        words = np.empty(self._tally_words, np.uint32)
        self._read(words, self._tally_buffer)
        self._tally.lost += int(words[_TALLY_LOST])
        for priority in range(CLASSES):
            self._tally.by_priority[priority] += int(words[_TALLY_PRIORITIES + priority])
        ends = words[_TALLY_OPS:].reshape(-1, len(OUTCOMES))
        self._tally.claims += int(ends.sum(dtype=np.int64))
        for row in np.flatnonzero(ends.any(axis=1)).tolist():
            op = self.program.ops[row].id if row < len(self.program.ops) else None
            counts = self._tally.by_op.setdefault(op, Counter())
            counts.update({name: int(n) for name, n in zip(OUTCOMES, ends[row], strict=True) if n})

    def _count_families(self) -> None:
        if self._families is not None:
            word = np.empty(1, np.uint32)
            self._read(word, self._family, family_table.SPAWNED * 4)
            self._tally.spawned = int(word[0])
            self._read(word, self._family, family_table.JOINED * 4)
            self._tally.joined = int(word[0])

    def _read_quotas(self) -> None:
        """Take over what bounded tenants have left."""
        words = self._quotas.words()
        if len(words):
            self._read(words, self._flow, FLOW_WORDS * 4)
            self._quotas.update(words)

    def _has_more(self) -> bool:
        """Whether tickets or spilled blocks of this round are left."""
        if self.geometry.driver == "exact":
            lines = np.empty(CLASSES * LINE_WORDS, np.uint32)
            self._read(lines, self._directory)
            taken, first = lines[0::LINE_WORDS].tolist(), lines[1::LINE_WORDS]
            return bool(first.any()) or any(n < size for n, size in zip(taken, self._classes, strict=True))
        flow = np.empty(FLOW_WORDS, np.uint32)
        self._read(flow, self._flow)
        ticket = self.geometry.ticket
        high, low = sum(self._classes[:HIGH_CLASSES]), sum(self._classes[HIGH_CLASSES:])
        heads = flow[FLOW_HEADS : FLOW_HEADS + CLASSES * FLOW_STRIDE : FLOW_STRIDE]
        tails = flow[FLOW_TAILS : FLOW_TAILS + CLASSES * FLOW_STRIDE : FLOW_STRIDE].clip(
            max=self._block_places
        )
        return bool(
            flow[FLOW_HIGH] < -(-high // ticket)
            or flow[FLOW_LOW] < -(-low // ticket)
            or (heads < tails).any()
        )

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
