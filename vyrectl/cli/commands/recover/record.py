"""What `recover` says of the tasks that it recovered; see `vyrectl.edit.recover` for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from vyrectl.edit.recover import RecoveryRecord
from vyrectl.shapes import Count, Word


class RecoveredRow(TypedDict):
    """A recovered task as it is now."""

    slot: Count
    task_id: Word
    op_handle: Word
    op_name: str | None
    tenant_id: Word
    priority: Word
    continuation_pc: Word
    continuation_data: Word
    state: Word
    age_ticks: Word
    requeue_count: Word
    yield_count: Word


class RecoverAnswer(RecoveryRecord):
    """The answer of `recover`."""

    recovered: Iterable[RecoveredRow]
