"""What `plot` says about a history, as a record and rows. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vyrectl.errors import UnknownNameError
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


def plot_record(
    source: str, history: History, rings: Sequence[Series], metrics: Sequence[Metric]
) -> dict[str, Any]:
    """Each ring's span and each metric's bounds.

    Args:
        source: Name of the history.
        history: What was read.
        rings: Those that are drawn.
        metrics: Those that are drawn.
    """
    return {
        "source": source,
        "lines": history.lines,
        "skipped": len(history.skipped),
        "metrics": [metric.name for metric in metrics],
        "rings": [_ring_record(series, metrics) for series in rings],
    }


def plot_rows(rings: Sequence[Series], metrics: Sequence[Metric]) -> Iterator[dict[str, Any]]:
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


def _ring_record(series: Series, metrics: Sequence[Metric]) -> dict[str, Any]:
    return {
        "ring": series.ring,
        "samples": len(series.times),
        "from": timestamp(series.times[0]),
        "to": timestamp(series.times[-1]),
        "seconds": round(series.times[-1] - series.times[0], 6),
        "bounds": {metric.name: _bounds(series, metric) for metric in metrics if series.has(metric)},
    }


def _bounds(series: Series, metric: Metric) -> dict[str, float | int | None]:
    known = [value for value in series.values(metric) if value is not None]
    return {
        "least": _rounded(min(known)),
        "most": _rounded(max(known)),
        "last": _rounded(known[-1]),
    }


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 3) if isinstance(value, float) else value
