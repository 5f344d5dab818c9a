"""Partitions of a ring: the classes by which the runtime's priority kernel goes (control words 129-134).

Its publishers write Normal into word 3 of every slot, so that word says nothing about them. Standard library only. The
invariant: a control buffer without partitions, or whose offsets do not ascend, gives none.
"""

from __future__ import annotations

import struct
from bisect import bisect_right

from vyrectl.abi.control import PRIORITY_OFFSETS
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.states import TaskPriority, priority_name
from vyrectl.dataclass import dataclass

PARTITION = "partition_name"
"""Key of the class by partition, where a record holds a slot's."""

_OFFSETS = struct.Struct("<6I")


@dataclass(frozen=True, slots=True)
class Partitions:
    """First slot of each class, then the slot total.

    Attributes:
        offsets: Six slot numbers, ascending.
    """

    offsets: tuple[int, ...]

    @classmethod
    def of_control(cls, data: bytes) -> Partitions | None:
        """Those of a control buffer, at least 135 words; None when it has none."""
        offsets = _OFFSETS.unpack_from(data, PRIORITY_OFFSETS.first * WORD_BYTES)
        return cls(offsets) if any(offsets) and list(offsets) == sorted(offsets) else None

    def index(self, slot: int) -> int:
        """Which partition a slot lies in: -1 before the first, 5 behind the last."""
        return bisect_right(self.offsets, slot) - 1

    def name(self, slot: int) -> str | None:
        """Name of a slot's class; None outside all partitions."""
        found = self.index(slot)
        return priority_name(found) if 0 <= found < len(TaskPriority) else None
