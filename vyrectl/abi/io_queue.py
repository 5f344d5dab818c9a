"""Layout of the I/O queue: records of 8 words by which a kernel asks its host to move data."""

from __future__ import annotations

from enum import IntEnum

from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.states import PROTOCOL_STATE_NAMES, TaskState

IO_RECORD_WORDS = 8
IO_RECORD_BYTES = IO_RECORD_WORDS * WORD_BYTES

MAX_IO_RECORDS = 64
"""Most records of a queue: 2 048 bytes."""


class IoOp(IntEnum):
    """What is asked of the host; 0 is a record that nobody wrote."""

    READ = 1
    WRITE = 2
    FENCE = 3


OK = 0x10
ERROR = 0x11

IO_STATUS_NAMES: dict[int, str] = {
    **{int(state): name for state, name in PROTOCOL_STATE_NAMES.items()},
    OK: "OK",
    ERROR: "ERROR",
}
"""A record's status: a slot's status under the protocol's names, or how the request ended."""

IO_FREE = int(TaskState.EMPTY)
"""Status of a record that may be written anew."""
