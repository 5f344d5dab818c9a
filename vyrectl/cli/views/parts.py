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


class Screenful:
    """Tables of which a terminal shows as many as its screen has lines for; a pipe gets all.

    Args:
        first: Shown in any case.
        more: (what they are about, tables), the most important first.
        lines: Of a screen, the prompt's included.
    """

    def __init__(self, first: Sequence[Part], more: Sequence[tuple[str, Sequence[Part]]], lines: int) -> None:
        self._first = first
        self._more = more
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """The tables that fit, and a line that names the others."""
        blocks = list(Parts(self._first).pieces(console))
        used, hidden = _height(console, blocks), []
        for name, tables in self._more:
            part: list[RenderableType] = ["", *Parts(tables).pieces(console)] if tables else []
            height = _height(console, part)
            if console.soft_wrap or used + height <= self._lines - 2:
                blocks += part
                used += height
            elif part:
                hidden.append(name)
        yield from blocks
        if hidden:
            yield from Lines([(f"not shown: {', '.join(hidden)}; see --json", "dim")]).pieces(console)


def _height(console: Console, blocks: Sequence[RenderableType]) -> int:
    """Lines that they take on a terminal."""
    return 0 if console.soft_wrap else sum(len(console.render_lines(block, pad=False)) for block in blocks)
