"""One job on one device, round by round.

A round is an index kernel, a scan of its counts, then `vyre_run` slice by slice; queue heads, spilled blocks and
tallies lie in buffers that no operation can name. The ring is copied to the device and back, or, where host and
device share memory, worked on where it is.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import live as live_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.engine import (
    CLASSES,
    COUNT_ROWS,
    FAMILY_BEGINS,
    FAMILY_HEAD,
    FAMILY_JOINED,
    FAMILY_SPAWNED,
    FLOW_BUDGET,
    FLOW_TIRED,
    LINE_WORDS,
)
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.engine.backend import WITNESS_DTYPE, Interrupt, Job, LiveMemory, RoundIndex, Tally
from vyrectl.engine.buffers import Buffer
from vyrectl.engine.family import eligible_slots, settle
from vyrectl.errors import DeviceError
from vyrectl.opencl import family_table
from vyrectl.opencl.counters import (
    FLOW_WORDS,
    add_tally,
    count_tally_words,
    flow_waits,
    lines_wait,
)
from vyrectl.opencl.geometry import BLOCK_SLOTS, FAST_INDEX_BYTES, Geometry, spill_blocks
from vyrectl.opencl.handoff import reaches
from vyrectl.opencl.program import Program
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.quota_table import QuotaTable
from vyrectl.opencl.watching import Records, record_count, record_words, watch_arguments
from vyrectl.task.arrays import SlotArray, copy_of, copy_slots

if TYPE_CHECKING:
    from vyrectl.engine.trace import Trace
    from vyrectl.opencl.clock import Clock
    from vyrectl.opencl.side import SideQueue

MOST_SCAN_LANES, CPU_SCAN_LANES = 1024, 8
"""Work-items of the scan's group. One alone has nobody to meet at its barriers, and PoCL 6's compiler ends the process
over a loop around a barrier that is never gone through."""

IDLE_SECONDS = 0.25
"""About how long a worker that nobody asks to leave looks for work in vain."""

FIRST_IDLE_POLLS, MOST_IDLE_POLLS, IDLE_GROWTH = 1 << 18, 1 << 31, 8

ASKED_TO_LEAVE = 2
"""SHUTDOWN while the host waits for the end of a kernel; an operation that wants the launch to end writes 1."""

_MOST_CLAIMS_EACH = (1 << 31) - 1


class OpenCLSession:
    """One job on one device; see `vyrectl.engine.backend.Session`."""

    def __init__(self, job: Job, program: Program, geometry: Geometry, clock: Clock | None = None) -> None:
        self._device = DeviceQueue(program)
        self._clock = clock
        self.program = program
        self.geometry = geometry
        self._job = job
        self._count = len(job.slots)
        self._chunks = max(1, -(-self._count // geometry.chunk_slots))
        self._block = BLOCK_SLOTS[geometry.driver]
        self._classes: tuple[int, ...] = (0,) * CLASSES
        self._tally = Tally()
        self._tally_words = count_tally_words(len(program.ops))
        self._memory, self._direct = job.slots, False
        if job.place is not None:
            self._memory, self._direct = job.place(program.coherent)
        self._direct = self._direct and program.coherent and self._count > 0
        self._quotas = QuotaTable(job.quotas, self._memory, job.selected)
        self._tally.quota_left = self._quotas.left
        self._selects = job.selected is not None or bool(job.quotas)
        self._bringing = threading.Lock()
        self._host_arena: NDArray[np.uint8] | None = None
        self._is_closed = False
        self._records: Records | None = None
        self._families = self._settle_families() if program.variant.family else None
        self._host_control = job.control.copy() if program.coherent else None
        self._is_met = False
        self._live = self._open_live()
        self._idle_polls = FIRST_IDLE_POLLS
        self._reached = job.follow and self._live is not None and self._is_reached()
        if self._direct and any(row is not None and row.output is not None for row in job.buffers.rows):
            from vyrectl.engine.arena import map_outputs

            map_outputs(job.buffers, job.slots, job.debug_log.nbytes)
        elif not self._direct and job.first_slot == 0:
            from vyrectl.engine.arena import continue_outputs

            continue_outputs(job.buffers, job.slots)
        try:
            self._allocate()
        except self._device.cl.Error as error:
            self.close()
            raise self._device.died(error, "take the ring") from error

    def _is_reached(self) -> bool:
        program = self.program
        return reaches(
            program.device,
            program.context,
            program.queue,
            program.rung,
            shared=self._direct and program.coherent,
        )

    def _open_live(self) -> LiveMemory | None:
        """The memory in which workers meet other processes; a private one, unused, where there are none."""
        if not self.program.variant.live:
            return None
        job = self._job
        workers = self.geometry.workers * self.geometry.work_group_size
        memory = None
        if self._direct and job.live is not None:
            watched = (record_count(self.geometry), record_words(self.geometry)) if job.watch else ()
            memory = job.live.open(workers, job.control, *watched)
        if memory is None:
            self._is_met = False
            layout = live_abi.LiveLayout.of(self._count if job.follow else 0, 0, len(job.control))
            words = np.zeros(live_abi.HEADER_WORDS + layout.capacity, np.uint32)
            return LiveMemory(words, job.control.copy(), layout.capacity, 0)
        self._host_control = memory.control
        self._is_met = True
        return memory

    @property
    def device_seconds(self) -> float:
        """What the kernels have taken so far, by the device's own events."""
        return self._device.device_seconds

    @property
    def compile_seconds(self) -> float:
        """What the first dispatch of each kernel waited before it began; see `DeviceQueue`."""
        return self._device.compile_seconds

    @property
    def bytes_beside_ring(self) -> int:
        """Device memory that the engine takes beside the ring, the buffers and the control buffer."""
        return self._engine_bytes

    def index(self) -> RoundIndex:
        """The kernels of `kernels/engine/index.cl`: the round's order, and its empty lines."""
        self._enqueue_index()
        self._device.wait()
        if self._families is not None:
            self._line_up_free()
        return self._found()

    def round(self, most: int, interrupt: Interrupt) -> tuple[RoundIndex, bool]:
        """`index`, then `run` without a strict bound, enqueued together and waited for once."""
        if self._families is not None:
            return self.index(), self.run(most, interrupt)
        began = self.device_seconds
        self._clear_tally()
        self._enqueue_index()
        self._enqueue_run(most, strict=False)
        asked = self._wait(interrupt)
        found = self._found()
        return found, self._ended(asked, began)

    def _enqueue_index(self) -> None:
        if self._job.live is not None:
            self._job.live.mark()
        if (selected := self._quotas.news()) is not None:
            self._device.write(self._selected, selected)
        local = self._index_local()
        self._enqueue_chunks(self._chunks * local, local)
        if self._chunks > 1:
            self._scan()

    def _index_local(self) -> int:
        return 1 if self.geometry.index_lanes else self.geometry.index_group_size

    def _found(self) -> RoundIndex:
        """What the index counted."""
        totals = np.empty(COUNT_ROWS, np.uint32)
        self._device.read(totals, self._totals)
        *classes, resumed, shut_out = totals.tolist()
        self._classes = tuple(classes)
        return RoundIndex(self._classes, resumed, shut_out)

    def _order(self) -> dict[str, object]:
        """Where the lists of a round stand, for those who make and who read its order."""
        return {"begins": self._begins, "places": self._places}

    def _enqueue_chunks(self, work_items: int, local: int) -> None:
        geometry, job = self.geometry, self._job
        self._device.enqueue(
            self._index_kernel,
            work_items,
            local,
            ring=self._ring,
            slots=self._count,
            chunk_slots=geometry.chunk_slots,
            control=self._control,
            gate=job.gate,
            selected=self._selected,
            has_selected=self._selects,
            age_threshold=job.age_threshold,
            counts=self._counts,
            queue=self._claimable,
            totals=self._totals,
            flow=self._flow,
            directory=self._directory,
            directory_words=self._directory_bytes // 4,
            **self._order(),
        )

    def warm_up(self) -> None:
        """Have each kernel compiled as it will be run, which some drivers do at its first run; looks at no slot."""
        if self._is_warm():
            return
        before = self.control()[control_abi.SHUTDOWN.first]
        local = self._index_local()
        count, self._count = self._count, 0
        try:
            self._enqueue_chunks(local, local)
            if self._chunks > 1:
                self._scan()
            self._device.wait()
            if self._families is not None:
                self._launch_free(local, local)
            self.write_control(control_abi.SHUTDOWN.first, ASKED_TO_LEAVE)
            self._clear_tally()
            self._enqueue_run(1, strict=True)
            self._device.wait()
        finally:
            self._count = count
            self.write_control(control_abi.SHUTDOWN.first, int(before))
        self._device.forget_times()

    def _is_warm(self) -> bool:
        """Whether an earlier session had the kernel of the run compiled in this shape, and so the others before it."""
        return self._device.is_warm(self._run_kernel, *self._run_shape())

    def _line_up_free(self) -> None:
        """The free list of the round: the Empty slots of each chunk, then how many there are before each."""
        local = self._index_local()
        self._launch_free(self._chunks * local, local)
        counts = np.empty(self._chunks, np.uint32)
        self._device.read(counts, self._family, FAMILY_BEGINS.index * 4)
        self._device.write(self._family, family_table.begins(counts), FAMILY_BEGINS.index * 4)
        self._device.write(self._family, np.zeros(1, np.uint32), FAMILY_HEAD.index * 4)

    def _launch_free(self, work_items: int, local: int) -> None:
        self._device.enqueue(
            self._free_kernel,
            work_items,
            local,
            ring=self._ring,
            slots=self._count,
            chunk_slots=self.geometry.chunk_slots,
            counts=self._counts,
            queue=self._claimable,
            family=self._family,
        )
        self._device.wait()

    def _scan(self) -> None:
        """Put the chunks' lists into one order."""
        lanes = self._scan_lanes()
        self._device.enqueue(
            self._scan_kernel,
            lanes,
            lanes,
            counts=self._counts,
            slots=self._count,
            chunk_slots=self.geometry.chunk_slots,
            totals=self._totals,
            sums=max(lanes, COUNT_ROWS),
            **self._order(),
        )

    def _scan_lanes(self) -> int:
        """Work-items of the scan: one list each, as far as a work-group goes."""
        device = self.program.device
        most = CPU_SCAN_LANES if device.is_cpu else MOST_SCAN_LANES
        return min(most, device.max_work_group_size, 1 << (CLASSES * self._chunks - 1).bit_length())

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """One kernel over this round's order; see the driver's file in `kernels/engine`."""
        began = self.device_seconds
        self._clear_tally()
        self._enqueue_run(most, strict=strict)
        return self._ended(self._wait(interrupt), began)

    def _wait(self, interrupt: Interrupt) -> bool:
        """Wait for the kernels; whether they were asked to leave."""
        if self._records is not None:
            interrupt = self._records.watching(interrupt)
        return self._device.wait(interrupt, self._ask_to_leave)

    def _ended(self, asked: bool, began: float) -> bool:
        """Take over what a run counted; whether its round has more to claim."""
        if asked and self.control()[control_abi.SHUTDOWN.first] == ASKED_TO_LEAVE:
            self._shut_down(0)
        self._add_tally()
        self._count_families()
        self._read_quotas()
        return self._has_more(self.device_seconds - began)

    def _clear_tally(self) -> None:
        self._device.write(self._tally_buffer, np.zeros(self._tally_words, np.uint32))

    def _ask_to_leave(self) -> None:
        self._shut_down(ASKED_TO_LEAVE)

    def _run_shape(self) -> tuple[int, int]:
        return self.geometry.workers * self.geometry.work_group_size, self.geometry.work_group_size

    def _enqueue_run(self, most: int, *, strict: bool) -> None:
        geometry = self.geometry
        each = -(-most // geometry.workers)
        if strict:
            self._device.write(self._flow, np.array([most], np.uint32), FLOW_BUDGET.index * 4)
        self._device.enqueue(
            self._run_kernel,
            *self._run_shape(),
            ring=self._ring,
            queue=self._claimable,
            chunks=self._chunks,
            ticket=geometry.ticket,
            claims_each=min(max(each, geometry.ticket), _MOST_CLAIMS_EACH),
            counts_budget=strict,
            age_threshold=self._job.age_threshold,
            flow=self._flow,
            pool=self._pool,
            sizes=self._sizes,
            directory=self._directory,
            blocks=self._blocks,
            block_places=self._block_places,
            tally=self._tally_buffer,
            arena=self._arena,
            buffers=self._table,
            buffer_count=len(self._job.buffers.rows),
            argument_handle=self._job.buffers.argument_handle,
            control=self._control,
            control_words=len(self._job.control),
            first_slot=self._job.first_slot,
            witness=self._witness,
            **self._order(),
            **({} if self._families is None else {"family": self._family}),
            **self._trace_arguments(),
            **self._watch_arguments(),
            **self._live_arguments(),
        )

    def _watch_arguments(self) -> dict[str, object]:
        if self._records is not None:
            return self._records.arguments()
        if not self._job.watch:
            return {}
        assert self._live is not None
        return watch_arguments(self._live_buffer, self._live.watch_first, record_count(self.geometry))

    def _live_arguments(self) -> dict[str, object]:
        if self._live is None:
            return {}
        return {
            "live_words": self._live_buffer,
            "live_capacity": self._live.capacity,
            "live_workers": self._live.workers,
            "ring_slots": self._count,
            "gate": self._job.gate,
            "selected": self._selected,
            "has_selected": self._selects,
            "idle_polls": self._idle_polls,
        }

    def _measure_idling(self, seconds: float) -> None:
        """Set the bound of looks in vain by a kernel that a worker left because of it: they took at most so long."""
        wanted = self._idle_polls * IDLE_SECONDS / max(seconds, 1e-6)
        bounds = self._idle_polls // IDLE_GROWTH, self._idle_polls * IDLE_GROWTH
        self._idle_polls = min(
            max(int(wanted), bounds[0], FIRST_IDLE_POLLS >> 10), bounds[1], MOST_IDLE_POLLS
        )

    def tally(self) -> Tally:
        """Counts over all runs so far."""
        return self._tally

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        words = np.empty(len(self._job.control), np.uint32)
        self._device.read(words, self._control)
        return words

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._device.write(self._control, np.array([value], np.uint32), word * 4)

    def memory(self) -> tuple[SlotArray, NDArray[np.uint32]] | None:
        """The ring and the control buffer themselves where host and device share them; None where they do not."""
        if not self._direct or self._host_control is None:
            return None
        return self._memory, self._host_control

    @property
    def polls(self) -> bool:
        """Whether workers take slots that others offer, and heed the wish that they leave: seen on this driver."""
        return self._live is not None and self.geometry.driver != "exact" and self._reached

    @property
    def spawns(self) -> bool:
        """Whether tasks may put children into Empty slots."""
        return self._families is not None

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
            self._device.read(slots.view(np.uint8), self._ring)
        return slots

    def bring_slots(self, into: SlotArray, *, spoils: bool = False) -> None:
        """Put the ring into an array of the host's.

        Args:
            into: Contiguous, shape (slots,).
            spoils: It may hold a part of the result where the device fails; else it is changed whole or not at all.
        """
        if self._direct:
            if into is not self._memory:
                copy_slots(into, self._memory)
        elif spoils or self.program.coherent:
            self._device.read(into.view(np.uint8), self._ring)
        else:
            copy_slots(into, self.slots())

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        words = np.empty(len(self._job.debug_log), np.uint32)
        self._device.read(words, self._arena, self._debug_offset)
        return words

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        if self._job.buffers.arena is not None:
            return
        table, _ = self._job.layout()
        for row, buffer in enumerate(self._job.buffers.rows):
            if buffer is not None and buffer.writable and buffer.array.nbytes:
                self._device.read(
                    buffer.array.reshape(-1).view(np.uint8), self._arena, int(table[row]["offset"])
                )

    @property
    def bring_outputs(self) -> Callable[[], None] | None:
        """Copies the writable buffers into the job's arrays beside a running kernel; None where there are none.

        For any thread, and without effect once the session is closed: `finish` has brought everything by then.
        """
        return self._bring_outputs if any(row is not None and row.writable for row in self._rows()) else None

    def _rows(self) -> list[Buffer | None]:
        return self._job.buffers.rows

    def _bring_outputs(self) -> None:
        with self._bringing:
            if self._is_closed:
                return
            if self._job.buffers.arena is not None:
                self._job.buffers.bring_back()
                return
            table, _ = self._job.layout()
            for row, buffer in enumerate(self._rows()):
                if buffer is not None and buffer.writable and buffer.array.nbytes:
                    self._bring(buffer.array.reshape(-1).view(np.uint8), int(table[row]["offset"]))

    def _bring(self, array: NDArray[np.uint8], offset: int) -> None:
        if self._host_arena is None:
            self._device.read_beside(array, self._arena, offset)
        else:
            array[:] = self._host_arena[offset : offset + len(array)]

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
        self._device.read(data, self._trace)
        return read_trace(data, self._clock.name, self._clock.ticks_per_second)

    def _trace_arguments(self) -> dict[str, object]:
        if self._clock is None:
            return {}
        return {"trace_words": self._trace, "trace_capacity": self._job.trace}

    def witness(self) -> NDArray[np.void]:
        """What a verifying program noted, shape (slots,)."""
        words = np.zeros(self._count, WITNESS_DTYPE)
        self._device.read(words.view(np.uint8), self._witness)
        return words

    def close(self) -> None:
        """Release every buffer once the queue is empty."""
        with self._bringing:
            self._is_closed = True
            self._device.close()

    def _allocate(self) -> None:
        job = self._job
        self._allocate_engine()
        table, arena_bytes = job.layout()
        arena = job.buffers.arena
        if arena is not None:
            self._arena = self._device.shared(arena.memory)
        elif job.follow and self.program.coherent and self.bring_outputs is not None:
            self._host_arena = np.frombuffer(mmap.mmap(-1, max(arena_bytes, mmap.PAGESIZE)), np.uint8)
            self._arena = self._device.shared(self._host_arena)
        else:
            self._arena = self._device.buffer(arena_bytes)
        self._table = self._device.buffer(table.nbytes)
        self._ring = (
            self._device.shared(self._memory)
            if self._direct
            else self._device.buffer(self._count * SLOT_BYTES)
        )
        shared = self._host_control
        self._control = (
            self._device.buffer(job.control.nbytes) if shared is None else self._device.shared(shared)
        )
        self._witness = self._device.buffer(self._count * WITNESS_DTYPE.itemsize if job.verify else 0)
        self._selected = self._device.buffer(self._count if self._selects else 0)
        if job.verify:
            self._device.write(self._witness, np.zeros(self._count * WITNESS_DTYPE.itemsize, np.uint8))
        if self._count and not self._direct:
            self._device.write(self._ring, np.ascontiguousarray(self._memory).view(np.uint8))
        self._device.write(self._table, table.view(np.uint8))
        self._device.write(self._control, job.control)
        if job.selected is not None and self._count:
            self._device.write(self._selected, job.selected.astype(np.uint8))
        for row, buffer in enumerate(job.buffers.rows):
            if arena is None and buffer is not None and buffer.array.nbytes:
                self._device.write(
                    self._arena, buffer.array.reshape(-1).view(np.uint8), int(table[row]["offset"])
                )
        self._debug_offset = int(table[-1]["offset"])
        self._device.write(self._arena, job.debug_log, self._debug_offset)
        if self._clock is not None:
            self._allocate_trace()
        if job.quotas:
            self._device.write(self._flow, self._quotas.words(), FLOW_WORDS * 4)
        if self._live is not None:
            self._live_buffer = self._live_words(self._live.words)
        if job.watch and not self._is_met:
            self._records = Records(self._device, self.geometry, job.board, coherent=self.program.coherent)
        self._index_kernel = self._device.kernel("vyre_index")
        self._scan_kernel = self._device.kernel("vyre_index_scan")
        self._run_kernel = self._device.kernel("vyre_run")
        if self._families is not None:
            self._free_kernel = self._device.kernel("vyre_index_free")
            self._family = self._device.buffer(self._families.nbytes)
            self._device.write(self._family, self._families)

    def _live_words(self, words: NDArray[np.uint32]) -> Any:
        """The memory itself where host and device share it, else a copy that `side` reaches."""
        if self._direct:
            return self._device.shared(words)
        buffer = self._device.buffer(words.nbytes)
        self._device.write(buffer, words)
        return buffer

    def _allocate_trace(self) -> None:
        from vyrectl.engine.trace import TRACE_DTYPE, TRACE_HEAD_BYTES

        self._trace_bytes = TRACE_HEAD_BYTES + self._job.trace * TRACE_DTYPE.itemsize
        self._trace = self._device.buffer(self._trace_bytes)
        self._device.write(self._trace, np.zeros(TRACE_HEAD_BYTES, np.uint8))

    def _settle_families(self) -> NDArray[np.uint32]:
        """The families of the ring as the device counts them; parents that wait in vain go on in the ring itself."""
        if not self._direct:
            self._memory = copy_of(self._memory)
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
        before = self._device.allocated_bytes
        self._claimable = self._device.buffer(self._count * 4)
        self._counts = self._device.buffer(COUNT_ROWS * self._chunks * 4)
        self._begins = self._device.buffer((lists + 1) * 4)
        self._places = self._device.buffer(lists * 4)
        self._totals = self._device.buffer(COUNT_ROWS * 4)
        self._flow = self._device.buffer(FLOW_WORDS * 4 + self._quotas.words().nbytes)
        self._pool = self._device.buffer(self._blocks * self._block * 4)
        self._sizes = self._device.buffer(self._blocks * 4)
        self._directory = self._device.buffer(self._directory_bytes)
        self._tally_buffer = self._device.buffer(self._tally_words * 4)
        self._engine_bytes = self._device.allocated_bytes - before

    def _shut_down(self, value: int) -> None:
        """Set SHUTDOWN beside a running kernel: in its memory, or through a second queue."""
        if self._host_control is not None:
            self._host_control[control_abi.SHUTDOWN.first] = value
        else:
            self._device.write_beside(self._control, np.array([value], np.uint32))

    def _add_tally(self) -> None:
        words = np.empty(self._tally_words, np.uint32)
        self._device.read(words, self._tally_buffer)
        add_tally(self._tally, words, self.program.ops)

    def _count_families(self) -> None:
        if self._families is not None:
            word = np.empty(1, np.uint32)
            self._device.read(word, self._family, FAMILY_SPAWNED.index * 4)
            self._tally.spawned = int(word[0])
            self._device.read(word, self._family, FAMILY_JOINED.index * 4)
            self._tally.joined = int(word[0])

    def _read_quotas(self) -> None:
        """Take over what bounded tenants have left."""
        words = self._quotas.words()
        if len(words):
            self._device.read(words, self._flow, FLOW_WORDS * 4)
            self._quotas.update(words)
            if self._job.live is not None:
                self._job.live.tell_quotas(self._quotas.left)

    def _has_more(self, seconds: float) -> bool:
        """Whether tickets or spilled blocks of this round are left, whose last kernel took so long."""
        if self.geometry.driver == "exact":
            lines = np.empty(CLASSES * LINE_WORDS, np.uint32)
            self._device.read(lines, self._directory)
            return lines_wait(lines, self._classes)
        flow = np.empty(FLOW_WORDS, np.uint32)
        self._device.read(flow, self._flow)
        if flow[FLOW_TIRED.index]:
            self._measure_idling(seconds)
        return flow_waits(flow, self._classes, self.geometry.ticket, self._block_places)
