"""What every table shares: columns that fit the terminal, colours of states, names beside numbers.

`FittedTable` leaves out the least important columns of a narrow terminal and says which, instead of cutting
cells; through a pipe it leaves out none. Text passes through `plain`, so that nothing from a file reaches the
terminal raw.
May import rich, inside functions only.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState, known_state, state_name
from vyrectl.cli.output import plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

Cell = str | tuple[str, str]
"""A cell's text, alone or with a Rich style."""

GAP = 2
"""Blank columns between two columns of a table."""

BLOCK_ROWS = 512
"""Rows that are laid out together, so that a long table is streamed."""

LEAST_WRAP_WIDTH = 16

STATE_STYLES: dict[TaskState, str] = {
    TaskState.EMPTY: "dim",
    TaskState.READY: "green",
    TaskState.RUNNING: "bold cyan",
    TaskState.DONE: "dim",
    TaskState.PAUSED: "yellow",
    TaskState.YIELDED: "blue",
    TaskState.REQUEUED: "magenta",
    TaskState.FAULTED: "bold red",
}
UNKNOWN_STYLE = "bold red"


def state_style(word: int) -> str:
    """Colour of a state word; an unknown one stands out like a fault."""
    state = known_state(word)
    return UNKNOWN_STYLE if state is None else STATE_STYLES[state]


def state_cell(word: int) -> Cell:
    """A state by its name, in its colour."""
    return state_name(word), state_style(word)


def count_of(count: int, noun: str) -> str:
    """`1 slot`, `3 slots`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        header: Its heading.
        right: Align to the right, as numbers are.
        rank: Columns of the highest rank go first where the terminal is narrow; those of rank 0 stay.
        wrap: Long text continues on the next line; for the last column only.
    """

    header: str
    right: bool = False
    rank: int = 0
    wrap: bool = False


class FittedTable:
    """A table that fits the terminal.

    Args:
        columns: Its columns.
        rows: One sequence of cells a row; walked twice, so not a generator.
        title: A line above it.
        headed: Show the headings and the line under them.
        hint: Where the hidden columns can be seen, after their names.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        *,
        title: str | None = None,
        headed: bool = True,
        hint: str = "a wider terminal shows them",
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.title = title
        self.headed = headed
        self.hint = hint

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[Text]:
        """The table in blocks of lines, from the top."""
        from rich.text import Text

        layout = _Layout(self.columns, self._widths(), console.width, headed=self.headed)
        if self.title:
            yield Text(plain(self.title), style="bold")
        if self.headed:
            yield layout.heading(rule="─" if console.encoding.startswith("utf") else "-")
        pending = iter(self.rows)
        while block := list(islice(pending, BLOCK_ROWS)):
            yield Text("\n").join(layout.line(row) for row in block)
        if layout.hidden:
            names = ", ".join(column.header for column in layout.hidden)
            yield Text(f"not shown: {names}; {self.hint}", style="dim")

    def _widths(self) -> list[int]:
        widths = [len(column.header) if self.headed else 0 for column in self.columns]
        for row in self.rows:
            for index, cell in enumerate(row):
                length = cell_length(cell_text(cell))
                if length > widths[index]:
                    widths[index] = length
        return widths


class _Layout:
    """Which columns are shown, how wide, and how a row of them looks."""

    def __init__(self, columns: Sequence[Column], widths: Sequence[int], room: int, *, headed: bool) -> None:
        shown = list(range(len(columns)))
        least = [min(w, LEAST_WRAP_WIDTH) if c.wrap else w for c, w in zip(columns, widths, strict=True)]
        while sum(least[i] + GAP for i in shown) - GAP > room:
            droppable = [i for i in shown if columns[i].rank]
            if not droppable:
                break
            shown.remove(max(droppable, key=lambda i: (columns[i].rank, i)))
        self.hidden = [column for i, column in enumerate(columns) if i not in shown]
        self.columns = [(i, columns[i], widths[i]) for i in shown]
        last, column, width = self.columns[-1]
        if column.wrap:
            before = sum(widths[i] + GAP for i in shown[:-1])
            self.columns[-1] = (last, column, min(width, max(room - before, LEAST_WRAP_WIDTH)))

    def heading(self, rule: str) -> Text:
        """The headings over a line."""
        from rich.text import Text

        names = self._join([(column.header, "bold") for _, column, _ in self.columns])
        line = " " * GAP
        return Text("\n").join(
            [names, Text(line.join(rule * width for _, _, width in self.columns), style="dim")]
        )

    def line(self, row: Sequence[Cell]) -> Text:
        """One row; more than one line when its last column wraps."""
        return self._join([row[index] for index, _, _ in self.columns])

    def _join(self, cells: Sequence[Cell]) -> Text:
        from rich.text import Text

        text = Text()
        filled = 0
        for cell, (_, column, width) in zip(cells, self.columns, strict=True):
            content = cell_text(cell)
            style = cell[1] if isinstance(cell, tuple) else ""
            if not content:
                filled += width + GAP
                continue
            before = filled - cell_length(text.plain.rsplit("\n", 1)[-1])
            slack = width - cell_length(content)
            text.append(" " * (before + (slack if column.right and slack > 0 else 0)))
            text.append(_wrapped(content, width, filled) if column.wrap else content, style=style)
            filled += width + GAP
        return text


def _wrapped(content: str, width: int, indent: int) -> str:
    if cell_length(content) <= width:
        return content
    lines = textwrap.wrap(content, width, break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)


def cell_text(cell: Cell) -> str:
    """A cell's text, safe to print and on one line."""
    return plain(cell[0] if isinstance(cell, tuple) else cell).replace("\n", "\\n").replace("\t", "\\t")


def cell_length(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def facts(pairs: Iterable[tuple[str, Cell]], *, title: str | None = None) -> FittedTable:
    """Names and values below one another, without headings."""
    return FittedTable([Column("name"), Column("value", wrap=True)], list(pairs), title=title, headed=False)
