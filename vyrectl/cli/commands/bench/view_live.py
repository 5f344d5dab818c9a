"""The table of `bench live`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Column, FittedTable
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.bench.records import LiveAnswer, LiveFigure

COLUMNS = (
    Column("what"),
    Column("median", right=True),
    Column("p99", right=True, rank=1),
    Column("of", right=True, rank=2),
    Column("target", right=True),
    Column("met"),
)
_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_AT_MOST = {"seconds": "<=", "tasks/s": ">=", "count": "<="}


def view(record: LiveAnswer) -> RenderableType:
    """Everything that was measured."""
    head = [("device", record["device"]), ("measured", f"in {record['seconds']:.0f} s")]
    head += [("skipped", reason) for reason in record["skipped"]]
    columns = [Column("what"), Column("value", wrap=True)]
    return Parts(
        [
            FittedTable(columns, head, title="a running launch", headed=False),
            FittedTable(COLUMNS, [_row(figure) for figure in record["figures"]]),
        ]
    )


def _row(figure: LiveFigure) -> tuple[str, ...]:
    unit, target = figure["unit"], figure["target"]
    return (
        figure["name"],
        _value(figure["value"], unit),
        "" if figure["p99"] is None else _value(figure["p99"], unit),
        str(figure["count"]),
        "" if target is None else f"{_AT_MOST[unit]} {_value(target, unit)}",
        {None: "", True: "yes", False: "no"}[figure["met"]],
    )


def _value(value: float, unit: str) -> str:
    if unit == "seconds":
        scale, name = next(((s, n) for s, n in _SCALES if value >= s), _SCALES[-1])
        return f"{value / scale:.3g} {name}"
    text = f"{value:,.0f}".replace(",", " ")
    return f"{text} tasks/s" if unit == "tasks/s" else text
