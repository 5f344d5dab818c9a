"""A job's own memory on its device: ring, control buffer, buffers, debug log, witness.

The ring is copied to the device and back, or, where host and device share memory, worked on where it is. Imports
numpy. Invariant: once closed, no other thread brings anything out of it.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.backend import WITNESS_DTYPE, Job
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.host_side import HostSide
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.task.arrays import SlotArray, copy_slots


class JobMemory:
    """Everything of a job that operations may reach, on the device.

    Args:
        device: Queue in which memory is filled and brought back.
        job: Whose ring, control buffer, log and buffers lie here.
        host: Where it lies in the host's memory.
        coherent: Host and device share memory.

    Attributes:
        ring: The ring's buffer.
        control: The control buffer's.
        arena: All buffers' and the debug log's.
    """

    def __init__(self, device: DeviceQueue, job: Job, host: HostSide, *, coherent: bool) -> None:
        self._device, self._job, self._host = device, job, host
        self._coherent = coherent
        self._bringing = threading.Lock()
        self._is_closed = False
        table, arena_bytes = job.layout()
        self._offsets: list[int] = table["offset"].tolist()
        self._host_arena: NDArray[np.uint8] | None = None
        self.arena = self._make_arena(arena_bytes)
        self._table = device.filled(table.view(np.uint8))
        self.ring = self._make_ring()
        self.control = self._make_control()
        witness_bytes = len(job.slots) * WITNESS_DTYPE.itemsize if job.verify else 0
        self._witness = device.filled(np.zeros(witness_bytes, np.uint8))

    def _make_arena(self, arena_bytes: int) -> Handle:
        """The arena with everything in it that operations may read."""
        device, arena = self._device, self._job.buffers.arena
        if arena is not None:
            made = device.shared(arena.memory)
        elif self._job.shared.follow and self._coherent and self.bring_outputs is not None:
            self._host_arena = np.frombuffer(mmap.mmap(-1, max(arena_bytes, mmap.PAGESIZE)), np.uint8)
            made = device.shared(self._host_arena)
        else:
            made = device.buffer(arena_bytes)
        if arena is None:
            for array, offset, _ in self._rows():
                device.write(made, array, offset)
        device.write(made, self._job.debug_log, self._offsets[-1])
        return made

    def _make_ring(self) -> Handle:
        if self._host.direct:
            return self._device.shared(self._host.slots)
        return self._device.filled(np.ascontiguousarray(self._host.slots).view(np.uint8))

    def _make_control(self) -> Handle:
        if self._host.control is not None:
            return self._device.shared(self._host.control)
        if self._job.shared.live is not None:  # another queue may write it
            return self._device.filled(self._job.control)
        made = self._device.told(self._job.control.nbytes)
        self._device.write(made, self._job.control)
        return made

    def _rows(self) -> Iterator[tuple[NDArray[np.uint8], int, bool]]:
        """The bytes of each buffer that has any, where they lie in the arena, and whether operations may write them."""
        for row, offset in zip(self._job.buffers.rows, self._offsets, strict=False):
            if row is not None and row.array.nbytes:
                yield row.array.reshape(-1).view(np.uint8), offset, row.writable

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of it."""
        job = self._job
        return {
            "ring": self.ring,
            "arena": self.arena,
            "buffers": self._table,
            "buffer_count": len(job.buffers.rows),
            "argument_handle": job.buffers.argument_handle,
            "control": self.control,
            "control_words": len(job.control),
            "first_slot": job.part.first_slot,
            "witness": self._witness,
        }

    def read_control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        words = np.empty(len(self._job.control), np.uint32)
        self._device.read(words, self.control)
        return words

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._device.write_word(self.control, word, value)

    def shut_down(self, value: int) -> None:
        """Set SHUTDOWN beside a running kernel: in its memory, or through a second queue."""
        if self._host.control is not None:
            self._host.control[control_abi.SHUTDOWN.first] = value
        else:
            self._device.write_beside(self.control, np.array([value], np.uint32))

    def shared(self) -> tuple[SlotArray, NDArray[np.uint32]] | None:
        """The ring and the control buffer themselves where host and device share them; None where they do not."""
        if not self._host.direct or self._host.control is None:
            return None
        return self._host.slots, self._host.control

    def slots(self) -> SlotArray:
        """The ring: a copy, or the memory that it was worked on in."""
        if self._host.direct:
            return self._host.slots
        slots = np.empty(len(self._job.slots), SLOT_DTYPE)
        if len(slots):
            self._device.read(slots.view(np.uint8), self.ring)
        return slots

    def bring_slots(self, into: SlotArray, *, spoils: bool = False) -> None:
        """Put the ring into an array of the host's; see `DeviceSession.bring_slots`."""
        if self._host.direct:
            if into is not self._host.slots:
                copy_slots(into, self._host.slots)
        elif spoils or self._coherent:
            self._device.read(into.view(np.uint8), self.ring)
        else:
            copy_slots(into, self.slots())

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        words = np.empty(len(self._job.debug_log), np.uint32)
        self._device.read(words, self.arena, self._offsets[-1])
        return words

    def witness(self) -> NDArray[np.void]:
        """What a verifying program noted, shape (slots,)."""
        words = np.zeros(len(self._job.slots), WITNESS_DTYPE)
        self._device.read(words.view(np.uint8), self._witness)
        return words

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        if self._job.buffers.arena is None:
            for array, offset, is_writable in self._rows():
                if is_writable:
                    self._device.read(array, self.arena, offset)

    @property
    def bring_outputs(self) -> Callable[[], None] | None:
        """See `DeviceSession.bring_outputs`."""
        rows = self._job.buffers.rows
        return self._bring_outputs if any(row is not None and row.writable for row in rows) else None

    def _bring_outputs(self) -> None:
        with self._bringing:
            if self._is_closed:
                return
            if self._job.buffers.arena is not None:
                self._job.buffers.bring_back()
                return
            for array, offset, is_writable in self._rows():
                if is_writable:
                    self._bring(array, offset)

    def _bring(self, array: NDArray[np.uint8], offset: int) -> None:
        if self._host_arena is None:
            self._device.read_beside(array, self.arena, offset)
        else:
            array[:] = self._host_arena[offset : offset + len(array)]

    def close(self) -> None:
        """Let nobody bring anything from now on, and give the device's memory back."""
        with self._bringing:
            self._is_closed = True
            self._device.close()
