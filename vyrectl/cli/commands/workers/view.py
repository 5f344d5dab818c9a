"""What `workers` shows: a sentence, then a row a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Lines, Part, Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.workers.source import CopyRecord, WorkersAnswer
    from vyrectl.cli.worker_rows import WorkerRow

COLUMNS = (
    Column("launch", right=True),
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
        told = [any(name in one for one in record["workers"]) for name in ("launch", "device")]
        shown = [at for at in range(len(COLUMNS)) if at >= len(told) or told[at]]
        rows = [_row(one) for one in record["workers"]]
        yield FittedTable([COLUMNS[at] for at in shown], [[row[at] for at in shown] for row in rows])


def _sentence(record: WorkersAnswer) -> str:
    busy = record["busy"]
    whose = f"{plain(record['ring'])}: {count_of(busy + record['idle'], 'worker')}"
    if not record["lives"]:
        return f"{whose} of a launch that died; {busy} had a task in hand then"
    copies = [f"pid {one['pid']} ({_copy(one)})" for one in record["launches"]]
    works = "work on copies" if len(copies) > 1 else "works on a copy"
    where = "" if record["in_place"] else f", which {works}"
    who = " and ".join(copies) or record["held_by"] or "a launch"
    return f"{whose} of {plain(who)}{where}; {busy} with a task in hand"


def _copy(one: CopyRecord) -> str:
    """What a launch reads and writes."""
    return f"launch {one['ring']} --output {'-' if one['output'] is None else one['output']}"


def _row(one: WorkerRow) -> list[Cell]:
    seconds = one["seconds"]
    held = one["slot"] is not None
    return [
        str(one.get("launch", "-")),
        plain(one.get("device", "-")),
        str(one["worker"]),
        str(one["slot"]) if held else "-",
        plain(one["op_name"] or "") if held else "-",
        "-" if seconds is None else f"{seconds:.1f} s",
        str(one["turns"]),
        str(one["polls"]),
    ]
