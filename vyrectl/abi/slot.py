"""The 16 words of a slot (spec 1.2), in order, as data."""

from __future__ import annotations

import struct
from typing import Literal

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS
from vyrectl.dataclass import dataclass

FieldKind = Literal["state", "op", "priority", "flags", "number", "counter", "epoch", "id"]


@dataclass(frozen=True, slots=True)
class Field:
    """One word of a slot.

    Attributes:
        index: Word index, 0-15; the byte offset is four times that.
        name: The spec's name, which is also the dtype field, the JSON key and the `--where` column.
        kind: How a reader wants it shown.
        meaning: One line for tables and help.
    """

    index: int
    name: str
    kind: FieldKind
    meaning: str

    @property
    def offset_bytes(self) -> int:
        """Byte offset inside the slot."""
        return self.index * 4


_ROWS: tuple[tuple[str, FieldKind, str], ...] = (
    ("state", "state", "lifecycle state; a claim is a compare-and-swap of this word"),
    ("op_handle", "op", "operation to run"),
    ("tenant_id", "number", "tenant, checked before a claim"),
    ("priority", "priority", "priority class"),
    ("input_handle", "number", "handle of the input buffer"),
    ("output_handle", "number", "handle of the output buffer"),
    ("param", "number", "a value for the operation, or an index into its argument table"),
    ("continuation_pc", "number", "where the operation resumes"),
    ("continuation_data", "number", "scratch kept for the operation; the fault code once Faulted"),
    ("resume_epoch", "epoch", "epoch from which a paused task may resume"),
    ("task_id", "id", "stable id"),
    ("parent_task_id", "id", "id of the parent, 0 for none"),
    ("age_ticks", "counter", "scheduler age"),
    ("requeue_count", "counter", "times requeued"),
    ("yield_count", "counter", "times yielded"),
    ("flags", "flags", "flag bits"),
)

FIELDS: tuple[Field, ...] = tuple(
    Field(index, name, kind, meaning) for index, (name, kind, meaning) in enumerate(_ROWS)
)

FIELD_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)
FIELD_INDEX: dict[str, int] = {field.name: field.index for field in FIELDS}
FIELD_ALIASES: dict[str, str] = {
    "op": "op_handle",
    "tenant": "tenant_id",
    "input": "input_handle",
    "output": "output_handle",
    "pc": "continuation_pc",
    "data": "continuation_data",
    "epoch": "resume_epoch",
    "task": "task_id",
    "parent": "parent_task_id",
    "age": "age_ticks",
    "requeues": "requeue_count",
    "yields": "yield_count",
}
"""Short names, for column headings and for people who type; wherever a field is named, these work too."""

WORK_ITEM_FIELDS: tuple[str, ...] = ("op_handle", "input_handle", "output_handle", "param")
"""The legacy work item (words 1, 4, 5, 6), in its own order."""

PAYLOAD_FIRST = 4
PAYLOAD_WORDS = SLOT_WORDS - PAYLOAD_FIRST
"""Words 4 to 15: the arguments of a published operation (spec 3.3)."""

SLOT_STRUCT = struct.Struct("<16I")
"""Packs and unpacks the 16 words of one slot."""

assert len(FIELDS) == SLOT_WORDS
assert SLOT_STRUCT.size == SLOT_BYTES
