"""`vyrectl inspect`: slots as a table, as a tree or counted in groups, or one slot in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.inspect.listing import Wanted, emit_listing
from vyrectl.cli.declared import number_option
from vyrectl.cli.options import (
    AbiOption,
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    LimitOption,
    OffsetOption,
    QuietOption,
    ReplaceOption,
    RingArgument,
    SlotsOption,
    WhereOption,
    make_output,
)
from vyrectl.cli.output import Output
from vyrectl.cli.readings import ring_readings, say_readings
from vyrectl.cli.slot_detail import emit_slot
from vyrectl.cli.snapshot_records import open_for_snapshot
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.errors import UsageError
from vyrectl.protocol.partitions import Partitions
from vyrectl.ring.contents import PARQUET, content_of
from vyrectl.ring.outputs import Outputs
from vyrectl.ring.reading import parse_abi


def command(
    ring: RingArgument,
    *,
    where: WhereOption = "",
    slots: SlotsOption = "",
    slot: Annotated[int | None, number_option("--slot", says="Show this one slot in full.")] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Show tasks below their parents, with all ancestors.")
    ] = False,
    group: Annotated[
        str, typer.Option("--group", metavar="FIELD[,...]", help="Count slots by these fields.")
    ] = "",
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD[,...]", help="Order of the rows; -FIELD is descending.")
    ] = "",
    limit: LimitOption = "",
    columns: Annotated[
        str, typer.Option("--columns", metavar="LIST", help="Only these columns; 'words' is all 16 fields.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write a .parquet or .arrow file (needs pyarrow)."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            "--control",
            metavar="FILE",
            help="Show each slot's partition (words 129-134 there) beside word 3.",
        ),
    ] = None,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Never page a long table.")] = False,
    abi: AbiOption = "auto",
    offset: OffsetOption = "",
    count: CountOption = "",
    force: ReplaceOption = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Show slots as a table.

    --where takes the fields, numbers, names, comparisons, in, and, or, not and whole-number arithmetic. With
    --slot one slot is explained: every word, what each lifecycle action would change, its parents and children.
    A table that --limit makes longer than the terminal goes through $PAGER. Where slots hold arguments in words
    7-15 (see --abi) a table leaves those out, unless --columns asks for them.

    \b
    Examples:
      vyrectl inspect ring.bin --where 'state == paused and age > 10' --sort -age
      vyrectl inspect ring.bin --slot 3
      vyrectl inspect ring.bin --control control.bin
      vyrectl inspect ring.bin --group tenant,state
      vyrectl inspect ring.bin --where 'state == faulted' --tree
      vyrectl inspect ring.bin --columns words --format csv > tasks.csv
      vyrectl inspect ring.bin --output tasks.parquet
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    chosen = {"--where": where, "--slots": slots, "--sort": sort, "--limit": limit, "--columns": columns}
    _check_combination(
        slot is not None,
        tree,
        bool(group),
        file,
        [name for name, text in chosen.items() if text],
        control=control is not None,
    )
    stdout, files = StdoutFile(output), Outputs(force=force)
    files.reads_ring(ring)
    files.reads("--control", control)
    file = stdout.take_checked(files, file, content_of(file, PARQUET), ".parquet")
    wanted = Wanted(
        slots=slots,
        where=where,
        sort=sort,
        columns=columns,
        limit=limit,
        group=group,
        tree=tree,
        file=file,
        stdout=stdout,
        partitions=_partitions(control, output),
    )
    asked = parse_abi(abi)
    with open_for_snapshot(ring, offset, count) as opened:
        readings = ring_readings(opened, asked)
        say_readings(output, readings)
        if slot is not None:
            emit_slot(output, opened, slot, readings, wanted.partitions)
        else:
            emit_listing(output, opened, wanted, readings, paging=bool(limit) and not no_pager)


def _partitions(control: Path | None, output: Output) -> Partitions | None:
    """The classes by partition of a control buffer.

    Raises:
        FileError: It cannot be read.
        WireBufferError: It is no control buffer.
    """
    if control is None:
        return None
    from vyrectl.cli.snapshot_runtime import read_control

    data, _ = read_control(control)
    found = Partitions.of_control(data)
    if found is None:
        output.talk(f"{control}: words 129-134 hold no partitions, so word 3 alone tells the class")
    return found


def _check_combination(
    one: bool, tree: bool, group: bool, file: Path | None, given: list[str], *, control: bool
) -> None:
    """Hold the options to those that make sense together.

    Raises:
        UsageError: They do not.
    """
    kinds = {"--slot": one, "--tree": tree, "--group": group, "--output": file is not None}
    asked = [name for name, wanted in kinds.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} exclude each other", fix="Leave one of them out")
    if control and len(asked) > one:
        raise UsageError(
            f"--control shows partitions in a list and of one slot, not with {asked[0]}",
            fix="Leave one of them out",
        )
    if one and given:
        raise UsageError(
            "--slot shows one slot in full", fix="Leave out the options that choose or arrange rows"
        )
    if group and "--columns" in given:
        raise UsageError("--group has columns of its own", fix="Leave out --columns")
