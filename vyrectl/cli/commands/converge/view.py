"""Tables of `converge`: where the shares of a queue are heading, what was reached, which words changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import STATE_STYLES, Cell, Column, FittedTable, count_of
from vyrectl.files.json_text import Json

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

MOST_ROWS = 32
"""Rows of a table; the other formats list all."""

BAR_WIDTH = 24

LEAST_SHOWN = 0.05
"""A node that starts with nothing and is heading for less is left out."""

Record = Mapping[str, Json]


def view(record: Record) -> RenderableType:
    """The whole answer, after the step that was run."""
    return _ConvergeView(record)


class _ConvergeView:
    """A table below a line that says how the loop ended."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """The table's blocks of lines."""
        record = self._record
        if "changes" in record:
            table = _changes(record)
        elif "reached" in record["nodes"][0]:
            table = _reached(record)
        else:
            table = _shares(record, "█" if console.encoding.startswith("utf") else "#")
        yield from table.pieces(console)


def _ended(record: Record) -> str:
    iterations = count_of(record["iterations"], "iteration")
    return f"at rest after {iterations}" if record["converged"] else f"not at rest after {iterations}"


def _shares(record: Record, block: str) -> FittedTable:
    """Shares now and in the limit, with a bar; the smallest of very many nodes are put together."""
    nodes = [node for node in record["nodes"] if node["start"] or node["limit"] >= LEAST_SHOWN]
    shown, rest = _largest(nodes)
    columns = [
        Column("state" if _named(record) else "node"),
        Column("now", right=True),
        Column("share", right=True, rank=1),
        Column("heading for", right=True),
        Column("share", right=True),
        Column("", rank=2),
    ]
    rows = [_share_row(_node_cell(node), node, block) for node in shown]
    if rest:
        total = {key: sum(node[key] for node in rest) for key in rest[0] if key not in ("node", "name")}
        rows.append(_share_row(f"{len(rest)} others", total, block))
    title = f"{plain(record['source'])}: where it is heading, {_ended(record)} on {plain(record['device'])}"
    return FittedTable(columns, rows, title=title)


def _largest(nodes: Sequence[Record]) -> tuple[Sequence[Record], Sequence[Record]]:
    if len(nodes) <= MOST_ROWS:
        return nodes, ()
    ordered = sorted(nodes, key=lambda node: -node["limit_share"])
    return ordered[:MOST_ROWS], ordered[MOST_ROWS:]


def _share_row(label: Cell, node: Record, block: str) -> list[Cell]:
    return [
        label,
        _amount(node["start"]),
        _percent(node["start_share"]),
        _amount(node["limit"]),
        _percent(node["limit_share"]),
        block * round(node["limit_share"] * BAR_WIDTH),
    ]


def _amount(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _named(record: Record) -> bool:
    return record["nodes"][0]["name"] is not None


def _node_cell(node: Record) -> Cell:
    if node["name"] is None:
        return str(node["node"])
    return node["name"], STATE_STYLES[TaskState(node["node"])]


def _reached(record: Record) -> FittedTable:
    nodes = record["nodes"]
    before = sum(node["start"] for node in nodes)
    after = [node for node in nodes if node["reached"]]
    title = (
        f"{plain(record['source'])}: {count_of(len(after), 'node')} of {len(nodes)} reached from {before}, "
    )
    title += f"{_ended(record)} on {plain(record['device'])}"
    if len(after) > MOST_ROWS:
        title += f"; the first {MOST_ROWS}"
    columns = [Column("state" if _named(record) else "node"), Column("because")]
    rows = [
        (_node_cell(node), "there at the start" if node["start"] else "reached") for node in after[:MOST_ROWS]
    ]
    return FittedTable(columns, rows, title=title)


def _changes(record: Record) -> FittedTable:
    changes = record["changes"]
    changed = sum(word["start"] != word["end"] for word in changes)
    title = (
        f"{plain(record['source'])}: step {record['step']}, {changed} of {count_of(len(changes), 'word')} "
    )
    title += f"changed, {_ended(record)} on {plain(record['device'])}"
    if len(changes) > MOST_ROWS:
        title += f"; the first {MOST_ROWS}"
    columns = [Column("word", right=True), Column("start", right=True), Column("end", right=True)]
    rows = [[str(word[key]) for key in ("word", "start", "end")] for word in changes[:MOST_ROWS]]
    return FittedTable(columns, rows, title=title)
