"""`vyrectl schema`: the JSON Schema of what a command prints."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from vyrectl.cli.commands.schema.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Printed
from vyrectl.cli.output import write_line
from vyrectl.cli.schemas import HOMES, schema_of


@with_records
def command(
    name: Annotated[
        str | None, typer.Argument(metavar="[COMMAND]", help="A command, or 'error'; without it, a list.")
    ] = None,
    *,
    printed: Printed,
) -> None:
    """Print the JSON Schema of a command's answer.

    The schema (draft 2020-12) says what the command prints with --json; 'error' stands for what is written to
    stderr instead. Every key is named and no other occurs.

    \b
    Examples:
      vyrectl schema snapshot
      vyrectl schema error
    """
    output = printed.output()
    if name is not None:
        write_line(json.dumps(schema_of(name), indent=2))
        return
    rows = [{"command": each, "title": schema_of(each)["title"]} for each in HOMES]
    output.emit("schema", {}, view, rows=rows, rows_key="schemas")
