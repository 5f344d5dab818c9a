"""Tables of `bench host`: bytes a second beside their ceiling, whole commands beside an empty Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.bench.sizes import size_text
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.bench.records import HostAnswer, HostMeasure

MEMORY = (
    Column("what"),
    Column("slots", right=True),
    Column("median", right=True),
    Column("rate", right=True, rank=1),
    Column("share", right=True),
    Column("target", right=True),
    Column("met"),
)
START = (
    Column("command"),
    Column("slots", right=True),
    Column("median", right=True),
    Column("least", right=True, rank=1),
    Column("times Python", right=True),
    Column("target", right=True),
    Column("met"),
)
UNITS = {"share": "", "times": "x", "seconds": " s"}
SIGNS = {"share": ">=", "times": "<=", "seconds": "<="}


def view(record: HostAnswer) -> RenderableType:
    """Everything that was measured."""
    measures = record["measures"]
    memory = [_memory_row(row) for row in measures if row["section"] == "memory"]
    start = [_start_row(row) for row in measures if row["section"] == "start"]
    return Parts(
        [
            _head(record),
            FittedTable(MEMORY, memory, title="snapshot in the library; share of a sum of the same bytes"),
            FittedTable(START, start, title="whole commands"),
        ]
    )


def _head(record: HostAnswer) -> FittedTable:
    device = record["device"]
    rounds = f"{count_of(record['repeats'], 'round')} in turn, in {record['seconds']:.0f} s; medians"
    rows: list[tuple[str, str]] = [
        ("host", count_of(record["processors"], "processor")),
        ("device", "-" if device is None else f"{device['name']} ({device['platform']})"),
        ("measured", rounds),
        *(("skipped", reason) for reason in record["skipped"]),
    ]
    return FittedTable([Column("what"), Column("value", wrap=True)], rows, headed=False)


def _memory_row(row: HostMeasure) -> Sequence[Cell]:
    rate = f"{(row['wall_rate'] or 0) / 1e9:.1f} GB/s"
    share = "" if row["wall_share"] is None else f"{row['wall_share']:.2f}"
    return [row["name"], size_text(row["size"]), _time(row["wall_seconds"]), rate, share, *_target(row)]


def _start_row(row: HostMeasure) -> Sequence[Cell]:
    times = "" if row["wall_share"] is None else f"{1 / row['wall_share']:.1f}x"
    size = size_text(row["size"]) if row["size"] else ""
    least = _time(row["wall_seconds_least"])
    return [row["name"], size, _time(row["wall_seconds"]), least, times, *_target(row)]


def _target(row: HostMeasure) -> tuple[Cell, Cell]:
    if row["quantity"] is None:
        return "", ""
    wanted = f"{SIGNS[row['quantity']]} {row['target'] or 0:g}{UNITS[row['quantity']]}"
    return wanted, ("yes", "green") if row["met"] else ("no", "bold red")


def _time(seconds: float | None) -> str:
    return f"{(seconds or 0) * 1e3:.1f} ms"
