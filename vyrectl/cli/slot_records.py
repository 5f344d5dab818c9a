"""Slots as records: their words, names, meanings and relatives, as several commands print them.

The invariant: a word's key is its name in `vyrectl.abi.slot`. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypedDict, final

from vyrectl.abi.slot import FIELD_NAMES, FIELDS, PAYLOAD_FIRST
from vyrectl.ring.reading import Abi
from vyrectl.shapes import Among, Bounds, Count, Word
from vyrectl.task.lifecycle import TRANSITIONS

ARGUMENT_NAMES = tuple(f"arg{field.index - PAYLOAD_FIRST}" for field in FIELDS[PAYLOAD_FIRST:])
"""What words 4 to 15 are called where they are arguments and no task's."""

FieldName = Annotated[str, Among(FIELD_NAMES)]


class SlotWords(TypedDict):
    """The 16 words of a slot."""

    state: Word
    op_handle: Word
    tenant_id: Word
    priority: Word
    input_handle: Word
    output_handle: Word
    param: Word
    continuation_pc: Word
    continuation_data: Word
    resume_epoch: Word
    task_id: Word
    parent_task_id: Word
    age_ticks: Word
    requeue_count: Word
    yield_count: Word
    flags: Word


class SlotNames(TypedDict):
    """The names of those words that have one; None where the word has none."""

    state_name: str
    priority_name: str
    op_name: str | None
    flag_names: list[str]
    fault_name: str | None


class SlotRecord(SlotWords, SlotNames):
    """A slot in words and names."""

    is_schedulable: bool


class NumberedSlot(SlotRecord):
    """A slot of a ring."""

    slot: Count


class WordRow(TypedDict):
    """One word of a slot and what it means there."""

    word: Annotated[int, Bounds(0, 15)]
    name: Annotated[str, Among((*FIELD_NAMES, *ARGUMENT_NAMES))]
    value: Word
    hex: str
    meaning: str


class WordChange(TypedDict):
    """A word that an action would write; `new` is None where an argument of it decides."""

    field: FieldName
    old: Word
    new: Word | None
    argument: str | None


class ActionRow(TypedDict):
    """What a lifecycle action would do to a slot, or why it may not."""

    action: Annotated[str, Among(TRANSITIONS)]
    arguments: list[str]
    allowed: bool
    reason: str | None
    changes: list[WordChange]


class RelativeRecord(TypedDict):
    """A parent or child of a task."""

    slot: Count
    state: Word
    state_name: str
    op_handle: Word
    op_name: str | None
    task_id: Word
    age_ticks: Word


class PackedRow(TypedDict):
    """An inner operation of a packed slot; `arguments` is None where they lie outside the slot."""

    index: Count
    opcode: Count
    offset: Count
    op_name: str | None
    arguments: list[Word] | None
    runs: bool
    idle_reason: str | None


class PackedBeside(TypedDict, total=False):
    """What stands beside a packed slot's words."""

    packed: list[PackedRow]


@final
class DecodedSlot(SlotRecord, PackedBeside):
    """A slot word by word."""

    words: list[WordRow]


class DecodedNumbered(NumberedSlot, PackedBeside):
    """One of several slots word by word."""

    words: list[WordRow]


@final
class DecodedSlots(TypedDict):
    """Several slots word by word."""

    slots: list[DecodedNumbered]


ListedRow = Mapping[str, Any]
"""A slot of a list, with the keys that `--columns` chose.

Any: a word is an int, a name a text or None, the flags a list of texts, and which keys there are only the user knows.
"""


class ListedRecord(TypedDict):
    """What every list of slots begins with."""

    ring: str
    total: Count
    matched: Count
    shown: Count


class ListingRecord(ListedRecord):
    """Slots in a list or a tree."""

    slots: Iterable[ListedRow]


class GroupsHead(ListedRecord):
    """What slots were counted by, and how many groups came of it."""

    by: list[FieldName]
    groups_total: Count


class GroupsRecord(GroupsHead):
    """Slots counted by some of their words."""

    groups: Iterable[ListedRow]


class WrittenRecord(ListedRecord):
    """A list that went into a file."""

    output: str
    columns: list[str]


class PartitionBeside(TypedDict, total=False):
    """With `--control`, the class of a slot's partition; None outside all partitions."""

    partition_name: str | None


class NamedSlot(NumberedSlot):
    """A slot of a ring that is named."""

    ring: str


class FlatSlot(NamedSlot, PartitionBeside):
    """A slot of a ring, and the class of its partition where that was asked for."""


class FullSlot(FlatSlot, PackedBeside):
    """One slot in full."""

    reading: Annotated[str, Among((Abi.TASK, Abi.PROTOCOL))]
    words: list[WordRow]
    actions: list[ActionRow]
    parents: list[RelativeRecord]
    children: list[RelativeRecord]
