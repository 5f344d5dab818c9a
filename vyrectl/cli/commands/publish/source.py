"""What `publish` is asked to publish, as slots: items from the command line or work items from a table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES, WORK_ITEM_FIELDS
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.cli.items import Item, parse_items
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.publish import Words, batch_words, load_miss_words, packed_words, task_words

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

DEFAULTS = {"state": int(TaskState.READY), "priority": int(TaskPriority.NORMAL)}
"""What a table's reader puts where a column is missing; task_id is the row's number from 1."""


def planned_tasks(
    items: Sequence[str], table: Path | None, tenant: int, *, batch: bool, tag: int, packed: bool
) -> list[Words]:
    """The slots to publish, in order.

    Args:
        items: `OP:ARG,ARG...` each.
        table: A table of work items instead.
        tenant: Their tenant.
        batch: Close them with a fence.
        tag: The fence's tag.
        packed: Put all of them into one slot.

    Raises:
        UsageError: Nothing to publish, or something that is not publishable.
        FileError: The table cannot be read.
        InvalidInputError: The table holds something else than work items.
    """
    if table is not None and items:
        raise UsageError("items and --from exclude each other", fix="Leave one of them out")
    parsed = parse_items(items) if table is None else read_work_items(table)
    if packed:
        return [packed_words(tenant, parsed)]
    if batch:
        return batch_words(tenant, parsed, tag)
    if not parsed:
        raise UsageError(
            "nothing to publish was given", fix="Name an operation: publish RING store_u32:5,180"
        )
    return [task_words(tenant, opcode, arguments) for opcode, arguments in parsed]


def planned_load_miss(resource: int, *, prefetch: bool) -> list[Words]:
    """A load-miss slot (spec 3.6)."""
    return [load_miss_words(resource, prefetch=prefetch)]


def read_work_items(path: Path) -> list[Item]:
    """Legacy work items from JSON lines, or from CSV with a header; the first character tells which.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds anything but op_handle, input_handle, output_handle and param.
    """
    from vyrectl.engine.ops import float_codes, op_codes
    from vyrectl.ring.tables import read_csv, read_jsonl

    data = read_whole(path, doing="read the work items")
    read = read_jsonl if data.lstrip(_BLANKS)[:1] in (b"{", b"") else read_csv
    slots = read(io.BytesIO(data), op_codes=op_codes(), source=str(path), float_ops=float_codes())
    _check_only_items(slots, path)
    columns = [slots[name].tolist() for name in WORK_ITEM_FIELDS]
    return [(op, tuple(arguments)) for op, *arguments in zip(*columns, strict=True)]


_BLANKS = b" \t\r\n\xef\xbb\xbf"


def _check_only_items(slots: SlotArray, path: Path) -> None:
    """A publisher writes every other word by its own rules, so that a table may not give them."""
    for name in FIELD_NAMES:
        if name in WORK_ITEM_FIELDS or FIELD_INDEX[name] == FIELD_INDEX["task_id"]:
            continue
        odd = (slots[name] != DEFAULTS.get(name, 0)).nonzero()[0]
        if len(odd):
            raise InvalidInputError(
                f"task {int(odd[0]) + 1} gives {name}, which a work item has not",
                where=str(path),
                fix="Give op, input, output and param alone, or use `build`",
            )
