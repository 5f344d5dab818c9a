"""What `ops` and `ops --check` say."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.opencl.op_check import OpFindingRecord
from vyrectl.shapes import Count, Seconds, Word


class OpRecord(TypedDict):
    """An operation and where it is declared."""

    op_handle: Word
    name: str
    doc: str
    source: str
    line: Count
    shipped: bool


class OpsAnswer(TypedDict):
    """The answer of `ops`."""

    ops: list[OpRecord]


class OpsCheckAnswer(OpsAnswer):
    """The answer of `ops --check`; `device` is None when nothing was compiled."""

    files: list[str]
    device: str | None
    build_seconds: Seconds
    error_count: Count
    warning_count: Count
    findings: list[OpFindingRecord]
