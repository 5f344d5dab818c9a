"""Options of `snapshot` alone: what to count, what to look at again, and where the answers go. Typer-free."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vyrectl.cli.option_groups import AGAIN, BESIDE, OUTPUT
from vyrectl.cli.snapshot_records import parse_groups
from vyrectl.dataclass import dataclass
from vyrectl.declared import SAFETY, path, seconds, switch, text, texts, whole
from vyrectl.telemetry.alert import AlertRule, parse_alert

LEAST_INTERVAL_S = 0.01
MOST_INTERVAL_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the answer holds, when there is another, and where they go."""

    by: Sequence[str] = text(
        (),
        "--by",
        metavar="LIST",
        says="Also count by state, priority, tenant, op, flags, fault_name.",
        reads=parse_groups,
    )
    ages: bool = switch(False, "--ages", says="Also say how ages and requeues spread over the open tasks.")
    oldest: int = whole(0, "--oldest", says="Also list the oldest tasks.")
    lenient: bool = switch(False, "--lenient", says="Count unknown states apart instead of refusing them.")
    since: Path | None = path(
        None, "--since", metavar="FILE", says="Compare with a snapshot that was saved.", group=AGAIN
    )
    control: Path | None = path(
        None,
        "--control",
        metavar="FILE",
        says="Also show the runtime's view of the ring and this.",
        group=BESIDE,
    )
    watch_s: float | None = seconds(
        None,
        "--watch",
        says="Look again and again, this often, until Ctrl-C.",
        group=AGAIN,
        least=LEAST_INTERVAL_S,
        most=MOST_INTERVAL_S,
    )
    ticks: int | None = whole(None, "--ticks", says="End --watch after N looks.", group=AGAIN, least=1)
    alerts: Sequence[AlertRule] = texts(
        (),
        "--alert",
        metavar="RULE",
        says="Say when this begins and ends, e.g. 'done_delta == 0 for 30s'.",
        group=AGAIN,
        reads=parse_alert,
    )
    alert_exits: bool = switch(
        False, "--alert-exits", says="End with exit code 6 when an alert begins.", group=AGAIN
    )
    append: Path | None = path(
        None, "--append", metavar="FILE", says="Append each answer to a JSONL file.", group=AGAIN
    )
    openmetrics: bool = switch(
        False, "--openmetrics", says="Write OpenMetrics text, as a node exporter reads it.", group=OUTPUT
    )
    text_file: Path | None = path(
        None,
        "--output",
        metavar="FILE",
        says="Put the OpenMetrics text in this file's place.",
        group=OUTPUT,
    )
    force: bool = switch(
        False, "--force", says="Let --output and --append take a file of another kind.", group=SAFETY
    )
