"""Table of `bench wall`: what a user waits for, beside its floor and its time on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.bench.sizes import size_text
from vyrectl.cli.commands.bench.view import seconds_text
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.bench.records import WallAnswer, WallMeasure

COLUMNS = (
    Column("what"),
    Column("slots", right=True),
    Column("wall clock", right=True),
    Column("least", right=True, rank=2),
    Column("device", right=True, rank=1),
    Column("times it", right=True),
    Column("target", right=True),
    Column("met"),
    Column("beside", wrap=True),
)


def view(record: WallAnswer) -> RenderableType:
    """Everything that was measured."""
    device = record["device"]
    rounds = f"{count_of(record['repeats'], 'round')} in turn, in {record['seconds']:.0f} s; medians"
    head: list[tuple[str, str]] = [
        ("device", f"{device['name']} ({device['platform']})"),
        ("measured", rounds),
    ]
    return Parts(
        [
            FittedTable([Column("what"), Column("value", wrap=True)], head, headed=False),
            FittedTable(COLUMNS, [_row(one) for one in record["measures"]], title="what a user waits for"),
        ]
    )


def _row(row: WallMeasure) -> Sequence[Cell]:
    return [
        row["name"],
        size_text(row["size"]) if row["size"] else "",
        seconds_text(row["wall_seconds"]),
        seconds_text(row["wall_seconds_least"]),
        "" if row["device_seconds"] is None else seconds_text(row["device_seconds"]),
        "" if row["times_device"] is None else f"{row['times_device']:.2f}x",
        "" if row["target"] is None else f"<= {row['target']:g}x",
        "" if row["met"] is None else ("yes", "green") if row["met"] else ("no", "bold red"),
        "" if row["times_floor"] is None else f"{row['times_floor']:.1f} x {row['beside']}",
    ]
