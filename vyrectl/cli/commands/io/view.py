"""Table of `io`: the requests of an I/O queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.io import IoRow
    from vyrectl.cli.commands.io.record import IoAnswer

COLUMNS = (
    Column("record", right=True),
    Column("op"),
    Column("source", right=True),
    Column("destination", right=True),
    Column("offset", right=True, rank=1),
    Column("bytes", right=True),
    Column("status"),
    Column("tag", right=True),
    Column("wrong", wrap=True),
)
STYLES = {"OK": "green", "ERROR": "bold red", "FAULT": "bold red", "PUBLISHED": "green", "EMPTY": "dim"}


def view(record: IoAnswer) -> RenderableType:
    """The requests, with how many are in which status in the line above."""
    counts = ", ".join(
        f"{row['records']} {row['status_name'] or row['status']}" for row in record["by_status"]
    )
    title = f"{plain(record['queue'])}: {record['used']} of {count_of(record['capacity'], 'record')} in use"
    title += f" ({counts})" if counts else ""
    columns = COLUMNS if record["wrong"] else COLUMNS[:-1]
    if not record["records"]:
        return title
    return FittedTable(
        columns, CellRows(record["records"], lambda row: _cells(row)[: len(columns)]), title=title
    )


def _cells(row: IoRow) -> Sequence[Cell]:
    status = row["status_name"] or str(row["status"])
    return (
        str(row["record"]),
        row["op_name"] or str(row["op"]),
        *map(str, (row["source"], row["destination"], row["offset"], row["bytes"])),
        (status, STYLES.get(status, "")),
        str(row["tag"]),
        row["wrong"] or "",
    )
