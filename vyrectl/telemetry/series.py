"""Histories of snapshots as time series: what `snapshot --append` and `--watch` wrote, ring by ring.

Lines that are no snapshots are skipped and counted, because a killed writer may leave a torn one. Rates lie
between two neighbouring samples of one ring; where a sum fell (the ring was replaced) there is none. Standard
library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from vyrectl.abi.limits import U64_MAX
from vyrectl.dataclass import dataclass
from vyrectl.telemetry.history import parse_timestamp

Value = float | int | None

END_OF_TIME = 253_402_300_800
"""Seconds from the epoch to the year 10000, which no timestamp can name."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One quantity over time.

    Attributes:
        name: As in records and options.
        panel: `depth`, `rate` or `age`.
        title: In a few words.
        source: Key of a sample.
        sign: 0 for the value itself; 1 for its rise per second, and -1 for its rise or fall.
    """

    name: str
    panel: str
    title: str
    source: str
    sign: int = 0

    @property
    def is_rate(self) -> bool:
        """True for changes per second."""
        return self.sign != 0


METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        Metric("schedulable", "depth", "schedulable tasks", "schedulable_count"),
        Metric("running", "depth", "running tasks", "running_count"),
        Metric("paused", "depth", "paused tasks", "paused_count"),
        Metric("faulted", "depth", "faulted tasks", "faulted_count"),
        Metric("done_rate", "rate", "tasks done per second", "done_count", 1),
        Metric("requeue_rate", "rate", "requeues per second", "total_requeues", 1),
        Metric("depth_rate", "rate", "change of schedulable tasks per second", "schedulable_count", -1),
        Metric("age", "age", "largest age", "max_priority_age"),
        Metric("age_p99", "age", "age that 99 % of the open tasks do not exceed", "p99"),
        Metric("age_p50", "age", "age that half of the open tasks do not exceed", "p50"),
    )
}
"""What can be drawn, in the order it is drawn in."""


OVER_ARGUMENTS = ("total_requeues", "max_priority_age")
"""Keys whose sums run over arguments too: unknown at a look at a ring in which some slots hold arguments."""


@dataclass(slots=True)
class Series:
    """The samples of one ring, oldest first.

    Attributes:
        ring: The ring as the history calls it, the path that was given.
        times: Seconds since the epoch.
        samples: The numbers of each.
    """

    ring: str
    times: list[float] = field(default_factory=list)
    samples: list[Mapping[str, Value]] = field(default_factory=list)

    def values(self, metric: Metric) -> list[Value]:
        """One value for each sample; None where it is not known."""
        found = [sample.get(metric.source) for sample in self.samples]
        return list(self._rates(found, metric)) if metric.is_rate else found

    def has(self, metric: Metric) -> bool:
        """True when a sample has a value of it."""
        return any(value is not None for value in self.values(metric))

    def _rates(self, values: list[Value], metric: Metric) -> Iterator[Value]:
        for index, value in enumerate(values):
            before = values[index - 1] if index else None
            seconds = self.times[index] - self.times[index - 1] if index else 0.0
            if value is None or before is None or seconds <= 0 or (metric.sign > 0 and value < before):
                yield None
            else:
                yield (value - before) / seconds


@dataclass(slots=True)
class History:
    """Everything in a file.

    Attributes:
        rings: By name, in the order in which they appear first.
        lines: Lines that held a snapshot.
        skipped: Numbers of the lines that held none, from 1; blank ones do not count.
        over_arguments: Looks whose sums of requeues and ages were left out, since they ran over arguments.
    """

    rings: dict[str, Series] = field(default_factory=dict)
    lines: int = 0
    skipped: list[int] = field(default_factory=list)
    over_arguments: int = 0


def read_history(lines: Iterable[bytes]) -> History:
    """Read the lines of a history.

    Args:
        lines: With or without their ends.
    """
    history = History()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _record(line)
        moment = None if record is None else _moment(record)
        samples = [] if record is None or moment is None else list(_samples(record))
        if moment is None or not samples:
            history.skipped.append(number)
            continue
        history.lines += 1
        for ring, sample in samples:
            series = history.rings.setdefault(ring, Series(ring))
            series.times.append(moment)
            series.samples.append(sample)
            history.over_arguments += "max_priority_age" in sample and sample["max_priority_age"] is None
    for series in history.rings.values():
        _sort(series)
    return history


def _record(line: bytes) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _moment(record: Mapping[str, object]) -> float | None:
    """When it was taken: `timestamp` as text, or `time` in seconds since the epoch."""
    found = parse_timestamp(record.get("timestamp"))
    moment = found if found is not None else _number(record.get("time"))
    return moment if moment is not None and 0 <= moment < END_OF_TIME else None


def _samples(record: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Each ring's numbers; a ring that could not be read has none."""
    rings = record.get("rings", [record])
    for one in rings if isinstance(rings, list) else []:
        if isinstance(one, dict) and _number(one.get("ready_count")) is not None:
            ages = one.get("ages")
            numbers = {key: _number(value) for key, value in one.items()}
            if _holds_arguments(one.get("abi")):
                numbers.update(dict.fromkeys(OVER_ARGUMENTS))
            if isinstance(ages, dict):
                numbers.update({key: _number(ages.get(key)) for key in ("p50", "p99")})
            yield str(one.get("ring", "-")), numbers


def _holds_arguments(abi: object) -> bool:
    """Whether a snapshot says that some of its ring's slots hold arguments (`abi`, as `snapshot` writes it)."""
    operations = abi.get("operations") if isinstance(abi, dict) else None
    rows = operations if isinstance(operations, list) else []
    return any(isinstance(one, dict) and one.get("reading") == "protocol" for one in rows)


def _number(value: object) -> Value:
    """A number that a sum of a ring could be."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= U64_MAX:
        return None
    return value


def _sort(series: Series) -> None:
    """Bring the samples of a ring into the order of their times."""
    key: Callable[[int], float] = series.times.__getitem__
    order = sorted(range(len(series.times)), key=key)
    series.times = [series.times[index] for index in order]
    series.samples = [series.samples[index] for index in order]
