"""Tables of `replay`: the records of a log, or where log and replay part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of, facts, state_style

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.replay.record import ReplayAnswer, ReplayDiffAnswer
    from vyrectl.cli.commands.replay.rows import ReplayRow

COLUMNS = (
    Column("record", right=True),
    Column("time", rank=3),
    Column("slot", right=True),
    Column("op"),
    Column("tenant", right=True, rank=2),
    Column("arguments", rank=1),
    Column("epoch", right=True, rank=2),
    Column("status"),
    Column("failure"),
    Column("code", right=True, rank=1),
)


_KINDS = {
    "endings": ", of tasks that ended",
    "publications": ", of tasks that were published",
    "empty": "",
}


def view(record: ReplayAnswer) -> RenderableType:
    """The records, from the oldest."""
    title = f"{plain(record['log'])}: {count_of(record['total'], 'record')} of {record['capacity']}"
    title += _KINDS[record["kind"]]
    if record["matched"] != record["total"]:
        title += f", {record['matched']} of them asked for"
    return FittedTable(COLUMNS, CellRows(record["records"], _cells), title=title)


def _cells(row: ReplayRow) -> Sequence[Cell]:
    return (
        str(row["index"]),
        _moment(row["timestamp_ns"]),
        str(row["slot"]),
        row["op_name"] or f"0x{row['opcode']:x}",
        str(row["tenant_id"]),
        " ".join(map(str, row["arguments"])),
        str(row["epoch"]),
        *_evidence(row),
    )


def _evidence(row: ReplayRow) -> Sequence[Cell]:
    if row["slot_status"] is None:
        return "", "", ""
    failed = row["failure_class"] != "none"
    return (
        (row["status_name"] or "", state_style(row["slot_status"])),
        (row["failure_class"] or "", "bold red") if failed else "",
        f"0x{row['backend_code']:x}" if row["backend_code"] else "",
    )


def _moment(timestamp_ns: int) -> str:
    """A time where the number can be one, in UTC; any u64 may stand there."""
    try:
        moment = datetime.fromtimestamp(timestamp_ns // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return str(timestamp_ns)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{timestamp_ns % 10**9 // 1000:06}"


def diff_view(record: ReplayDiffAnswer) -> RenderableType:
    """Whether the replay agrees, and where it parts from the log."""
    name = f"{plain(record['log'])} on {plain(record['ring'])}"
    rows: list[tuple[str, Cell]] = [
        ("kind", record["kind"]),
        ("records", str(record["records"])),
        ("agreed", str(record["compared"])),
        ("without evidence", str(record["without_evidence"])),
        ("published", str(record["published"])),
    ]
    found = record["divergence"]
    if found is None:
        return facts(rows, title=f"{name}: no divergence")
    place = f"slot {found['slot']}" + ("" if found["record"] is None else f", record {found['record']}")
    rows += [
        ("first divergence", (f"{place}: {found['what']}", "bold red")),
        ("log", found["logged"]),
        ("replay", found["replayed"]),
    ]
    return facts(rows, title=f"{name}: the replay parts from the log")
