"""Table of `schema`: what there are schemas of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Column, FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.schema.record import SchemasAnswer


def view(record: SchemasAnswer) -> RenderableType:
    """Each command and what its answer is."""
    rows = [(row["command"], row["title"]) for row in record["schemas"]]
    return FittedTable([Column("command"), Column("answer", wrap=True)], rows, hint="see --json")
