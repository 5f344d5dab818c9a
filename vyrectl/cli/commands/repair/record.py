"""What `repair` says of the tasks that it repaired; see `vyrectl.edit.repair` for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from vyrectl.edit.repair import RepairRecord
from vyrectl.shapes import Count, Word


class RepairedRow(TypedDict):
    """A repaired task as it is now, and the fault that it had."""

    slot: Count
    fault_code: Word
    fault_name: str
    op_name: str | None
    task_id: Word
    op_handle: Word
    tenant_id: Word
    priority: Word
    state: Word
    continuation_pc: Word
    continuation_data: Word


class RepairAnswer(RepairRecord):
    """The answer of `repair`."""

    repaired: Iterable[RepairedRow]
