"""What every table shares: columns that fit the terminal, colours of states, names beside numbers.

`FittedTable` leaves out the least important columns of a narrow terminal and says which, instead of cutting
cells; through a pipe it leaves out none. Text passes through `plain`, so that nothing from a file reaches the
terminal raw.
May import rich, inside functions only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypedDict, TypeVar

from vyrectl.abi.states import TaskState, known_state, state_name
from vyrectl.cli.describe import show_word
from vyrectl.cli.output import plain
from vyrectl.dataclass import dataclass

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

Cell = str | tuple[str, str]
"""A cell's text, alone or with a Rich style."""

Line = list[tuple[str, str]]
"""A line of a table: texts and their styles."""

GAP = 2
"""Blank columns between two columns of a table."""

_GAP = " " * GAP

BLOCK_ROWS = 512
"""Rows that are laid out together, so that a long table is streamed."""

LEAST_WRAP_WIDTH = 16
_TOKENS = re.compile(r"[^ |]*[ |]*")

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


def count_of(count: int, noun: str, several: str | None = None) -> str:
    """`1 slot`, `3 slots`; `several` is the plural where it is no mere s."""
    return f"{count} {noun}" if count == 1 else f"{count} {several or noun + 's'}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        header: The text above its cells.
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
        rows: One sequence of cells a row; walked twice unless there is a sample, so not a generator.
        title: A line above it.
        headed: Show the headings and the line under them.
        hint: Where the hidden columns can be seen, after their names.
        sample: Rows among which each column has its widest cell, so that not all need be made before the first
            is shown; `rows` by default.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        *,
        title: str | None = None,
        headed: bool = True,
        hint: str = "a wider terminal shows more",
        sample: Iterable[Sequence[Cell]] | None = None,
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.title = title
        self.headed = headed
        self.hint = hint
        self.sample = rows if sample is None else sample

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[Text]:
        """The table in blocks of lines, from the top."""
        from rich.text import Text

        layout = _Layout(self.columns, self._widths(), console.width, headed=self.headed)
        head: list[Line] = [[(plain(self.title), "bold")]] if self.title else []
        if self.headed:
            head += layout.heading("─" if console.encoding.startswith("utf") else "-")
        is_bare = console.color_system is None
        if head:
            yield Text("\n".join(map(_bare, head))) if is_bare else _joined(head)
        pending = iter(self.rows)
        while block := list(islice(pending, BLOCK_ROWS)):
            if is_bare:
                yield Text("\n".join([layout.plain_line(row) for row in block]))
            else:
                yield _joined([layout.line(row) for row in block])
        if layout.hidden:
            names = ", ".join(column.header for column in layout.hidden)
            yield Text(f"not shown: {names}; {self.hint}", style="dim")

    def _widths(self) -> list[int]:
        widths = [len(column.header) if self.headed else 0 for column in self.columns]
        for row in self.sample:
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

    def heading(self, rule: str) -> list[Line]:
        """The headings, and the line under them."""
        names: list[Cell] = [(column.header, "bold") for _, column, _ in self.columns]
        under = (" " * GAP).join(rule * width for _, _, width in self.columns)
        return [self._join(names), [(under, "dim")]]

    def line(self, row: Sequence[Cell]) -> Line:
        """One row; it holds line ends when its last column wraps."""
        return self._join([row[index] for index, _, _ in self.columns])

    def plain_line(self, row: Sequence[Cell]) -> str:
        """The same without styles, made quickly where the cells are nothing unusual."""
        parts = []
        for index, column, width in self.columns:
            cell = row[index]
            text = cell if isinstance(cell, str) else cell[0]
            if not (text.isascii() and text.isprintable()) or (column.wrap and len(text) > width):
                return _bare(self.line(row))
            parts.append(text.rjust(width) if column.right else text.ljust(width))
        return _GAP.join(parts).rstrip()

    def _join(self, cells: Sequence[Cell]) -> Line:
        line: Line = []
        blank = indent = 0
        for cell, (_, column, width) in zip(cells, self.columns, strict=True):
            content = cell_text(cell)
            if content:
                slack = max(width - cell_length(content), 0)
                wrapped = _wrapped(content, width, indent) if column.wrap else content
                line.append((" " * (blank + (slack if column.right else 0)), ""))
                line.append((wrapped, cell[1] if isinstance(cell, tuple) else ""))
                blank = 0 if column.right else slack
            else:
                blank += width
            blank += GAP
            indent += width + GAP
        return line


def _bare(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line)


def _joined(lines: Sequence[Line]) -> Text:
    """Lines as one text."""
    from rich.text import Text

    return Text("\n").join(Text.assemble(*line) for line in lines)


def _wrapped(content: str, width: int, indent: int) -> str:
    """Text on lines of at most `width`, broken after blanks and after `|`."""
    if cell_length(content) <= width:
        return content
    lines = [""]
    for token in _TOKENS.findall(content):
        piece = token
        while cell_length(lines[-1] + piece.rstrip()) > width:
            if not lines[-1]:
                cut = _cut(piece, width)
                lines[-1], piece = piece[:cut], piece[cut:]
            lines.append("")
        lines[-1] += piece
    return ("\n" + " " * indent).join(line.rstrip() for line in lines)


def _cut(word: str, width: int) -> int:
    """Where a word that is wider than a line is broken: after one of its joints, if that leaves half a line."""
    joint = max(word.rfind(mark, 0, width) for mark in "_-/,.") + 1
    return joint if joint >= width // 2 else width


def cell_text(cell: Cell) -> str:
    """A cell's text, safe to print and on one line."""
    text = cell[0] if isinstance(cell, tuple) else cell
    if text.isprintable():
        return text
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def cell_length(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


OneRow = TypeVar("OneRow")


class CellRows(Generic[OneRow]):
    """Rows as cells, made when they are needed: a table may be long."""

    def __init__(self, rows: Iterable[OneRow], cells: Callable[[OneRow], Sequence[Cell]]) -> None:
        self._rows = rows
        self._cells = cells

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        return map(self._cells, self._rows)


TASK_COLUMNS = (
    Column("slot", right=True),
    Column("task_id", right=True),
    Column("op"),
    Column("tenant", right=True, rank=2),
    Column("priority", rank=2),
)
"""Which task a row is about."""


class TaskRow(TypedDict):
    """What `TASK_COLUMNS` show, of any row that has it."""

    slot: int
    task_id: int
    op_handle: int
    op_name: str | None
    tenant_id: int
    priority: int


def task_cells(row: TaskRow) -> Sequence[Cell]:
    """The cells of `TASK_COLUMNS`."""
    return (
        str(row["slot"]),
        str(row["task_id"]),
        row["op_name"] or show_word("op_handle", row["op_handle"]),
        str(row["tenant_id"]),
        show_word("priority", row["priority"]),
    )


def facts(pairs: Iterable[tuple[str, Cell]], *, title: str | None = None) -> FittedTable:
    """Names and values below one another, without headings."""
    return FittedTable([Column("name"), Column("value", wrap=True)], list(pairs), title=title, headed=False)
