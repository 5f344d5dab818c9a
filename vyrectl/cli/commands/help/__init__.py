"""`vyrectl help`: the topics of the documentation, one page of it, or a command's own help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.catalog import CATALOG, NAMES
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Talking
from vyrectl.cli.output import Output
from vyrectl.cli.pager import paged
from vyrectl.errors import UnknownNameError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.help.record import HelpAnswer, TopicsAnswer


@with_records
def command(
    name: Annotated[
        str | None, typer.Argument(metavar="[TOPIC|COMMAND]", help="A topic or a command.")
    ] = None,
    *,
    printed: Talking,
) -> None:
    """Show a page of the documentation, or a command's help.

    Without a name it lists the topics. Where a topic and a command share a name, the command's help comes first
    and the page below it. On a terminal a page is rendered and goes through the pager; in a pipe it is plain text.

    \b
    Examples:
      vyrectl help
      vyrectl help tutorial
      vyrectl help launch | grep -- --timeout
    """
    from vyrectl import docs

    output = printed.output()
    if name is None:
        _list_topics(output)
        return
    if name not in docs.NAMES and name not in NAMES:
        raise UnknownNameError("topic or command", name, (*docs.NAMES, *NAMES))
    record: HelpAnswer = {
        "name": name,
        "help": _command_help(name) if name in NAMES else None,
        "text": docs.read_page(name) if name in docs.NAMES else None,
    }
    lines = sum((text or "").count("\n") for text in (record["help"], record["text"]))
    with paged(output, lines):
        output.emit("help", record, _view)


def _list_topics(output: Output) -> None:
    from vyrectl import docs

    found = docs.topics()
    record: TopicsAnswer = {
        "topics": [{"name": topic.name, "summary": topic.summary} for topic in found],
        "commands": [{"name": entry.name, "summary": entry.summary} for entry in CATALOG],
    }
    output.emit("help", record, _view_topics, rows=record["topics"])


def _view_topics(record: TopicsAnswer) -> RenderableType:
    from vyrectl.cli.commands.help.view import view_topics

    return view_topics(record)


def _view(record: HelpAnswer) -> RenderableType:
    from vyrectl.cli.commands.help.view import view

    return view(record)  # type: ignore[return-value]


def _command_help(name: str) -> str:
    from vyrectl.cli.main import command_help

    return command_help(name)
