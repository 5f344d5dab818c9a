"""Several tables below one another, with a blank line between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import FittedTable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


class Parts:
    """Tables written one after the other.

    Args:
        tables: From the top.
    """

    def __init__(self, tables: Sequence[FittedTable]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """Each table's blocks of lines."""
        for index, table in enumerate(self._tables):
            if index:
                yield ""
            yield from table.pieces(console)
