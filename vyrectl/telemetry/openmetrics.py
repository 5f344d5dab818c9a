"""Snapshots as OpenMetrics text, for a node exporter's textfile directory or any scraper.

The text is valid OpenMetrics 1.0 and, read by the older parser of the textfile collector, Prometheus text as
well: therefore every family is a gauge, no sample has a time, and `# EOF` ends it. Gauges are also what the
values are: a ring's requeues fall when its slots are used again. The label `quantile` is left to summaries, which
these are not: a percentile has a label of its own.

Labels hold text from the command line and from files: what OpenMetrics gives a meaning is escaped here; who
prints to a terminal has to pass names through its own filter before.
Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vyrectl.dataclass import dataclass
from vyrectl.files.json_text import Json

Value = int | float
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: Its name, without the prefix.
        help: One sentence.
        samples: Labels and values.
    """

    name: str
    help: str
    samples: Iterable[tuple[Labels, Value]]


STATE_FIELDS = {
    "empty_count": "empty",
    "ready_count": "ready",
    "running_count": "running",
    "done_count": "done",
    "paused_count": "paused",
    "yielded_count": "yielded",
    "requeued_count": "requeued",
    "faulted_count": "faulted",
    "unknown_count": "unknown",
}
"""Field of a record -> the label `state`."""

PLAIN = (
    ("schedulable_tasks", "schedulable_count", "Tasks that a worker may claim: ready, yielded and requeued."),
    (
        "continuation_pressure",
        "continuation_pressure",
        "Yielded and requeued tasks, and all requeues so far.",
    ),
    ("requeues", "total_requeues", "Sum of requeue_count over every slot."),
    ("max_priority_age_ticks", "max_priority_age", "Largest age_ticks of any slot, finished ones included."),
    ("slots", "slots", "Slots of the ring."),
)
"""Family, field of a record, help."""

SPREADS = {"ages": "age_ticks", "requeues": "task_requeues"}
"""Key of a spread's record -> family."""

OLDEST = {"oldest_by_priority": "priority", "oldest_by_tenant": "tenant"}
"""Key of a record with the oldest ages, by name -> label."""

Record = Mapping[str, Json]


def openmetrics(rings: Iterable[Record]) -> str:
    """The exposition of several rings.

    Args:
        rings: One record a ring: `ring` (its name), and either the counts that `snapshot` writes, `slots`,
            `empty_count`, `done_count` and optionally `by`, `ages` and `requeues`, or `error`.
    """
    records = list(rings)
    lines = [line for family in _families(records) for line in _family_lines(family)]
    return "\n".join([*lines, "# EOF", ""])


def _families(records: list[Record]) -> Iterator[Family]:
    read = [record for record in records if "error" not in record]
    up = [({"ring": record["ring"]}, int("error" not in record)) for record in records]
    yield Family("ring_readable", "1 while the ring can be read, else 0.", up)
    yield Family("ring_slots", "Slots of the ring in each state.", list(_states(read)))
    for name, field, words in PLAIN:
        yield Family(name, words, [({"ring": record["ring"]}, record[field]) for record in read])
    for group in dict.fromkeys(group for record in read for group in record.get("by", {})):
        yield Family(f"{group}_slots", f"Slots by {group} and state.", list(_groups(read, group)))
    for key, label in OLDEST.items():
        if any(key in record for record in read):
            words = f"Largest age_ticks of the open tasks of each {label}."
            yield Family(f"{label}_oldest_age_ticks", words, list(_oldest(read, key, label)))
    if any("alerts" in record for record in read):
        yield Family(
            "alert", "1 while the alert's condition has held for its time, else 0.", list(_alerts(read))
        )
    for key, name in SPREADS.items():
        if any(key in record for record in read):
            words = "Exact nearest-rank percentiles over open tasks; percentile 100 is the maximum."
            yield Family(name, words, list(_percentiles(read, key)))


def _states(records: Iterable[Record]) -> Iterator[tuple[Labels, Value]]:
    for record in records:
        for field, state in STATE_FIELDS.items():
            if field in record:
                yield {"ring": record["ring"], "state": state}, record[field]


def _groups(records: Iterable[Record], group: str) -> Iterator[tuple[Labels, Value]]:
    for record in records:
        for row in record["by"][group]["groups"]:
            own = {"ring": record["ring"], group: str(row["name"])}
            for field, state in STATE_FIELDS.items():
                if row[field]:
                    yield {**own, **({} if group == "state" else {"state": state})}, row[field]


def _oldest(records: Iterable[Record], key: str, label: str) -> Iterator[tuple[Labels, Value]]:
    for record in records:
        for name, age in record[key].items():
            yield {"ring": record["ring"], label: name}, age


def _alerts(records: Iterable[Record]) -> Iterator[tuple[Labels, Value]]:
    for record in records:
        for one in record["alerts"]:
            yield {"ring": record["ring"], "rule": one["rule"]}, int(one["firing"])


def _percentiles(records: Iterable[Record], key: str) -> Iterator[tuple[Labels, Value]]:
    for record in records:
        for name, percentile in (("p50", "50"), ("p99", "99"), ("max", "100")):
            value = record[key][name]
            if value is not None:
                yield {"ring": record["ring"], "percentile": percentile}, value


def _family_lines(family: Family) -> Iterator[str]:
    name = f"vyrectl_{family.name}"
    yield f"# TYPE {name} gauge"
    yield f"# HELP {name} {family.help}"
    for labels, value in family.samples:
        pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{pairs}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
