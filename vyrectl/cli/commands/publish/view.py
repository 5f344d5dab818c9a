"""What `publish` shows: one line, and the slots of a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.publish import PublishedSlot
    from vyrectl.cli.commands.publish.record import PublishDone, PublishPreview

COLUMNS = (
    Column("slot", right=True),
    Column("op"),
    Column("tenant", right=True),
    Column("arguments", wrap=True),
)


def view(record: PublishDone | PublishPreview) -> RenderableType:
    """Where the tasks went."""
    verb = "would be published" if record["dry_run"] else "published"
    kept = f"; the old ring is {plain(record['backup'])}" if record["backup"] else ""
    last = record["first_slot"] + record["published"] - 1
    where = f"slot {last}" if record["published"] == 1 else f"slots {record['first_slot']}-{last}"
    title = f"{plain(record['ring'])}: {count_of(record['published'], 'task')} {verb} into {where}{kept}"
    if record["dry_run"] is False:
        return title
    return FittedTable(COLUMNS, [_cells(row) for row in record["slots"]], title=title)


def _cells(row: PublishedSlot) -> Sequence[Cell]:
    op = row["op_name"] or f"0x{row['op_handle']:x}"
    return str(row["slot"]), op, str(row["tenant_id"]), " ".join(map(str, row["arguments"]))
