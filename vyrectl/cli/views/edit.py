"""What `transition`, `set` and `encode --slot` show: one line about what was done, or the changes of a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.describe import show_word
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of, state_style

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.edit_record import ChangeRow, EditDone, EditPreview

CHANGE_COLUMNS = (
    Column("slot", right=True),
    Column("field"),
    Column("old", right=True),
    Column(""),
    Column("new", wrap=True),
)


def edit_view(record: EditDone | EditPreview) -> RenderableType:
    """The changes of a dry run as a table; of an edit, one line."""
    if record["dry_run"] is False:
        return _sentence(record)
    return FittedTable(CHANGE_COLUMNS, CellRows(record["changes"], _cells), title=_sentence(record))


def _sentence(record: EditDone | EditPreview) -> str:
    changed = record["slots_changed"]
    words = ", ".join(
        name if count == changed else f"{name} in {count}" for name, count in record["words_changed"].items()
    )
    kept = f"; the old ring is {plain(record['backup'])}" if record["backup"] else ""
    if not words:
        change = "would change" if record["dry_run"] else "changed"
        if not record["selected"]:
            return f"{plain(record['ring'])}: 0 slots {change}, none of {record['total']} was chosen"
        return f"{plain(record['ring'])}: 0 slots {change}, all that were chosen are so already"
    verb = "would change" if record["dry_run"] else "changed"
    return f"{plain(record['ring'])}: {count_of(record['slots_changed'], 'slot')} {verb} ({words}){kept}"


def _cells(row: ChangeRow) -> Sequence[Cell]:
    field = row["field"]
    return str(row["slot"]), field, _word(field, row["old"]), "->", _word(field, row["new"])


def _word(field: str, value: int) -> Cell:
    text = show_word(field, value)
    return (text, state_style(value)) if field == "state" else text
