"""Why tasks of a launch are Faulted: by code and operation, from the slots themselves. Imports numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.faults import OUT_OF_RANGE, RESERVED_OP, UNKNOWN_OP, fault_meaning, fault_name
from vyrectl.abi.opcodes import (
    ATOMIC_ADD,
    BATCH_FENCE,
    COMPARE_SWAP,
    LOAD_U32,
    MEMCPY,
    PACKED_SLOT,
    STORE_U32,
)
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.launching.report_record import FaultRecord
from vyrectl.task.arrays import SlotArray
from vyrectl.task.parts import in_parts

_OF_CONTROL = frozenset({STORE_U32, ATOMIC_ADD, LOAD_U32, COMPARE_SWAP, MEMCPY, PACKED_SLOT})
"""Operations whose arguments are indices into the control buffer."""

MOST_GROUPS = 64
"""Groups that a report holds."""


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Tasks that were faulted with one code in one operation.

    Attributes:
        code: The fault code.
        op_handle: Id of the operation whose tasks faulted.
        count: Tasks that were faulted so.
        first_slot: The first of them.
    """

    code: int
    op_handle: int
    count: int
    first_slot: int

    def to_record(self, op_name: str | None) -> FaultRecord:
        """Every field, and the names."""
        return {
            "code": self.code,
            "name": fault_name(self.code),
            "meaning": fault_meaning(self.code),
            "runtime": runtime_instead(self.code, self.op_handle),
            "op_handle": self.op_handle,
            "op_name": op_name,
            "count": self.count,
            "first_slot": self.first_slot,
        }


NO_HANDLER = "the runtime's kernel ends such a task as Done"


def runtime_instead(code: int, op_handle: int) -> str | None:
    """What the runtime's own kernel does with a task that faults here; None where it is not known to differ."""
    if code in (UNKNOWN_OP, RESERVED_OP):
        return NO_HANDLER
    if code != OUT_OF_RANGE:
        return None
    if op_handle == BATCH_FENCE:
        return "the runtime's kernel raises the epoch without observable words"
    return "the runtime's kernel drops such an access" if op_handle in _OF_CONTROL else None


class FaultedBefore:
    """Remembers which slots were Faulted, a bit each.

    Args:
        slots: The ring before a launch.
        are_some: Whether any is; a look at each slot tells when None.
    """

    def __init__(self, slots: SlotArray, are_some: bool | None = None) -> None:
        self._bits = None if are_some is False else np.packbits(_faulted(slots))

    def groups(self, slots: SlotArray) -> tuple[FaultGroup, ...]:
        """Why slots are Faulted that were not, the commonest reason first, at most `MOST_GROUPS`.

        Args:
            slots: The ring after it, of the same length.
        """
        new = _faulted(slots)
        if self._bits is not None:
            new &= ~np.unpackbits(self._bits, count=len(slots)).view(bool)
        numbers = np.flatnonzero(new)
        codes = slots["continuation_data"][numbers].astype(np.uint64)
        keys = (codes << np.uint64(32)) | slots["op_handle"][numbers]
        found, firsts, counts = np.unique(keys, return_index=True, return_counts=True)
        order = np.lexsort((numbers[firsts], -counts))[:MOST_GROUPS]
        return tuple(
            FaultGroup(
                int(found[at]) >> 32, int(found[at]) & 0xFFFF_FFFF, int(counts[at]), int(numbers[firsts[at]])
            )
            for at in order.tolist()
        )


def _faulted(slots: SlotArray) -> NDArray[np.bool_]:
    states, mask = slots["state"], np.empty(len(slots), bool)

    def look(first: int, end: int) -> None:
        np.equal(states[first:end], int(TaskState.FAULTED), out=mask[first:end])

    in_parts(len(slots), look)
    return mask
