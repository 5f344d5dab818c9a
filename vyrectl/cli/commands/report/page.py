"""Writes the page of a report with Jinja2, which escapes every text that the record holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vyrectl._version import __version__
from vyrectl.cli.output import plain
from vyrectl.errors import MissingExtraError

TEMPLATE = "page.html.j2"

FIELDS = (
    "ready_count",
    "paused_count",
    "yielded_count",
    "requeued_count",
    "running_count",
    "faulted_count",
    "total_requeues",
    "max_priority_age",
    "schedulable_count",
    "continuation_pressure",
    "slots",
    "empty_count",
    "done_count",
    "unknown_count",
)
"""Counts of a ring, in the order in which the page shows them."""


def render(record: Mapping[str, object], made: str) -> str:
    """The page as HTML that needs nothing from anywhere else.

    Args:
        record: What `gather` found.
        made: When, as text.

    Raises:
        MissingExtraError: Jinja2 or plotly is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("a report", "jinja2", "report", "plotly") from None
    from vyrectl.cli.commands.report.charts import Charts

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = plain
    template = environment.get_template(TEMPLATE)
    return template.render(record=record, charts=Charts(), fields=FIELDS, made=made, version=__version__)
