"""What `debug` says of a log."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.cli.debug_rows import DebugRow
from vyrectl.shapes import Count, Word


class DebugAnswer(TypedDict):
    """The answer of `debug`."""

    log: str
    cursor: Word
    capacity: Count
    total: Count
    dropped: Count
    trailing_bytes: Count
    records: list[DebugRow]
