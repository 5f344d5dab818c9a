"""`plot` in the terminal: one chart below the other, each with its scale and its span of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.commands.plot.view_chart import columns_of, draw, short
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import count_of
from vyrectl.telemetry.series import Metric, Series

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from vyrectl.cli.commands.plot.record import BoundsRecord, PlotFile, PlotRecord

    View = Callable[[PlotRecord], RenderableType]

STYLES = {"depth": "green", "rate": "cyan", "age": "yellow"}
PIPE_WIDTH = 80
LEAST_WIDTH = 10
MOST_MARGIN = 12
DATE_END = len("2026-01-31T")


def charts_view(rings: Sequence[Series], metrics: Sequence[Metric], height: int, is_terminal: bool) -> View:
    """A view of charts.

    Args:
        rings: What to draw, ring by ring.
        metrics: What to draw of each; those that never change or are not known get one line.
        height: Lines of a chart.
        is_terminal: Its width is the console's; else 80 columns.
    """
    return lambda record: _Charts(record, rings, metrics, height, is_terminal)  # type: ignore[return-value]


def file_view(record: PlotFile) -> RenderableType:
    """One line about a file that was written."""
    rings = count_of(len(record["rings"]), "ring")
    return f"{plain(record['output'])}: {rings}, {count_of(record['lines'], 'look')}"


class _Charts:
    def __init__(
        self,
        record: PlotRecord,
        rings: Sequence[Series],
        metrics: Sequence[Metric],
        height: int,
        is_terminal: bool,
    ) -> None:
        self._record, self._rings, self._metrics = record, rings, metrics
        self._height, self._is_terminal = height, is_terminal

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """Every ring's charts."""
        from rich.text import Text

        width = console.width if self._is_terminal else PIPE_WIDTH
        fine = console.encoding.startswith("utf")
        for number, (series, about) in enumerate(zip(self._rings, self._record["rings"], strict=True)):
            if number:
                yield ""
            looks = count_of(about["samples"], "look")
            yield Text(f"{plain(series.ring)}: {looks} in {_duration(about['seconds'])}", style="bold")
            flat = []
            for metric in self._metrics:
                bounds = about["bounds"].get(metric.name)
                if bounds is None:
                    flat.append(f"{metric.title}: not known")
                elif bounds["least"] == bounds["most"]:
                    flat.append(f"{metric.title}: {short(bounds['most'])} all the time")
                else:
                    yield from self._chart(series, metric, bounds, width, fine)
            if flat:
                yield Text("\n".join(["", *flat]), style="dim")

    def _chart(
        self, series: Series, metric: Metric, bounds: BoundsRecord, width: int, fine: bool
    ) -> Iterator[RenderableType]:
        from rich.text import Text

        inner = max(width - MOST_MARGIN, LEAST_WIDTH)
        chart = draw(columns_of(series.times, series.values(metric), inner), self._height, fine=fine)
        title = Text(metric.title, style="bold")
        title.append(f"  {short(bounds['least'])} to {short(bounds['most'])}, now {short(bounds['last'])}")
        yield ""
        yield title
        for line in chart.lines:
            text = Text(line, no_wrap=True)
            text.stylize(STYLES[metric.panel], chart.margin)
            yield text
        yield Text(_axis(self._record, series, chart.margin, inner), style="dim")


def _axis(record: PlotRecord, series: Series, margin: int, width: int) -> str:
    about = next(one for one in record["rings"] if one["ring"] == series.ring)
    first, last = about["from"][:-1], about["to"][:-1]
    if first[:DATE_END] == last[:DATE_END]:
        first, last = first[DATE_END:], last[DATE_END:]
    first, last = first.partition(".")[0], last.partition(".")[0]
    blank = max(width - len(first) - len(last) - 4, 1)
    return f"{' ' * margin}{first}{' ' * blank}{last} UTC"


def _duration(seconds: float) -> str:
    """A length of time in two units at most."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
