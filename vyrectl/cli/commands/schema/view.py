"""Table of `schema`: what there are schemas of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vyrectl.cli.views.cells import Column, FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType


def view(record: Mapping[str, Any]) -> RenderableType:
    """Each command and what its answer is."""
    rows = [(row["command"], row["title"]) for row in record["schemas"]]
    return FittedTable([Column("command"), Column("answer", wrap=True)], rows, hint="see --json")
