"""Pages of `help`: rendered on a terminal, their own text in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Column, FittedTable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from vyrectl.cli.commands.help.record import HelpAnswer, TopicsAnswer

PAGE_COLUMNS = 100
"""Widest text on a terminal: longer lines are hard to read."""


class Page:
    """A command's help, a page of the documentation, or one below the other.

    Args:
        help_text: The command's help; empty for none.
        text: The page as Markdown; empty for none.
    """

    def __init__(self, help_text: str, text: str) -> None:
        self._help, self._text = help_text, text

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """What to print, one piece after the other."""
        from rich.text import Text

        if self._help:
            yield Text(self._help.rstrip("\n"))
        if self._help and self._text:
            yield Text("")
        if self._text and not console.is_terminal:
            yield Text(self._text.rstrip("\n"))
        elif self._text:
            yield from self._rendered(console)

    def _rendered(self, console: Console) -> Iterator[RenderableType]:
        from rich.constrain import Constrain
        from rich.markdown import Markdown

        page = Markdown(self._text, code_theme="ansi_dark", hyperlinks=False)
        yield Constrain(page, min(console.width, PAGE_COLUMNS))


def view(record: HelpAnswer) -> Page:
    """The page of the record."""
    return Page(record["help"] or "", record["text"] or "")


def view_topics(record: TopicsAnswer) -> FittedTable:
    """Each topic and what it is for."""
    rows = [(topic["name"], topic["summary"]) for topic in record["topics"]]
    hint = "vyrectl help TOPIC shows one, vyrectl help COMMAND the help of a command"
    return FittedTable([Column("topic"), Column("what for", wrap=True)], rows, hint=hint)
