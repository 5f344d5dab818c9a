"""Options that several commands share, declared once so that they look and read the same everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.abi.limits import MAX_SLOTS, U64_MAX
from vyrectl.abi.slot import FIELDS, Field
from vyrectl.cli.declared import read_number, with_parameters
from vyrectl.cli.output import COLORS, FORMATS, Output
from vyrectl.files.whole import read_stdin
from vyrectl.ring.reading import ABIS

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring

FormatOption = Annotated[
    str, typer.Option("--format", "-f", metavar="|".join(FORMATS), help="How to write the answer.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
ColorOption = Annotated[str, typer.Option("--color", metavar="|".join(COLORS), help="When to use colour.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Leave out talk and progress.")]

RingArgument = Annotated[Path, typer.Argument(metavar="RING", help="Ring file, or - for standard input.")]
EditedRingArgument = Annotated[Path, typer.Argument(metavar="RING", help="Ring file.")]
OffsetOption = Annotated[
    str, typer.Option("--offset", metavar="BYTES", help="Where the ring starts inside a larger dump.")
]
CountOption = Annotated[
    str, typer.Option("--count", metavar="N", help="How many slots from there; all by default.")
]
AbiOption = Annotated[
    str,
    typer.Option(
        "--abi",
        metavar="|".join(ABIS),
        help="Words 4-15: a task's, up to 12 arguments, or as the evidence says.",
    ),
]
SlotsOption = Annotated[str, typer.Option("--slots", metavar="LIST", help="Only these slots, e.g. 0-15,20.")]
WhereOption = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="EXPR",
        help="Only slots for which this holds, e.g. 'state == paused'; < and > go by the words (critical is 0).",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every slot of the ring.")]
BackupOption = Annotated[
    bool, typer.Option("--backup", help="Keep the old ring as RING.bak, or .bak.1 and so on.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Go on with what does not look like a ring.")]
ReplaceOption = Annotated[bool, typer.Option("--force", help="Let --output replace a file of another kind.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")]
LimitOption = Annotated[
    str, typer.Option("--limit", metavar="N|all", help="Most rows; 64 in a table, all otherwise.")
]

TABLE_ROWS = 64
"""Rows of a table unless `--limit` says otherwise."""


def make_output(format_name: str, as_json: bool, color: str, *, quiet: bool = False) -> Output:
    """The output sink that a command's common options ask for."""
    return Output("json" if as_json else format_name, color, quiet=quiet)


def parse_span(offset: str, count: str) -> tuple[int, int | None]:
    """Values of `--offset` (bytes) and `--count` (slots, None for all).

    Raises:
        UsageError: One of them is no number or out of bounds.
    """
    slots = None if count in ("", "all") else read_number(count, "--count", most=MAX_SLOTS)
    return read_number(offset or "0", "--offset", most=U64_MAX), slots


def parse_limit(text: str, output: Output) -> int | None:
    """Value of `--limit`: a number of rows, or None for all.

    Raises:
        UsageError: Neither a number nor `all`.
    """
    if text == "":
        return TABLE_ROWS if output.is_table else None
    return None if text.strip().lower() == "all" else read_number(text, "--limit")


def open_ring(path: Path, offset: str = "", count: str = "") -> Ring:
    """Open a ring to read it; `-` is standard input. A file of another kind is refused unless `--offset` is given.

    Raises:
        UsageError: A bad `--offset` or `--count`.
        FileError: It cannot be read.
        RingFormatError: It is no ring.
    """
    from vyrectl.ring.file import Ring

    start, slots = parse_span(offset, count)
    if str(path) == "-":
        data = read_stdin()
        check_kind(path, offset, data)
        return Ring.from_bytes(data, offset=start, count=slots)
    check_kind(path, offset)
    return Ring.open(path, offset=start, count=slots)


def check_kind(path: Path, offset: str = "", data: bytes | None = None) -> None:
    """Refuse a file of another kind where a ring belongs; whoever gives `--offset` has looked.

    Args:
        path: The file, or the name of what was read.
        offset: Value of `--offset`.
        data: What was read, or None to look at the file.

    Raises:
        OtherKindError: It is at least likely no ring.
        FileError: It cannot be read.
    """
    from vyrectl.ring.kinds import identify, identify_file, other_kind_error

    if offset:
        return
    verdict = identify_file(path) if data is None else identify(memoryview(data))
    error = other_kind_error(verdict, str(path), override="--offset 0")
    if error is not None:
        raise error


def with_field_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for every word of a slot, named after its field.

    The command's `**fields` parameter gets a text for each option (None when it was not given), under the
    fields' names.
    """
    return with_parameters(command, map(_field_option, FIELDS))


def _field_option(field: Field) -> inspect.Parameter:
    flags = [f"--{field.name.replace('_', '-')}"] + (["--op"] if field.kind == "op" else [])
    metavar = "N" if field.kind in ("number", "id", "counter", "epoch") else "NAME|N"
    option = typer.Option(*flags, metavar=metavar, help=f"{field.meaning.split(';')[0].capitalize()}.")
    annotation = Annotated[str | None, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
