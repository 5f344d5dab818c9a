"""Fault codes that the engine itself writes into continuation_data; user codes stay below 0xFFFFFF00."""

from __future__ import annotations

from typing import Final

from vyrectl.dataclass import dataclass

FIRST_ENGINE_FAULT = 0xFFFF_FF00
"""Codes from here on belong to the engine; `fault(code)` from an operation must stay below."""


FAULT: Final = "fault_name"
"""The column of why a slot is Faulted: its continuation_data; of any other slot there is none."""

NO_FAULT: Final = 1 << 32
"""Stands in that column for the fault code of a slot that is not Faulted: no word has this value."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One engine fault."""

    code: int
    name: str
    meaning: str


UNKNOWN_OP = 0xFFFF_FF01
BAD_HANDLE = 0xFFFF_FF02
OUT_OF_RANGE = 0xFFFF_FF03
COUNTER_OVERFLOW = 0xFFFF_FF04
BAD_ARGUMENT = 0xFFFF_FF05
BAD_TYPE = 0xFFFF_FF06
BAD_OUTCOME = 0xFFFF_FF07
RESERVED_OP = 0xFFFF_FF08
READ_ONLY = 0xFFFF_FF09
ORPHANED = 0xFFFF_FF0A
LOST_CHILDREN = 0xFFFF_FF0B

ENGINE_FAULTS: tuple[Fault, ...] = (
    Fault(UNKNOWN_OP, "unknown_op", "no operation has this op_handle"),
    Fault(BAD_HANDLE, "bad_handle", "a handle names no buffer of this launch"),
    Fault(OUT_OF_RANGE, "out_of_range", "an access would leave its buffer"),
    Fault(COUNTER_OVERFLOW, "counter_overflow", "yield_count, requeue_count or age_ticks is at 4294967295"),
    Fault(BAD_ARGUMENT, "bad_argument", "the operation cannot work with this param or argument record"),
    Fault(BAD_TYPE, "bad_type", "a buffer's element type does not suit the operation"),
    Fault(BAD_OUTCOME, "bad_outcome", "the operation ended in a way the wire cannot hold"),
    Fault(RESERVED_OP, "reserved_op", "the wire reserves this opcode and gives it no body"),
    Fault(READ_ONLY, "read_only", "the operation writes a buffer that was given as an input"),
    Fault(
        ORPHANED,
        "orphaned",
        "its launch died over it; ended by recover --as faulted, or may not run twice",
    ),
    Fault(
        LOST_CHILDREN,
        "lost_children",
        "it waited for children, and its task_id no longer tells which they are",
    ),
)

_BY_CODE: dict[int, Fault] = {fault.code: fault for fault in ENGINE_FAULTS}


def fault_name(code: int) -> str:
    """``out_of_range`` for an engine's code, ``user(7)`` for a user's, else ``engine(4294967040)``."""
    fault = _BY_CODE.get(code)
    if fault is not None:
        return fault.name
    return f"user({code})" if code < FIRST_ENGINE_FAULT else f"engine({code})"


def fault_meaning(code: int) -> str:
    """One line that explains a fault code."""
    fault = _BY_CODE.get(code)
    return fault.meaning if fault is not None else "a code that the operation chose"
