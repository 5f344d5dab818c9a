"""Several tables below one another, with a blank line between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from vyrectl.cli.output import plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


class Part(Protocol):
    """What can be written in pieces: a table, or lines of text."""

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """Blocks of lines, from the top."""


class Lines:
    """Lines of text, which pass through `plain`.

    Args:
        texts: Each with a Rich style, which may be empty.
    """

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._texts = texts

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """Each line; where it is too long for the terminal it goes on in the next."""
        from rich.text import Text

        for text, style in self._texts:
            yield Text(plain(text).replace("\n", "\\n"), style=style)


class Parts:
    """Tables written one after the other.

    Args:
        tables: From the top; lines of text may stand between them.
    """

    def __init__(self, tables: Sequence[Part]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """Each table's blocks of lines."""
        for index, table in enumerate(self._tables):
            if index:
                yield ""
            yield from table.pieces(console)
