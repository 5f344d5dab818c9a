"""What `workers` shows: a sentence, then a row a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Lines, Part, Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.workers.source import WorkersAnswer
    from vyrectl.cli.worker_rows import WorkerRow

COLUMNS = (
    Column("device"),
    Column("worker", right=True),
    Column("slot", right=True),
    Column("operation"),
    Column("turn since", right=True),
    Column("turns begun", right=True, rank=1),
    Column("looked in vain", right=True, rank=2),
)


def view(record: WorkersAnswer) -> RenderableType:
    """The workers of a launch."""
    return Parts(list(_parts(record)))


def _parts(record: WorkersAnswer) -> Iterator[Part]:
    yield Lines([(_sentence(record), "bold")])
    if record["workers"]:
        several = any("device" in one for one in record["workers"])
        hidden = 0 if several else 1
        yield FittedTable(COLUMNS[hidden:], [_row(one)[hidden:] for one in record["workers"]])


def _sentence(record: WorkersAnswer) -> str:
    busy = record["busy"]
    whose = f"{plain(record['ring'])}: {count_of(busy + record['idle'], 'worker')}"
    if not record["lives"]:
        return f"{whose} of a launch that died; {busy} had a task in hand then"
    where = "" if record["in_place"] else ", which works on a copy"
    return f"{whose} of {plain(record['held_by'] or 'a launch')}{where}; {busy} with a task in hand"


def _row(one: WorkerRow) -> list[Cell]:
    seconds = one["seconds"]
    held = one["slot"] is not None
    return [
        plain(one.get("device", "-")),
        str(one["worker"]),
        str(one["slot"]) if held else "-",
        plain(one["op_name"] or "") if held else "-",
        "-" if seconds is None else f"{seconds:.1f} s",
        str(one["turns"]),
        str(one["polls"]),
    ]
