"""What `plot` says about a history, as a record and rows. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypedDict

from vyrectl.errors import UnknownNameError
from vyrectl.shapes import Among, Count, Keyed, Seconds, Timestamp
from vyrectl.telemetry.history import timestamp
from vyrectl.telemetry.series import METRICS, History, Metric, Series

USUAL = ("schedulable", "running", "paused", "faulted", "done_rate", "requeue_rate", "age")


def parse_metrics(text: str | None) -> tuple[Metric, ...]:
    """Metrics named by `--show`, in their own order; the usual ones for None.

    Raises:
        UnknownNameError: No such metric.
    """
    names = [part.strip() for part in (text or "").split(",") if part.strip()] or USUAL
    for name in names:
        if name not in (*METRICS, "all"):
            raise UnknownNameError("metric", name, (*METRICS, "all"))
    wanted = set(METRICS) if "all" in names else set(names)
    return tuple(metric for name, metric in METRICS.items() if name in wanted)


def choose_rings(history: History, name: str | None) -> list[Series]:
    """The rings to draw.

    Args:
        history: What was read.
        name: The ring's name; None for all.

    Raises:
        UnknownNameError: It is not in the history.
    """
    if name is None:
        return list(history.rings.values())
    if name not in history.rings:
        raise UnknownNameError("ring", name, tuple(history.rings))
    return [history.rings[name]]


class BoundsRecord(TypedDict):
    """A metric's least, largest and last value."""

    least: float
    most: float
    last: float


_Span = TypedDict("_Span", {"from": Timestamp, "to": Timestamp})


class SeriesRecord(_Span):
    """A ring's span of time, and the bounds of each metric that is known."""

    ring: str
    samples: Count
    seconds: Seconds
    bounds: Annotated[Mapping[str, BoundsRecord], Keyed(optional=METRICS)]


class PlotRecord(TypedDict):
    """A history that is drawn."""

    source: str
    lines: Count
    skipped: Count
    metrics: list[Annotated[str, Among(METRICS)]]
    rings: list[SeriesRecord]


class LookHead(TypedDict):
    """One look at a ring; the metrics that were asked for stand beside, None where unknown."""

    ring: str
    timestamp: Timestamp
    seconds: Seconds


class PlotFile(PlotRecord):
    """A plot that was written as a picture."""

    output: str


def plot_record(
    source: str, history: History, rings: Sequence[Series], metrics: Sequence[Metric]
) -> PlotRecord:
    """Each ring's span and each metric's bounds."""
    return {
        "source": source,
        "lines": history.lines,
        "skipped": len(history.skipped),
        "metrics": [metric.name for metric in metrics],
        "rings": [_ring_record(series, metrics) for series in rings],
    }


def plot_rows(rings: Sequence[Series], metrics: Sequence[Metric]) -> Iterator[Mapping[str, object]]:
    """One row for each sample of each ring."""
    for series in rings:
        values = {metric.name: series.values(metric) for metric in metrics}
        for index, moment in enumerate(series.times):
            yield {
                "ring": series.ring,
                "timestamp": timestamp(moment),
                "seconds": round(moment - series.times[0], 6),
                **{name: _rounded(column[index]) for name, column in values.items()},
            }


def _ring_record(series: Series, metrics: Sequence[Metric]) -> SeriesRecord:
    return {
        "ring": series.ring,
        "samples": len(series.times),
        "from": timestamp(series.times[0]),
        "to": timestamp(series.times[-1]),
        "seconds": round(series.times[-1] - series.times[0], 6),
        "bounds": {metric.name: _bounds(series, metric) for metric in metrics if series.has(metric)},
    }


def _bounds(series: Series, metric: Metric) -> BoundsRecord:
    known = [value for value in series.values(metric) if value is not None]
    return {
        "least": _round(min(known)),
        "most": _round(max(known)),
        "last": _round(known[-1]),
    }


def _rounded(value: float | int | None) -> float | int | None:
    return None if value is None else _round(value)


def _round(value: float) -> float:
    return round(value, 3) if isinstance(value, float) else value
