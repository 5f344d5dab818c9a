"""A ring of mandelbrot tiles: real work with priorities, tenants and continuations. Imports numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.ops import op_codes
from vyrectl.task.arrays import SlotArray

VIEW_WORDS = 12
PLANES = 3

Counts = NDArray[np.uint32]
VIEW_HANDLE, COUNTS_HANDLE = 0, 1
TENANTS = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """What part of the plane is computed, and how finely.

    Attributes:
        width: Pixels.
        height: Pixels.
        tile_width: Pixels of a task.
        tile_height: Pixels of a task.
        iterations: Most iterations of a pixel.
        turn: Iterations after which a task yields.
        center: Real and imaginary part in the middle.
        span: Width of the picture in the plane.
    """

    width: int = 640
    height: int = 400
    tile_width: int = 32
    tile_height: int = 25
    iterations: int = 400
    turn: int = 100
    center: tuple[float, float] = (-0.7, 0.0)
    span: float = 3.2

    @property
    def tiles(self) -> int:
        """Tasks that the picture takes."""
        return -(-self.width // self.tile_width) * -(-self.height // self.tile_height)

    def view_words(self) -> NDArray[np.uint32]:
        """The operation's input: u32, shape (12,)."""
        words = np.zeros(VIEW_WORDS, np.uint32)
        step = self.span / self.width
        left = self.center[0] - self.span / 2
        top = self.center[1] - step * self.height / 2
        words[:6] = (self.width, self.height, self.tile_width, self.tile_height, self.iterations, self.turn)
        words[6:10] = np.array([left, top, step, step], np.float32).view(np.uint32)
        return words

    def buffers(self) -> BufferTable:
        """The view and the planes the tasks write."""
        planes = np.zeros((PLANES, self.height, self.width), np.uint32)
        return BufferTable(
            {VIEW_HANDLE: Buffer(self.view_words(), False), COUNTS_HANDLE: Buffer(planes, True)}
        )

    def slots(self) -> SlotArray:
        """One Ready task a tile: the middle first, the edges Idle, four tenants in turn."""
        slots = np.zeros(self.tiles, SLOT_DTYPE)
        numbers = np.arange(self.tiles)
        slots["state"] = int(TaskState.READY)
        slots["op_handle"] = op_codes()["mandelbrot"]
        slots["input_handle"], slots["output_handle"] = VIEW_HANDLE, COUNTS_HANDLE
        slots["param"] = numbers
        slots["task_id"] = numbers + 1
        slots["tenant_id"] = numbers % TENANTS
        slots["priority"] = self._priorities(numbers)
        return slots

    def _priorities(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        columns = -(-self.width // self.tile_width)
        rows = -(-self.height // self.tile_height)
        x = (numbers % columns + 0.5) / columns - 0.5
        y = (numbers // columns + 0.5) / rows - 0.5
        ring = np.maximum(np.abs(x), np.abs(y)) * 2
        return np.minimum((ring * len(TaskPriority)).astype(np.int64), int(TaskPriority.IDLE))


def counts_of(buffers: BufferTable) -> NDArray[np.uint32]:
    """The iteration counts of a finished picture, shape (height, width)."""
    counts: NDArray[np.uint32] = buffers.by_handle[COUNTS_HANDLE].array[0]
    return counts
