"""Tables of `snapshot`: one ring's fields below one another, or several rings as rows, with what changed since.

What else was asked for (groups, spreads, the oldest tasks) follows in tables of `snapshot_tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.describe import show_word
from vyrectl.cli.views.cells import STATE_STYLES, Cell, Column, FittedTable, cell_text, count_of, state_style
from vyrectl.cli.views.parts import Lines, Part, Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.snapshot_records import Record

SHORT = {
    "ready_count": "ready",
    "paused_count": "paused",
    "yielded_count": "yielded",
    "requeued_count": "requeued",
    "running_count": "running",
    "faulted_count": "faulted",
    "total_requeues": "requeues",
    "max_priority_age": "age",
    "schedulable_count": "schedulable",
    "continuation_pressure": "pressure",
    "unknown_count": "unknown",
}
"""Headings of the table of several rings."""

RANKS = {
    "ready_count": 0,
    "unknown_count": 0,
    "faulted_count": 1,
    "running_count": 1,
    "schedulable_count": 0,
    "total_requeues": 2,
    "max_priority_age": 2,
}
CHANGED = "reverse"
"""Style of a value that changed; beside it stands by how much, for those who see no styles."""

MOST_READINGS = 4
"""Operations of which a table says how they were read; the record has all."""

EXTRAS = ("runtime", "by", "ages", "requeues", "oldest")
"""Keys of a record that have tables of their own."""


def view(full: Record, head: Sequence[str] = ()) -> RenderableType:
    """A full answer (see `snapshot_records`).

    Args:
        full: `rings` and `sum`.
        head: Lines above it: what time it is, what happened to the files.
    """
    rings = full["rings"]
    parts: list[Part] = [Lines([(line, "bold") for line in head])] if head else []
    parts += _one(rings[0]) if len(rings) == 1 else _several(full)
    if any(key in record for record in (*rings, full["sum"] or {}) for key in EXTRAS):
        from vyrectl.cli.commands.snapshot.view_tables import extra_tables

        parts += extra_tables(full)
    return Parts(parts)


def _one(record: Record) -> list[Part]:
    if "error" in record:
        return [Lines([_error_line(record)])]
    title = f"{cell_text(record['ring'])}: {count_of(record['slots'], 'slot')}"
    title += f", {record['empty_count']} empty, {record['done_count']} done"
    since = record.get("since")
    if since is None:
        rows = [_field_row(name, record[name]) for name in SHORT if name in record]
        table = FittedTable([Column("field"), Column("value", right=True)], rows, title=title)
        return [table, *_reading_lines(record)]
    headers = ("value", "change") if since["rates"] is None else ("value", "change", "per second")
    columns = [Column("field"), *(Column(header, right=True) for header in headers)]
    names = [name for name in (*SHORT, "done_count") if name in record]
    rows = [_changed_row(name, record[name], since)[: len(columns)] for name in names]
    return [FittedTable(columns, rows, title=title), Lines([_verdict_line(since)]), *_reading_lines(record)]


def _reading_lines(record: Record) -> list[Part]:
    """What of the telemetry is no fact: requeues and ages that are words of arguments."""
    decided = _decided(record)
    if not decided:
        return []
    slots = count_of(sum(one["slots"] for one in decided), "slot")
    lines = [
        (f"total_requeues and max_priority_age count words of {slots} that hold arguments:", "yellow"),
        *(
            (f"{show_word('op_handle', one['op_handle'])}: {one['why']}", "dim")
            for one in decided[:MOST_READINGS]
        ),
        *(
            [("ages, requeues and the oldest tasks below are those of tasks alone", "dim")]
            if {"ages", "oldest"} & record.keys()
            else []
        ),
        ("--abi protocol leaves such words out, --abi task takes them for a task's", "dim"),
    ]
    return [Lines(lines)]


def _decided(record: Record) -> list[Record]:
    """Operations that were taken for protocol slots."""
    operations = record.get("abi", {"operations": []})["operations"]
    return [one for one in operations if one["reading"] == "protocol"]


def _field_row(name: str, value: int) -> Sequence[Cell]:
    return name, (str(value), _count_style(name) if value else "")


def _changed_row(name: str, value: int, since: Record) -> Sequence[Cell]:
    change = since["changes"].get(name, 0)
    rate = "" if not change or since["rates"] is None else f"{since['rates'][name]:+.1f}"
    style = _count_style(name) if value else ""
    return name, (str(value), f"{style} {CHANGED}".strip() if change else style), _signed(change), rate


def _signed(change: int) -> str:
    return f"{change:+d}" if change else ""


def _verdict_line(since: Record) -> tuple[str, str]:
    passed = "" if since["seconds"] is None else f" in {since['seconds']:.1f} s"
    return f"{since['verdict']}{passed}: {since['rule']}", "bold red" if since["is_stalled"] else ""


def _error_line(record: Record) -> tuple[str, str]:
    return f"{record['ring']}: {record['error']['message']}", "bold red"


def _count_style(name: str) -> str:
    state = TaskState.__members__.get(name.removesuffix("_count").upper())
    return state_style(8) if name == "unknown_count" else "" if state is None else STATE_STYLES[state]


def _several(full: Record) -> list[Part]:
    read = [ring for ring in full["rings"] if "error" not in ring]
    errors = [_error_line(ring) for ring in full["rings"] if "error" in ring]
    parts: list[Part] = [Lines(errors)] if errors else []
    total = full["sum"]
    if total is not None:
        names = [name for name in SHORT if name in total]
        rows = [[ring["ring"], *(_number(name, ring) for name in names)] for ring in read]
        rows.append([("sum", "bold"), *(_number(name, total, "bold") for name in names)])
        columns = [Column(SHORT[name], right=True, rank=RANKS.get(name, 3)) for name in names]
        parts.append(FittedTable([Column("ring"), *columns], rows))
        if "since" in total:
            parts.append(Lines([_verdict_line(total["since"])]))
    for ring in read:
        if _decided(ring):
            parts += [Lines([(f"{ring['ring']}:", "bold")]), *_reading_lines(ring)]
    return parts


def _number(name: str, record: Record, style: str = "") -> Cell:
    value, since = record[name], record.get("since")
    change = since["changes"].get(name, 0) if since else 0
    style = style or (_count_style(name) if value else "")
    return (f"{value} ({_signed(change)})", f"{style} {CHANGED}".strip()) if change else (str(value), style)
