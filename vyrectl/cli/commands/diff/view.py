"""Tables of `diff`: the slots that changed, how many went which way, and both snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.commands.diff.rows import steps_text
from vyrectl.cli.describe import flag_list, show_word
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, count_of, state_cell, state_style
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.diff.record import DiffAnswer, DifferenceRow, MovementRow

SLOT_COLUMNS = (Column("slot", right=True), Column("how"), Column("what changed", wrap=True))
MOVEMENT_COLUMNS = (
    Column("from"),
    Column("to"),
    Column("slots", right=True),
    Column("how", wrap=True),
)
MOST_MOVEMENTS = 24
"""Ways that are listed; the rest is one row. The other formats list all."""

ILLEGAL_STYLE = "bold red"


def view(record: DiffAnswer) -> RenderableType:
    """The slots, then the sums."""
    if record["equal"]:
        return f"{_names(record)}: equal, {count_of(record['slots_before'], 'slot')}"
    tables = [_movements(record), _snapshots(record)]
    if record["shown"]:
        tables.insert(0, FittedTable(SLOT_COLUMNS, CellRows(record["slots"], _slot_cells)))
    tables[0].title = _sentence(record)
    return Parts(tables)


def _names(record: DiffAnswer) -> str:
    return f"{plain(record['before'])} -> {plain(record['after'])}"


def _sentence(record: DiffAnswer) -> str:
    parts = [
        f"{record['changed']} of {count_of(min(record['slots_before'], record['slots_after']), 'slot')} changed"
    ]
    counts = ((record["added"], "added"), (record["removed"], "removed"))
    parts += [f"{count} {name}" for count, name in counts if count]
    illegal = record["illegal"]
    parts.append(f"{illegal} by no legal step" if illegal else "all by legal steps")
    return f"{_names(record)}: {', '.join(parts)}"


def _slot_cells(row: DifferenceRow) -> Sequence[Cell]:
    return str(row["slot"]), _how(row), _what(row)


def _how(row: DifferenceRow) -> Cell:
    if row["change"] == "removed":
        return "removed", "dim"
    if not row["legal"]:
        return "illegal", ILLEGAL_STYLE
    rises = [row["changes"].get(name, (0, 0)) for name in ("yield_count", "requeue_count")]
    return steps_text(row["actions"], *(new - old for old, new in rises)) or "still Empty"


def _what(row: DifferenceRow) -> str:
    """The words that differ; of a slot that only one ring has, those that are not 0."""
    if row["change"] == "changed":
        words = ", ".join(_change(field, *pair) for field, pair in row["changes"].items())
        return words if row["legal"] else f"{row['reason']}: {words}"
    side = row["change"] == "added"
    words = ", ".join(f"{field} {show_word(field, pair[side])}" for field, pair in row["changes"].items())
    return f"{'added' if side else 'was'}: {words or 'Empty'}"


def _change(field: str, old: int, new: int) -> str:
    if field == "flags":
        signs = [("+", new & ~old), ("-", old & ~new)]
        return " ".join(["flags", *(f"{sign}{name}" for sign, bits in signs for name in flag_list(bits))])
    return f"{field} {show_word(field, old)} -> {show_word(field, new)}"


def _movements(record: DiffAnswer) -> FittedTable:
    ways = record["movements"]
    rows = [_movement_cells(way) for way in ways[:MOST_MOVEMENTS]]
    if rest := ways[MOST_MOVEMENTS:]:
        slots = sum(way["slots"] for way in rest)
        rows.append((f"{len(rest)} other ways", "", str(slots), ""))
    return FittedTable(MOVEMENT_COLUMNS, rows)


def _movement_cells(way: MovementRow) -> Sequence[Cell]:
    states = [_state(way["from"]), _state(way["to"])]
    how: Cell = (f"illegal: {way['reason']}", ILLEGAL_STYLE)
    if way["legal"]:
        counts = [(way["yields"], "yield"), (way["requeues"], "requeue")]
        sums = [count_of(count, noun) for count, noun in counts if count > way["slots"]]
        how = (", ".join(way["actions"]) or "still Empty") + (f" ({' and '.join(sums)})" if sums else "")
    return (*states, str(way["slots"]), how)


def _state(word: int | None) -> Cell:
    return ("unknown", state_style(len(TaskState))) if word is None else state_cell(word)


def _snapshots(record: DiffAnswer) -> FittedTable:
    before, after = record["snapshots"]["before"], record["snapshots"]["after"]
    columns = [Column("snapshot"), *(Column(name, right=True) for name in ("before", "after", "change"))]
    rows = [
        (name, str(old), str(after[name]), f"{after[name] - old:+d}" if after[name] != old else "")
        for name, old in before.items()
        if old or after[name]
    ]
    return FittedTable(columns, rows)
