"""Options of `inspect` alone: how the slots are arranged, and where they go. Typer-free."""

from __future__ import annotations

from pathlib import Path

from vyrectl.cli.option_groups import OUTPUT
from vyrectl.dataclass import dataclass
from vyrectl.declared import SLOTS, path, switch, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """One slot in full, or many as a list, as a tree, in groups or in a file."""

    slot: int | None = whole(None, "--slot", says="Show this one slot in full.", group=SLOTS)
    tree: bool = switch(False, "--tree", says="Show tasks below their parents, with all ancestors.")
    group: str | None = text(None, "--group", metavar="FIELD[,...]", says="Count slots by these fields.")
    sort: str | None = text(
        None, "--sort", metavar="FIELD[,...]", says="Order of the rows; -FIELD is descending."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of each slot, and where."""

    columns: str | None = text(
        None, "--columns", metavar="LIST", says="Only these columns; 'words' is all 16 fields."
    )
    file: Path | None = path(
        None,
        "--output",
        metavar="FILE",
        says="Write a .parquet or .arrow file (needs pyarrow).",
        group=OUTPUT,
    )
    control: Path | None = path(
        None,
        "--control",
        metavar="FILE",
        says="Show each slot's partition (words 129-134 there) beside word 3.",
    )
    no_pager: bool = switch(False, "--no-pager", says="Never page a long table.", group=OUTPUT)
