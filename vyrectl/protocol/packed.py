"""Packed slots (spec 3.4): several small operations in the 12 payload words of one slot. Standard library only.

    byte 0    number of inner operations
    byte 1    argument words in total
    byte 2..  per operation: opcode, offset of its arguments in words
    then      zeros up to a whole word, then the argument words, from which the offsets count

A device runs the first four, and of these only those whose three argument words at their offset lie inside the
payload; what it would leave out is told by `PackedOp.idle_reason`, since the wire itself does not refuse it.
"""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.abi.limits import U32_MAX, WORD_BYTES
from vyrectl.abi.slot import PAYLOAD_WORDS
from vyrectl.dataclass import dataclass
from vyrectl.errors import UsageError
from vyrectl.numbers import is_whole
from vyrectl.protocol.words import pack_words

MOST_RUN = 4
"""Inner operations that a device runs."""

OP_ARGUMENTS = 3
"""Argument words that each of them reads."""

MOST_OPCODE = 0xFF
_HEAD_BYTES = 2
_OP_BYTES = 2

InnerOp = tuple[int, Sequence[int]]
"""Opcode (u8) and argument words."""


@dataclass(frozen=True, slots=True)
class PackedOp:
    """One inner operation of a decoded payload.

    Attributes:
        index: Its number, from 0.
        opcode: u8.
        offset: Where its arguments begin, in words from the first argument word.
        arguments: The three words that it reads; None when they are not all inside the payload.
        runs: Whether a device runs it.
    """

    index: int
    opcode: int
    offset: int
    arguments: tuple[int, ...] | None
    runs: bool

    @property
    def idle_reason(self) -> str | None:
        """Why a device leaves it out, or None."""
        if self.runs:
            return None
        if self.index >= MOST_RUN:
            return f"only the first {MOST_RUN} run"
        return f"its {OP_ARGUMENTS} argument words do not lie inside the payload"


@dataclass(frozen=True, slots=True)
class PackedPayload:
    """What the payload of a packed slot says.

    Attributes:
        count: Inner operations by its own account (byte 0).
        argument_words: Argument words by its own account (byte 1).
        ops: Those whose opcode and offset lie inside the payload.
    """

    count: int
    argument_words: int
    ops: tuple[PackedOp, ...]


def encode_packed(ops: Sequence[InnerOp]) -> tuple[int, ...]:
    """The 12 payload words of a packed slot.

    Raises:
        UsageError: An opcode past 255, an argument that is no u32, or more than 12 words in all.
    """
    arguments: list[int] = []
    head = bytearray([min(len(ops), 0xFF), 0])
    for number, (opcode, own) in enumerate(ops):
        if not is_whole(opcode) or not 0 <= opcode <= MOST_OPCODE:
            raise UsageError(
                f"inner operation {number} has opcode {opcode}",
                fix=f"Only opcodes up to {MOST_OPCODE} can be packed",
            )
        if not all(is_whole(word) and 0 <= word <= U32_MAX for word in own):
            raise UsageError(f"an argument of inner operation {number} is no u32")
        head += bytes((opcode, min(len(arguments), 0xFF)))
        arguments += own
    head += bytes(-len(head) % WORD_BYTES)
    words = len(head) // WORD_BYTES + len(arguments)
    if words > PAYLOAD_WORDS:
        raise UsageError(
            f"the packed operations take {words} words and a slot has {PAYLOAD_WORDS}",
            fix="Pack fewer operations, or fewer arguments",
        )
    head[1] = len(arguments)
    payload = bytes(head) + pack_words(arguments)
    payload += bytes(PAYLOAD_WORDS * WORD_BYTES - len(payload))
    return tuple(int.from_bytes(payload[at : at + 4], "little") for at in range(0, len(payload), WORD_BYTES))


def decode_packed(payload: Sequence[int]) -> PackedPayload:
    """Read the payload of a packed slot, whatever it holds.

    Args:
        payload: Words 4 to 15 of the slot.
    """
    data = pack_words(payload)
    count = data[0]
    first = metadata_words(count)
    shown = min(count, (len(data) - _HEAD_BYTES) // _OP_BYTES)
    return PackedPayload(count, data[1], tuple(_op(data, payload, number, first) for number in range(shown)))


def metadata_words(count: int) -> int:
    """Words in front of the arguments of so many inner operations."""
    return -(-(_HEAD_BYTES + count * _OP_BYTES) // WORD_BYTES)


def _op(data: bytes, payload: Sequence[int], number: int, first: int) -> PackedOp:
    at = _HEAD_BYTES + number * _OP_BYTES
    opcode, offset = data[at], data[at + 1]
    start = first + offset
    arguments = tuple(payload[start : start + OP_ARGUMENTS])
    whole = len(arguments) == OP_ARGUMENTS
    return PackedOp(number, opcode, offset, arguments if whole else None, whole and number < MOST_RUN)
