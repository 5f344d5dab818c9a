"""What the payload words of PRINTF, LOAD_MISS and PACKED_SLOT say (spec 3.2-3.6). Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.abi.opcodes import LOAD_MISS, PACKED_SLOT, PRINTF
from vyrectl.abi.slot import FIELD_INDEX, PAYLOAD_FIRST
from vyrectl.cli.slot_records import PackedRow
from vyrectl.protocol.packed import OP_ARGUMENTS, PackedPayload, decode_packed, metadata_words

_OP = FIELD_INDEX["op_handle"]

_SIMPLE: dict[int, tuple[str, ...]] = {
    PRINTF: ("format id", "first argument of the record", "second argument of the record"),
    LOAD_MISS: ("resource", "non-zero for a prefetch"),
}


def payload_meaning(index: int, words: Sequence[int]) -> str | None:
    """What a payload word means to these operations; None for any other word or operation."""
    place, op = index - PAYLOAD_FIRST, words[_OP]
    if place < 0:
        return None
    if op in _SIMPLE:
        return _SIMPLE[op][place] if place < len(_SIMPLE[op]) else "not looked at"
    return _packed_meaning(place, decode_packed(words[PAYLOAD_FIRST:])) if op == PACKED_SLOT else None


def packed_rows(words: Sequence[int]) -> list[PackedRow] | None:
    """The inner operations of a packed slot; None for any other slot."""
    if words[_OP] != PACKED_SLOT:
        return None
    return [
        {
            "index": op.index,
            "opcode": op.opcode,
            "op_name": _label(op.opcode),
            "offset": op.offset,
            "arguments": None if op.arguments is None else list(op.arguments),
            "runs": op.runs,
            "idle_reason": op.idle_reason,
        }
        for op in decode_packed(words[PAYLOAD_FIRST:]).ops
    ]


def _packed_meaning(place: int, packed: PackedPayload) -> str:
    first = metadata_words(packed.count)
    if place == 0:
        return f"packed: {packed.count} operations, {packed.argument_words} argument words"
    if place < first:
        return "packed: opcodes and argument offsets"
    readers = [
        _label(op.opcode) or f"opcode {op.opcode}"
        for op in packed.ops
        if op.runs and 0 <= place - first - op.offset < OP_ARGUMENTS
    ]
    return f"packed: read by {', '.join(readers)}" if readers else "packed: not read"


def _label(opcode: int) -> str | None:
    from vyrectl.engine.ops import op_name

    return op_name(opcode)
