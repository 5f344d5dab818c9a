"""`demo`: the picture, then the snapshot before and after, then what the launch did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Column, FittedTable
from vyrectl.cli.views.picture import terminal_picture

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from vyrectl.bench.mandelbrot import Counts
    from vyrectl.cli.commands.demo.record import DemoAnswer

PICTURE_COLUMNS = 72


def view(record: DemoAnswer, counts: Counts, iterations: int) -> RenderableType:
    """Everything the demo shows."""
    return _Demo(record, counts, iterations)  # type: ignore[return-value]


class _Demo:
    def __init__(self, record: DemoAnswer, counts: Counts, iterations: int) -> None:
        self._record = record
        self._counts = counts
        self._iterations = iterations

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        colours = bool(console.color_system) and not console.no_color and console.encoding.startswith("utf")
        columns = min(PICTURE_COLUMNS, console.width)
        yield terminal_picture(self._counts, self._iterations, columns, colours=colours)
        yield ""
        yield from self._snapshots().pieces(console)
        yield ""
        yield from self._launch().pieces(console)

    def _snapshots(self) -> FittedTable:
        before, after = self._record["before"], self._record["after"]
        rows = [(name, str(before[name]), str(after[name])) for name in before]
        columns = [Column("snapshot"), Column("before", right=True), Column("after", right=True)]
        return FittedTable(columns, rows)

    def _launch(self) -> FittedTable:
        report = self._record["report"]
        turns = f"{report['claims']} turns in {report['rounds']} rounds"
        ends = ", ".join(f"{report[name]} {name}" for name in ("done", "yielded", "faulted"))
        rows = [
            ("device", report["device"]),
            ("launch", f"{turns}: {ends}"),
            ("time", f"{report['wall_seconds']:.3f} s, and {report['build_seconds']:.2f} s to get ready"),
        ]
        return FittedTable([Column("what"), Column("value", wrap=True)], rows, headed=False)
