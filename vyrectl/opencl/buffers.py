"""The buffers of one desk of a device: memory, and copies of it, beside running kernels too.

Imports numpy; pyopencl comes with the program. Invariant: whatever the driver reports becomes a KernelDiedError that
names the device, after which nothing is kept that the driver may have spoiled.
"""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

from vyrectl.errors import DeviceError, KernelDiedError
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.kept import Desk, Piece, forget
from vyrectl.opencl.program import Program
from vyrectl.opencl.staging import LEAST_BYTES, Staging
from vyrectl.task.parts import in_parts, processors

_LEAST_BUFFER_BYTES = 64

BYTES_PER_THREAD = 16 << 20
"""Fewer to copy are not worth a thread."""

BOARD_BYTES = 1 << 15
"""Of a session's short buffers that are read together; what does not fit is read when it is wanted."""

_ABANDONED: list[object] = []
"""What a kernel that did not leave still works with; never released."""


class _Board:
    """A buffer whose parts are read together.

    Args:
        piece: The buffer, BOARD_BYTES long.
        alignment: Of its parts, in bytes.
    """

    def __init__(self, piece: Piece, alignment: int) -> None:
        self._piece, self._alignment = piece, alignment
        self._words = np.empty(BOARD_BYTES, np.uint8)
        self._places: dict[int, tuple[int, int]] = {}
        self._news: set[int] = set()
        self._used = 0

    def take(self, size_bytes: int) -> Handle | None:
        """A part of it; None where it is used up."""
        first, size = (
            -(-self._used // self._alignment) * self._alignment,
            max(size_bytes, _LEAST_BUFFER_BYTES),
        )
        if first + size > BOARD_BYTES:
            return None
        part = self._piece.part(first, size)
        self._places[part.int_ptr] = first, first + size_bytes
        self._used = first + size
        return part

    def hear(self, cl: Handle, queue: Handle) -> None:
        """Read all parts."""
        cl.enqueue_copy(queue, self._words[: self._used], self._piece.buffer)
        self._news = set(self._places)

    def news(self, buffer: Handle) -> NDArray[np.uint8] | None:
        """What a part held when it was read last; None for another buffer, or where that is old."""
        if buffer.int_ptr not in self._news:
            return None
        first, end = self._places[buffer.int_ptr]
        return self._words[first:end]

    def learn(self, buffer: Handle, data: NDArray[np.uint8], offset: int) -> None:
        """Bytes of a part were written while nothing runs; what is written whole is known."""
        if buffer.int_ptr not in self._places:
            return
        first, end = self._places[buffer.int_ptr]
        self._words[first + offset : first + offset + len(data)] = data
        if len(data) == end - first:
            self._news.add(buffer.int_ptr)

    def forget(self, buffer: Handle | None = None) -> None:
        """A part is written by another queue, or kernels run that may write to all of them."""
        if buffer is None:
            self._news.clear()
        else:
            self._news.discard(buffer.int_ptr)


class Buffers:
    """Memory for the kernels of a program, as one session uses it.

    Args:
        program: Whose context.

    Attributes:
        allocated_bytes: Bytes of all buffers of the device's own so far.
        bytes_beside_ring: Of those, what the engine takes beside the job's own memory.
    """

    def __init__(self, program: Program) -> None:
        self.cl = pyopencl()
        self.allocated_bytes = self.bytes_beside_ring = 0
        self._program = program
        station = program.station
        self._desk = Desk(program.queue) if station is None else station.sit()
        self._urgent: Handle = None
        self._beside: Handle = None
        self._pieces: list[Piece] = []
        self._memories: dict[int, NDArray[np.uint8]] = {}
        self._borrowed: list[Handle] = []
        self._board: _Board | None = None
        self._is_broken = False

    def buffer(self, size_bytes: int) -> Handle:
        """Memory for the device, with arbitrary content; the host's own where they share it."""
        return self._take(size_bytes).buffer

    def told(self, size_bytes: int) -> Handle:
        """As `buffer`, for what is read after each wait and written by no other queue.

        It comes along with all others of its kind: one copy instead of one for each. A simulator has no haste, and
        takes what the host writes behind a buffer's begin for unset (Oclgrind 21.10).
        """
        if self._program.coherent or self._program.device.is_simulator:
            return self.buffer(size_bytes)
        if self._board is None:
            self._board = _Board(self._take(BOARD_BYTES), _alignment(self._program))
        return self._board.take(size_bytes) or self.buffer(size_bytes)

    def _take(self, size_bytes: int) -> Piece:
        flags = self.cl.mem_flags.READ_WRITE
        size = max(size_bytes, _LEAST_BUFFER_BYTES)
        piece = self._desk.take(size)
        if piece is None and self._program.coherent:
            memory = page_aligned(size)
            piece = Piece(self._over(memory), memory, {})
        elif piece is None:
            piece = Piece(self.cl.Buffer(self._program.context, flags, size), None, {})
        if piece.memory is not None:
            self._memories[piece.buffer.int_ptr] = piece.memory
        self._pieces.append(piece)
        self.allocated_bytes += size
        return piece

    def filled(self, array: NDArray[np.generic]) -> Handle:
        """Memory for the device that starts as a copy of an array."""
        buffer = self.buffer(array.nbytes)
        if array.nbytes:
            self.write(buffer, array)
        return buffer

    def shared(self, memory: Handle) -> Handle:
        """The host's memory itself, for the device to work on."""
        buffer = self._over(memory)
        if self._program.coherent and isinstance(memory, np.ndarray):
            self._memories[buffer.int_ptr] = bytes_of(memory)
        self._borrowed.append(buffer)
        return buffer

    def _over(self, memory: Handle) -> Handle:
        flags = self.cl.mem_flags
        return self.cl.Buffer(self._program.context, flags.READ_WRITE | flags.USE_HOST_PTR, hostbuf=memory)

    def read(self, array: NDArray[np.generic], buffer: Handle, offset: int = 0) -> None:
        """Fill an array from a buffer.

        Args:
            array: Contiguous.
            buffer: One of these.
            offset: Bytes into it.

        Raises:
            KernelDiedError: The device failed.
        """
        memory = self._memories.get(buffer.int_ptr)
        if memory is None and self._board is not None:
            memory = self._board.news(buffer)
        if memory is not None and offset + array.nbytes <= len(memory):
            _copy(bytes_of(array), memory[offset : offset + array.nbytes])
            return
        try:
            if self._is_staged(array):
                self._staging().read(bytes_of(array), buffer, offset)
            else:
                self.cl.enqueue_copy(self._desk.queue, array, buffer, src_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be read") from error

    def write(self, buffer: Handle, array: NDArray[np.generic], offset: int = 0) -> None:
        """Copy an array into a buffer.

        Args:
            buffer: One of these.
            array: Contiguous.
            offset: Bytes into the buffer.

        Raises:
            KernelDiedError: The device failed.
        """
        memory = self._memories.get(buffer.int_ptr)
        if memory is not None:
            _copy(memory[offset : offset + array.nbytes], bytes_of(array))
            return
        try:
            if self._is_staged(array):
                self._staging().write(buffer, bytes_of(array), offset)
            else:
                self.cl.enqueue_copy(self._desk.queue, buffer, array, dst_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be written") from error
        if self._board is not None:
            self._board.learn(buffer, bytes_of(array), offset)

    def clear(self, buffer: Handle, size_bytes: int) -> None:
        """Have a buffer's first bytes be 0 for the kernels that are enqueued from now on; a multiple of 4.

        Raises:
            KernelDiedError: The driver does not take it.
        """
        self._is_changed(buffer)
        memory = self._memories.get(buffer.int_ptr)
        if memory is not None:
            memory[:size_bytes] = 0
            return
        try:
            self.cl.enqueue_fill_buffer(self._desk.queue, buffer, np.uint32(0), 0, size_bytes)
        except self.cl.Error as error:
            raise self.died(error, "be written") from error

    def _hear(self) -> None:
        """Read what is told; the queue has nothing else to do."""
        if self._board is not None:
            self._board.hear(self.cl, self._desk.queue)

    def _all_change(self) -> None:
        """Kernels run from here on: what was told is old."""
        if self._board is not None:
            self._board.forget()

    def _is_changed(self, buffer: Handle) -> None:
        if self._board is not None:
            self._board.forget(buffer)

    def word(self, buffer: Handle, index: int) -> int:
        """One word of a buffer."""
        word = np.empty(1, np.uint32)
        self.read(word, buffer, index * word.itemsize)
        return int(word[0])

    def write_word(self, buffer: Handle, index: int, value: int) -> None:
        """Set one word of a buffer."""
        word = np.array([value], np.uint32)
        self.write(buffer, word, index * word.itemsize)

    def _is_staged(self, array: NDArray[np.generic]) -> bool:
        """Whether so much goes to or from memory of the device's own that pinned pieces are quicker."""
        station = self._program.station
        return station is not None and not station.device.is_cpu and array.nbytes >= LEAST_BYTES

    def _staging(self) -> Staging:
        assert self._program.station is not None
        return self._program.station.staging()

    def write_beside(self, buffer: Handle, array: NDArray[np.generic]) -> None:
        """Copy into a buffer while a kernel runs, through a second queue."""
        self._is_changed(buffer)
        if self._urgent is None:
            self._urgent = self.cl.CommandQueue(self._program.context)
        self.cl.enqueue_copy(self._urgent, buffer, array)
        self._urgent.finish()

    def read_beside(self, array: NDArray[np.generic], buffer: Handle, offset: int = 0) -> None:
        """Fill an array from a buffer while a kernel runs, through a queue for this alone; one thread at a time.

        Raises:
            KernelDiedError: The device failed.
        """
        try:
            if self._beside is None:
                self._beside = self.cl.CommandQueue(self._program.context)
            self.cl.enqueue_copy(self._beside, array, buffer, src_offset=offset)
        except self.cl.Error as error:
            raise self.died(error, "be read beside its kernel") from error

    def died(self, error: Exception, doing: str) -> DeviceError:
        """What to raise for an error of the driver, with which nothing is kept that it may have spoiled."""
        self.give_up()
        return KernelDiedError(
            f"the device cannot {doing} ({error})",
            where=self._program.device.name,
            fix="Try another device with --device; the ring on disk is unchanged",
        )

    def give_up(self) -> None:
        """Keep nothing of this device for those to come."""
        self._is_broken = True
        if self._program.station is not None:
            forget(self._program.station)

    def abandon(self) -> None:
        """Leave everything to a kernel that still works with it."""
        beside = self._urgent, self._beside
        _ABANDONED.append((self._program, self._desk, *beside, self._pieces, self._borrowed, self._board))
        self._pieces, self._borrowed, self._memories, self._board = [], [], {}, None

    def release(self) -> None:
        """Give the buffers back; the queue is empty."""
        pieces, borrowed = self._pieces, self._borrowed
        self._pieces, self._borrowed, self._memories, self._board = [], [], {}, None
        for buffer in borrowed:
            buffer.release()
        station = self._program.station
        if station is None or self._is_broken:
            for piece in pieces:
                piece.release()
            return
        for piece in reversed(pieces):  # the next session of this kind gets each in the same place
            self._desk.put(piece)
        station.leave(self._desk)


def _alignment(program: Program) -> int:
    """Where parts of a buffer may begin, in bytes."""
    bits: int = program.device.handle.mem_base_addr_align
    return max(bits // 8, _LEAST_BUFFER_BYTES)


def page_aligned(size_bytes: int) -> NDArray[np.uint8]:
    """Memory that starts on a page, with arbitrary content, u8, shape (size_bytes,)."""
    raw = np.empty(size_bytes + mmap.PAGESIZE, np.uint8)
    skip = -raw.ctypes.data % mmap.PAGESIZE
    return raw[skip : skip + size_bytes]


def bytes_of(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """A contiguous array as bytes."""
    return array.reshape(-1).view(np.uint8)


def _copy(into: NDArray[np.uint8], data: NDArray[np.uint8]) -> None:
    """Copy bytes, many of them on several threads."""

    if len(into) < BYTES_PER_THREAD:
        into[:] = data
        return

    def work(first: int, end: int) -> None:
        into[first:end] = data[first:end]

    in_parts(len(into), work, threads=1 + min(processors() - 1, len(into) // BYTES_PER_THREAD))
