"""What `repair` shows: one line about what was done, then the repaired tasks with the fault of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import (
    TASK_COLUMNS,
    Cell,
    CellRows,
    Column,
    FittedTable,
    count_of,
    state_cell,
    task_cells,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.repair.record import RepairAnswer, RepairedRow
    from vyrectl.edit.repair import RepairRecord

COLUMNS = (
    *TASK_COLUMNS,
    Column("fault"),
    Column("now"),
    Column("pc", right=True, rank=1),
    Column("data", right=True, rank=1),
)


def view(record: RepairAnswer) -> RenderableType:
    """The repaired tasks as a table; one line when there are none."""
    if not record["repaired_count"]:
        return _sentence(record)
    return FittedTable(COLUMNS, CellRows(record["repaired"], _cells), title=_sentence(record))


def _sentence(record: RepairRecord) -> str:
    name, count, faulted = plain(record["ring"]), record["repaired_count"], record["faulted"]
    if not count:
        among = f" ({count_of(faulted, 'task')} Faulted)" if faulted else ""
        return f"{name}: nothing to repair{among}"
    verb = "would become" if record["dry_run"] else "became"
    codes = ", ".join(f"{one['fault_name']} {one['count']}" for one in record["codes"])
    left = f", {faulted - count} left Faulted" if faulted > count else ""
    kept = f"; the old ring is {plain(record['backup'])}" if record["backup"] else ""
    return f"{name}: {count_of(count, 'faulted task')} {verb} Ready ({codes}){left}{kept}"


def _cells(row: RepairedRow) -> Sequence[Cell]:
    return (
        *task_cells(row),
        row["fault_name"],
        state_cell(row["state"]),
        str(row["continuation_pc"]),
        str(row["continuation_data"]),
    )
