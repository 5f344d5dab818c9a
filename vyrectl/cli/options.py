"""Options that several commands share, declared once so that they look and read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.output import COLORS, FORMATS, Output

FormatOption = Annotated[
    str, typer.Option("--format", "-f", metavar="|".join(FORMATS), help="How to write the answer.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
ColorOption = Annotated[str, typer.Option("--color", metavar="|".join(COLORS), help="When to use colour.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Leave out talk and progress.")]

RingArgument = Annotated[Path, typer.Argument(metavar="RING", help="Ring file, or - for standard input.")]
OffsetOption = Annotated[
    str, typer.Option("--offset", metavar="BYTES", help="Where the ring starts inside a larger dump.")
]
CountOption = Annotated[
    str, typer.Option("--count", metavar="N", help="How many slots to read; all by default.")
]
WhereOption = Annotated[
    str,
    typer.Option("--where", metavar="EXPR", help="Only slots for which this holds, e.g. 'state == paused'."),
]
BackupOption = Annotated[bool, typer.Option("--backup", help="Keep the old ring as RING.bak.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")]


def make_output(format_name: str, as_json: bool, color: str, *, quiet: bool = False) -> Output:
    """The output sink that a command's common options ask for."""
    return Output("json" if as_json else format_name, color, quiet=quiet)


def parse_number(text: str, what: str, *, least: int = 0, most: int = 0xFFFF_FFFF) -> int:
    """A decimal or 0x number within bounds.

    Raises:
        UsageError: The text is no such number; the message names `what` and the bounds.
    """
    from vyrectl.errors import UsageError

    try:
        value = int(text, 0)
    except ValueError:
        raise UsageError(
            f"{what} is {text!r}, which is no number", fix="Give a decimal or 0x number"
        ) from None
    if not least <= value <= most:
        raise UsageError(f"{what} is {value}", fix=f"Give a number from {least} to {most}")
    return value
