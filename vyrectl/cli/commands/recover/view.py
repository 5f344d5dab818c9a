"""What `recover` shows: one line about what was done, the recovered tasks, and what was left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import (
    TASK_COLUMNS,
    Cell,
    CellRows,
    Column,
    FittedTable,
    count_of,
    facts,
    state_cell,
    task_cells,
)
from vyrectl.cli.views.parts import Part, Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.recover.record import RecoverAnswer, RecoveredRow
    from vyrectl.edit.recover import RecoveryRecord

COLUMNS = (
    *TASK_COLUMNS,
    Column("pc", right=True),
    Column("data", right=True, rank=1),
    Column("now"),
    Column("age", right=True, rank=3),
    Column("requeues", right=True, rank=3),
    Column("yields", right=True, rank=3),
)
SHOWN_SLOTS = 16


def view(record: RecoverAnswer) -> RenderableType:
    """The recovered tasks as a table, what was left below it; one line when there is nothing to show."""
    left, settled = list(_left(record)), list(_settled(record))
    if not record["recovered_count"] and not left and not settled:
        return _sentence(record)
    tables = [FittedTable(COLUMNS, CellRows(record["recovered"], _cells), title=_sentence(record))]
    if not record["recovered_count"]:
        tables = [FittedTable([Column("")], [], title=_sentence(record), headed=False)]
    parts: list[Part] = [*tables]
    if settled:
        parts.append(facts(settled, title="of the killed launch"))
    if left:
        parts.append(facts(left, title="left as they are"))
    return Parts(parts)


def _sentence(record: RecoveryRecord) -> str:
    name, count = plain(record["ring"]), record["recovered_count"]
    if not count:
        return f"{name}: no orphan to recover"
    verb = "would become" if record["dry_run"] else "became"
    kept = f"; the old ring is {plain(record['backup'])}" if record["backup"] else ""
    return f"{name}: {count_of(count, 'orphan')} {verb} {record['as'].capitalize()}{kept}"


def _left(record: RecoveryRecord) -> Iterator[tuple[str, Cell]]:
    if record["refused"]:
        yield "counter at its end, slots", (_listed(record["refused"]), "bold red")
    if record["not_chosen"]:
        yield "not chosen", count_of(record["not_chosen"], "orphan")
    if record["unknown"]:
        yield "unknown states", count_of(record["unknown"], "slot")
    if record["left_over_bytes"]:
        yield "after the last whole slot", count_of(record["left_over_bytes"], "byte")
    for path in record["abandoned"]:
        yield "abandoned by a killed writer", path


def _settled(record: RecoveryRecord) -> Iterator[tuple[str, Cell]]:
    """What taking the lock had finished of a killed launch's work."""
    if record["finished"]:
        yield "half written and finished, slots", _listed(record["finished"])
    if record["faulted"]:
        yield "may not run twice, faulted, slots", (_listed(record["faulted"]), "bold red")
    if record["epoch"]:
        yield "its epoch, for launch --epoch", str(record["epoch"])


def _listed(slots: Sequence[int]) -> str:
    return ", ".join(map(str, slots[:SHOWN_SLOTS])) + (", ..." if len(slots) > SHOWN_SLOTS else "")


def _cells(row: RecoveredRow) -> Sequence[Cell]:
    return (
        *task_cells(row),
        str(row["continuation_pc"]),
        str(row["continuation_data"]),
        state_cell(row["state"]),
        str(row["age_ticks"]),
        str(row["requeue_count"]),
        str(row["yield_count"]),
    )
