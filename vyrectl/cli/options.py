"""Options that several commands share, declared once so that they look and read the same everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.abi.limits import MAX_SLOTS, U64_MAX
from vyrectl.abi.slot import FIELDS, Field
from vyrectl.cli.declared import with_parameters
from vyrectl.cli.option_groups import OUTPUT
from vyrectl.cli.output import COLORS, FORMATS, Output
from vyrectl.dataclass import dataclass
from vyrectl.declared import SLOTS, Every, switch, text, whole, whole_or_all
from vyrectl.files.telling import tell_by
from vyrectl.files.whole import read_stdin
from vyrectl.ring.reading import ABIS, Abi, parse_abi

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring

ColorOption = Annotated[str, typer.Option("--color", metavar="|".join(COLORS), help="When to use colour.")]

RingArgument = Annotated[Path, typer.Argument(metavar="RING", help="Ring file, or - for standard input.")]
EditedRingArgument = Annotated[Path, typer.Argument(metavar="RING", help="Ring file.")]
AbiOption = Annotated[
    Abi,
    typer.Option(
        "--abi",
        metavar="|".join(ABIS),
        parser=parse_abi,
        help="Words 4-15: a task's, up to 12 arguments, or as the evidence says.",
    ),
]
_WHERE = "Only slots for which this holds, e.g. 'state == paused'; < and > go by the words (critical is 0)."
WhereOption = Annotated[str | None, typer.Option("--where", metavar="EXPR", help=_WHERE)]
AllOption = Annotated[bool, typer.Option("--all", help="Every slot of the ring.")]
BackupOption = Annotated[
    bool, typer.Option("--backup", help="Keep the old ring as RING.bak, or .bak.1 and so on.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Go on with what does not look like a ring.")]
ReplaceOption = Annotated[bool, typer.Option("--force", help="Let --output replace a file of another kind.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")]
TABLE_ROWS = 64
"""Rows of a table unless `--limit` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Formed:
    """In which form a command writes its answer."""

    format_name: str = text(
        "table", "--format", "-f", metavar="|".join(FORMATS), says="How to write the answer.", group=OUTPUT
    )
    as_json: bool = switch(False, "--json", says="Short for --format json.", group=OUTPUT)
    color = "auto"
    quiet = False

    def output(self) -> Output:
        """The sink that these ask for.

        Raises:
            UnknownNameError: There is no such format, or no such use of colour.
        """
        output = Output("json" if self.as_json else self.format_name, self.color, quiet=self.quiet)
        tell_by(output.talk)
        return output


@dataclass(frozen=True, kw_only=True)
class _Coloured:
    color: str = text("auto", "--color", metavar="|".join(COLORS), says="When to use colour.", group=OUTPUT)


@dataclass(frozen=True, kw_only=True)
class _Talk:
    quiet: bool = switch(False, "--quiet", "-q", says="Leave out talk and progress.", group=OUTPUT)


@dataclass(frozen=True, kw_only=True)
class Printed(_Coloured, Formed):
    """How a command writes its answer."""


@dataclass(frozen=True, kw_only=True)
class Talking(_Talk, _Coloured, Formed):
    """How a command writes its answer, and whether it says anything beside it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a file is the ring; whoever says where it begins has looked at the file."""

    offset: int | None = whole(
        None,
        "--offset",
        says="Where the ring starts inside a larger dump.",
        metavar="BYTES",
        most=U64_MAX,
        group=SLOTS,
    )
    count: int | Every | None = whole_or_all(
        None,
        "--count",
        says="How many slots from there; all by default.",
        metavar="N",
        most=MAX_SLOTS,
        group=SLOTS,
    )

    @property
    def is_given(self) -> bool:
        """Whether either was."""
        return self.offset is not None or self.count is not None

    @property
    def start(self) -> int:
        """The first byte."""
        return self.offset or 0

    @property
    def slots(self) -> int | None:
        """The number of slots, None for all."""
        return None if self.count is Every.ALL else self.count


WHOLE_FILE = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """How many rows are shown."""

    limit: int | Every | None = whole_or_all(
        None, "--limit", metavar="N|all", says="Most rows; 64 in a table, all otherwise.", group=OUTPUT
    )

    def rows(self, output: Output) -> int | None:
        """The most rows of an answer, None for all."""
        if self.limit is None:
            return TABLE_ROWS if output.is_table else None
        return None if self.limit is Every.ALL else self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which slots of a ring are looked at; those for which both hold, and all where neither is given."""

    where: str | None = text(None, "--where", metavar="EXPR", says=_WHERE, group=SLOTS)
    slots: str | None = text(
        None, "--slots", metavar="LIST", says="Only these slots, e.g. 0-15,20.", group=SLOTS
    )


def open_ring(path: Path, span: Span = WHOLE_FILE) -> Ring:
    """Open a ring to read it; `-` is standard input. A file of another kind is refused unless `--offset` is given.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is no ring.
    """
    from vyrectl.ring.file import Ring

    if str(path) == "-":
        data = read_stdin()
        check_kind(path, span, data)
        return Ring.from_bytes(data, offset=span.start, count=span.slots)
    check_kind(path, span)
    return Ring.open(path, offset=span.start, count=span.slots)


def check_kind(path: Path, span: Span, data: bytes | None = None) -> None:
    """Refuse a file of another kind where a ring belongs; whoever gives `--offset` has looked.

    Args:
        path: The file, or the name of what was read.
        span: Which part of it.
        data: What was read, or None to look at the file.

    Raises:
        OtherKindError: It is at least likely no ring.
        FileError: It cannot be read.
    """
    from vyrectl.ring.kinds import identify, identify_file
    from vyrectl.ring.refusals import other_kind_error

    if span.offset is not None:
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
