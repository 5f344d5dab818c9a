"""A second command queue, which reads and writes a job's buffers beside its running kernel.

For devices whose memory the host does not share. Writes go out in the order in which they are made; what they are
made from is kept until `finish`. One thread at a time: the caller locks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.errors import DeviceError, KernelDiedError
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.task.arrays import SlotArray


class SideQueue:
    """Reads and writes beside the rounds.

    Args:
        context: pyopencl context of the buffers.
        ring: The ring's buffer.
        control: The control buffer's.
        live: The live words' (`vyrectl.abi.live`), without the control buffer.
        capacity: Places of the inbox in it.
        device: Name of the device, for errors.
    """

    def __init__(
        self, context: Handle, ring: Handle, control: Handle, live: Handle, capacity: int, device: str
    ) -> None:
        self._cl = pyopencl()
        self._queue = self._cl.CommandQueue(context)
        self._ring, self._control, self._live = ring, control, live
        self._device = device
        self._kept: list[NDArray[np.generic]] = []
        self.capacity = capacity

    def slots(self, first: int, count: int) -> SlotArray:
        """A copy of consecutive slots as they are now."""
        slots = np.empty(count, SLOT_DTYPE)
        if count:
            self._read(slots.view(np.uint8), self._ring, first * SLOT_BYTES)
        return slots

    def write_words(self, slot: int, word: int, words: NDArray[np.uint32]) -> None:
        """Write consecutive words of a slot, or of several, from one of them on."""
        self._write(self._ring, words, slot * SLOT_BYTES + word * WORD_BYTES)

    def control(self, word: int) -> int:
        """One word of the control buffer."""
        return self._word(self._control, word)

    def write_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer."""
        self._write(self._control, np.array([value], np.uint32), word * WORD_BYTES)

    def live(self, word: int) -> int:
        """One of the live words."""
        return self._word(self._live, word)

    def write_live(self, word: int, value: int) -> None:
        """Write one of the live words."""
        self._write(self._live, np.array([value], np.uint32), word * WORD_BYTES)

    def finish(self) -> None:
        """Wait until every write has been made."""
        try:
            self._queue.finish()
        except self._cl.Error as error:
            raise self._died(error) from error
        self._kept.clear()

    def _word(self, buffer: Handle, word: int) -> int:
        value = np.empty(1, np.uint32)
        self._read(value, buffer, word * WORD_BYTES)
        return int(value[0])

    def _read(self, array: NDArray[np.generic], buffer: Handle, offset: int) -> None:
        try:
            self._cl.enqueue_copy(self._queue, array, buffer, src_offset=offset)
        except self._cl.Error as error:
            raise self._died(error) from error

    def _write(self, buffer: Handle, array: NDArray[np.generic], offset: int) -> None:
        self._kept.append(array)
        try:
            self._cl.enqueue_copy(self._queue, buffer, array, dst_offset=offset, is_blocking=False)
        except self._cl.Error as error:
            raise self._died(error) from error

    def _died(self, error: Exception) -> DeviceError:
        return KernelDiedError(
            f"the device cannot be reached beside its kernel ({error})", where=self._device
        )
