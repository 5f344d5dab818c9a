"""Table of `debug`: the records of a debug log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = (
    Column("record", right=True),
    Column("slot", right=True),
    Column("format", right=True),
    Column("arg0", right=True, rank=1),
    Column("arg1", right=True, rank=1),
    Column("text", wrap=True),
)


def view(record: Mapping[str, Any]) -> RenderableType:
    """The records, with how many were dropped in the line above."""
    title = f"{plain(record['log'])}: {count_of(record['total'], 'record')} of {record['capacity']}"
    if record["dropped"]:
        title += f", {record['dropped']} dropped because it was full"
    return FittedTable(COLUMNS, CellRows(record["records"], _cells), title=title)


def _cells(row: Mapping[str, Any]) -> Sequence[Cell]:
    return *(str(row[key]) for key in ("index", "slot", "format_id", "arg0", "arg1")), row["text"] or ""
