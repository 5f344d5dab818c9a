"""Table of `debug`: the records of a debug log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.debug.record import DebugAnswer
    from vyrectl.cli.debug_rows import DebugRow

COLUMNS = (
    Column("record", right=True),
    Column("slot", right=True),
    Column("format", right=True),
    Column("arg0", right=True, rank=1),
    Column("arg1", right=True, rank=1),
    Column("text", wrap=True),
)


def view(record: DebugAnswer) -> RenderableType:
    """The records, with how many were dropped in the line above."""
    title = f"{plain(record['log'])}: {count_of(record['total'], 'record')} of {record['capacity']}"
    if record["dropped"]:
        title += f", {record['dropped']} dropped because it was full"
    return FittedTable(COLUMNS, CellRows(record["records"], _cells), title=title)


def _cells(row: DebugRow) -> Sequence[Cell]:
    numbers = (row["index"], row["slot"], row["format_id"], row["arg0"], row["arg1"])
    return *map(str, numbers), row["text"] or ""
