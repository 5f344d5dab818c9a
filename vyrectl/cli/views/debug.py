"""Table of `debug`: the records of a debug log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of

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
    return FittedTable(COLUMNS, _Cells(record["records"]), title=title)


class _Cells:
    """Rows as cells, made when they are needed."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            numbers = (str(row[key]) for key in ("index", "slot", "format_id", "arg0", "arg1"))
            yield *numbers, row["text"] or ""
