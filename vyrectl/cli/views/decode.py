"""Table of `decode`: every word of a slot, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Cell, Column, FittedTable, state_style
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from vyrectl.cli.slot_records import DecodedSlot, DecodedSlots, PackedBeside, PackedRow, WordRow

BLOCK_SLOTS = 64
"""Slots that are written together."""

WORD_COLUMNS = (
    Column("word", right=True),
    Column("name"),
    Column("value", right=True),
    Column("hex", rank=1),
    Column("meaning", wrap=True),
)


def words_table(words: Sequence[WordRow], *, title: str | None = None) -> FittedTable:
    """The words of one slot.

    Args:
        words: Rows of `describe.word_rows`.
        title: A line above the table.
    """
    rows = [_word_cells(row) for row in words]
    return FittedTable(WORD_COLUMNS, rows, title=title)


PACKED_COLUMNS = (
    Column("inner", right=True),
    Column("op"),
    Column("offset", right=True),
    Column("arguments"),
    Column("runs", wrap=True),
)


def packed_table(record: PackedBeside) -> list[FittedTable]:
    """The inner operations of a packed slot; nothing for any other."""
    if "packed" not in record:
        return []
    rows = [_packed_cells(row) for row in record["packed"]]
    return [FittedTable(PACKED_COLUMNS, rows, title="packed operations")]


def _packed_cells(row: PackedRow) -> Sequence[Cell]:
    arguments = "-" if row["arguments"] is None else " ".join(map(str, row["arguments"]))
    runs: Cell = "yes" if row["runs"] else (f"no: {row['idle_reason']}", "bold red")
    return str(row["index"]), row["op_name"] or str(row["opcode"]), str(row["offset"]), arguments, runs


def _word_cells(row: WordRow) -> Sequence[Cell]:
    meaning: Cell = row["meaning"]
    if row["name"] == "state":
        meaning = (row["meaning"], state_style(row["value"]))
    return (str(row["word"]), row["name"], str(row["value"]), row["hex"], meaning)


class SlotsView:
    """Several slots below one another, written one by one."""

    def __init__(self, record: DecodedSlots) -> None:
        self._slots = record["slots"]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """One table a slot; without colours many slots in one piece, for a ring may have a million."""
        from rich.text import Text

        pending = self._tables(console)
        if console.color_system is not None:
            for table in pending:
                yield from table
            return
        while block := list(islice(pending, BLOCK_SLOTS)):
            yield Text("\n".join(str(piece) for table in block for piece in table))

    def _tables(self, console: Console) -> Iterator[Iterator[RenderableType]]:
        for slot in self._slots:
            table = words_table(slot["words"], title=f"slot {slot['slot']}")
            pieces = Parts([table, *packed_table(slot)]).pieces(console)
            yield chain([""], pieces) if slot["slot"] else pieces


def view(record: DecodedSlot | DecodedSlots) -> RenderableType:
    """One slot as a table; several with a line above each."""
    if "words" in record:
        return Parts([words_table(record["words"]), *packed_table(record)])
    return SlotsView(record)
