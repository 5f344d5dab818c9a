"""Table of `bench devices`: one ring on one device and on several, and on Dask's workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.commands.bench.view import seconds_text
from vyrectl.cli.views.cells import Cell, Column, FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.bench.records import DevicesAnswer, DevicesFigure

COLUMNS = (Column("what"), Column("figure", right=True), Column("target", right=True), Column("met"))


def view(record: DevicesAnswer) -> RenderableType:
    """Every figure."""
    title = f"one ring of {record['slots']} slots on {', '.join(record['devices'])}"
    return FittedTable(COLUMNS, [_row(one) for one in record["figures"]], title=title)


def _row(row: DevicesFigure) -> Sequence[Cell]:
    is_time = row["unit"] == "seconds"
    sign = "<=" if is_time or "plain launch" in row["name"] else ">="
    return [
        row["name"],
        seconds_text(row["value"]) if is_time else f"{row['value']:.2f}x",
        "" if row["target"] is None else f"{sign} {row['target']:g}{' s' if is_time else 'x'}",
        "" if row["met"] is None else ("yes", "green") if row["met"] else ("no", "bold red"),
    ]
