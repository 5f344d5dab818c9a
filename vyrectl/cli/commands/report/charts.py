"""The charts of a report, drawn by plotly, whose own script travels inside the page.

Colours are those of the map; texts are grey, which reads on light and on dark pages. Plotly takes some tags in texts
for markup, so every text that may come from a file is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from vyrectl.abi.states import TaskState
from vyrectl.cli.views.map_colours import colour_of
from vyrectl.errors import MissingExtraError
from vyrectl.files.json_text import Json

MAP_COLUMNS = 64
SQUARE_PIXELS = 12
TEXT_COLOUR = "#888888"
GRID_COLOUR = "rgba(136,136,136,0.25)"
STATE_MARKS = {
    TaskState.READY: "R",
    TaskState.YIELDED: "Y",
    TaskState.REQUEUED: "Q",
    TaskState.RUNNING: "U",
    TaskState.PAUSED: "P",
    TaskState.FAULTED: "F",
    TaskState.DONE: "D",
}


Figure = Any
"""A figure of plotly. Any: it is an extra, and has no types."""


class Charts:
    """Makes charts as HTML; the first one brings plotly's script along.

    Raises:
        MissingExtraError: plotly is not installed.
    """

    def __init__(self) -> None:
        try:
            from plotly import graph_objects, io
        except ImportError:
            raise MissingExtraError("a report", "plotly", "report") from None
        self._go, self._io = graph_objects, io
        self._has_script = False

    def map(self, record: Mapping[str, Json]) -> str:
        """The ring as squares; the pointer tells slot, state, operation and age."""
        marks: Sequence[Mapping[str, Json]] = record["marks"]
        kinds = {kind["mark"].lower(): kind for kind in record["kinds"]}
        order = list(kinds)
        rows = range(0, len(marks), MAP_COLUMNS)
        codes = [[order.index(one["mark"].lower()) for one in marks[row : row + MAP_COLUMNS]] for row in rows]
        texts = [[_hover(one, kinds, record) for one in marks[row : row + MAP_COLUMNS]] for row in rows]
        figure = self._go.Figure(
            self._go.Heatmap(
                z=codes,
                zmin=-0.5,
                zmax=len(order) - 0.5,
                colorscale=_steps([_css(colour_of("state", kind)) for kind in kinds.values()]),
                showscale=False,
                hovertext=texts,
                hoverinfo="text",
                xgap=1,
                ygap=1,
            )
        )
        figure.update_yaxes(autorange="reversed", visible=False)
        figure.update_xaxes(visible=False)
        return self._html(figure, height=len(codes) * SQUARE_PIXELS + 60)

    def states(self, groups: Sequence[Mapping[str, Json]]) -> str:
        """A stacked bar for each group, a part for each state."""
        names = [escape(str(group["name"])) for group in groups]
        bars = [
            self._go.Bar(
                name=state.label,
                x=[group[f"{state.name.lower()}_count"] for group in groups],
                y=names,
                orientation="h",
                marker_color=_css(colour_of("state", {"mark": mark, "least": int(state)})),
            )
            for state, mark in STATE_MARKS.items()
            if any(group[f"{state.name.lower()}_count"] for group in groups)
        ]
        figure = self._go.Figure(bars)
        figure.update_layout(barmode="stack", yaxis={"type": "category", "autorange": "reversed"})
        return self._html(figure, height=90 + 30 * max(len(names), 2))

    def spread(self, spread: Mapping[str, Json], what: str) -> str:
        """How a number spreads over the open tasks, a bar for each range."""
        buckets = spread["histogram"]
        names = [
            str(one["least"]) if one["least"] == one["most"] else f"{one['least']}-{one['most']}"
            for one in buckets
        ]
        bars = self._go.Bar(x=names, y=[one["tasks"] for one in buckets], marker_color="rgb(70,110,225)")
        figure = self._go.Figure(bars)
        figure.update_layout(xaxis={"type": "category", "title": what}, yaxis_title="open tasks")
        return self._html(figure, height=240)

    def history(self, series: Mapping[str, Json]) -> str:
        """Depths over time."""
        moments = [datetime.fromtimestamp(time, UTC).isoformat() for time in series["times"]]
        lines = [
            self._go.Scatter(x=moments, y=values, name=name, mode="lines+markers")
            for name, values in series["depths"].items()
        ]
        return self._html(self._go.Figure(lines), height=300)

    def _html(self, figure: Figure, *, height: int) -> str:
        figure.update_layout(
            template="none",
            height=height,
            margin={"l": 10, "r": 10, "t": 30, "b": 40},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
            font={"color": TEXT_COLOUR, "family": "system-ui, sans-serif"},
        )
        figure.update_xaxes(gridcolor=GRID_COLOUR, automargin=True)
        figure.update_yaxes(gridcolor=GRID_COLOUR, automargin=True)
        script = False if self._has_script else "inline"
        self._has_script = True
        text: str = self._io.to_html(
            figure,
            full_html=False,
            include_plotlyjs=script,
            config={"displayModeBar": False, "responsive": True},
        )
        return text


def _hover(mark: Mapping[str, Json], kinds: Mapping[str, Json], record: Mapping[str, Json]) -> str:
    length = record["slots_per_mark"]
    last = min(mark["slot"] + length, record["total"]) - 1
    slots = f"slot {last}" if length == 1 else f"slots {mark['slot']}-{last}"
    state = kinds[mark["mark"].lower()]["name"]
    mixed = " and others" if mark["mark"].islower() else ""
    return escape(f"{slots}: {state}{mixed}, {mark['op']}, age {mark['age']}")


def _steps(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A scale of flat steps, one for each colour."""
    count = len(colours)
    ends = [(number / count, (number + 1) / count) for number in range(count)]
    return [(place, colour) for pair, colour in zip(ends, colours, strict=True) for place in pair]


def _css(colour: Sequence[int]) -> str:
    return f"rgb({','.join(map(str, colour))})"
