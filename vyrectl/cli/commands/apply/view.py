"""Table of `apply`: the fields of a request that telemetry changed, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Column, FittedTable
from vyrectl.files.json_text import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = (
    Column("field"),
    Column("before", right=True),
    Column("after", right=True),
    Column("because", wrap=True, rank=1),
)
RULES = {
    "queue_len": "schedulable_count {schedulable_count}: ready {ready_count} + yielded {yielded_count}"
    " + requeued {requeued_count}",
    "requeue_count": "+ continuation_pressure {continuation_pressure}: yielded {yielded_count}"
    " + requeued {requeued_count} + total_requeues {total_requeues}",
    "max_priority_age": "the larger, max_priority_age {max_priority_age} in the queue",
}


def view(record: Mapping[str, int], about: Mapping[str, Json]) -> RenderableType:
    """The merged request.

    Args:
        record: Its fields.
        about: The snapshot's record, with the request as it was under `before` and a name under `source`.
    """
    before = about["before"]
    changed = [name for name in before if before[name] != record[name]]
    if not changed:
        return f"{about['source']} changes nothing in the request"
    rows = [(name, str(before[name]), str(record[name]), RULES[name].format(**about)) for name in changed]
    title = (
        f"request with the telemetry of {plain(about['source'])}; {len(before) - len(changed)} fields stay"
    )
    return FittedTable(COLUMNS, rows, title=title)
