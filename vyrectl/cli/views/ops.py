"""Table of `ops`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vyrectl.cli.views.cells import Column, FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType


def view(record: Mapping[str, Any]) -> RenderableType:
    """One row an operation, by id."""
    columns = [Column("id", right=True), Column("name"), Column("what it does", wrap=True)]
    return FittedTable(columns, [(f"0x{op['op_handle']:x}", op["name"], op["doc"]) for op in record["ops"]])
