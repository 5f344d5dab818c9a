"""Histories drawn into a file by matplotlib, which the extra `plot` brings: a row of panels for each kind of metric.

Lines differ in their dashes too, so that a grey print still tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from vyrectl.cli.output import plain
from vyrectl.errors import MissingExtraError, UsageError
from vyrectl.telemetry.series import Metric, Series

SUFFIXES = (".png", ".svg", ".pdf")
MOST_RINGS = 6
"""Columns of panels; more are not legible on one page."""

PANELS = {"depth": "tasks", "rate": "per second", "age": "age, ticks"}
"""Kinds of metrics, from the top, and the label of their axis."""

DASHES = ("-", "--", "-.", ":")
INCHES = (5.5, 2.6)
DOTS_PER_INCH = 120


def check_plot(path: Path) -> None:
    """Make sure that a file of that name can be written, before anything is read.

    Raises:
        UsageError: The suffix names no format.
        MissingExtraError: matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path.suffix or 'no suffix'} names no picture that is written here",
            where=str(path),
            fix=f"Use {', '.join(SUFFIXES)}",
        )
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise MissingExtraError(f"writing {path.name}", "matplotlib", "plot") from None


def write_plot(path: Path, rings: Sequence[Series], metrics: Sequence[Metric]) -> None:
    """Draw rings and put the picture in the file's place.

    Args:
        path: Ends in one of `SUFFIXES`.
        rings: At most `MOST_RINGS`.
        metrics: What to draw of each.

    Raises:
        UsageError: Too many rings.
        FileError: The file cannot be written.
    """
    from matplotlib.figure import Figure

    from vyrectl.files.keeping import write_kept

    if len(rings) > MOST_RINGS:
        raise UsageError(f"{len(rings)} rings do not fit one picture", fix="Choose one with --ring NAME")
    panels = [panel for panel in PANELS if any(metric.panel == panel for metric in metrics)]
    figure = Figure(
        (INCHES[0] * len(rings), INCHES[1] * len(panels)), dpi=DOTS_PER_INCH, layout="constrained"
    )
    axes = figure.subplots(len(panels), len(rings), sharex="col", squeeze=False)
    for column, series in enumerate(rings):
        axes[0][column].set_title(plain(series.ring), parse_math=False)
        for row, panel in enumerate(panels):
            _draw_panel(axes[row][column], series, [one for one in metrics if one.panel == panel])
            axes[row][column].set_ylabel(PANELS[panel])
        axes[-1][column].set_xlabel("UTC")
    figure.autofmt_xdate()
    drawn = BytesIO()
    figure.savefig(drawn, format=path.suffix.lower()[1:])
    write_kept(path, [drawn.getvalue()])


Axis = Any
"""A panel of matplotlib. Any: it is an extra, and a check would depend on who has it."""


def _draw_panel(axis: Axis, series: Series, metrics: Sequence[Metric]) -> None:
    times = [datetime.fromtimestamp(moment, UTC) for moment in series.times]
    known = [metric for metric in metrics if series.has(metric)]
    for index, metric in enumerate(known):
        values = [float("nan") if value is None else value for value in series.values(metric)]
        dashes = DASHES[index % len(DASHES)]
        marker = "o" if len(times) == 1 else None
        axis.plot(times, values, dashes, label=metric.title, drawstyle="steps-post", marker=marker)
    axis.grid(alpha=0.3)
    if known:
        axis.legend(fontsize="small")
    if not any(metric.sign < 0 for metric in known):
        axis.set_ylim(bottom=0)
