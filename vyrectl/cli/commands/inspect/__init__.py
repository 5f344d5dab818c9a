"""`vyrectl inspect`: slots as a table, as a tree or counted in groups, or one slot in full."""

from __future__ import annotations

from pathlib import Path

from vyrectl.cli.commands.inspect.listing import Wanted, emit_listing
from vyrectl.cli.commands.inspect.options import Arranged, Shown
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    AbiOption,
    Choice,
    ReplaceOption,
    RingArgument,
    Shortened,
    Span,
    Talking,
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
from vyrectl.ring.reading import Abi


@with_records
def command(
    ring: RingArgument,
    *,
    choice: Choice,
    arranged: Arranged,
    shortened: Shortened,
    shown: Shown,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    force: ReplaceOption = False,
    printed: Talking,
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
    output = printed.output()
    _check_combination(choice, arranged, shown, is_short=shortened.limit is not None)
    stdout, files = StdoutFile(output), Outputs(force=force)
    files.reads_ring(ring)
    files.reads("--control", shown.control)
    file = stdout.take_checked(files, shown.file, content_of(shown.file, PARQUET), ".parquet")
    wanted = Wanted(choice, arranged, shortened, shown, file, stdout, _partitions(shown.control, output))
    with open_for_snapshot(ring, span) as opened:
        readings = ring_readings(opened, abi)
        say_readings(output, readings)
        if arranged.slot is not None:
            emit_slot(output, opened, arranged.slot, readings, wanted.partitions)
        else:
            emit_listing(output, opened, wanted, readings)


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


def _check_combination(choice: Choice, arranged: Arranged, shown: Shown, *, is_short: bool) -> None:
    """Hold the options to those that make sense together.

    Raises:
        UsageError: They do not.
    """
    one, group = arranged.slot is not None, arranged.group is not None
    kinds = {"--slot": one, "--tree": arranged.tree, "--group": group, "--output": shown.file is not None}
    asked = [name for name, wanted in kinds.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} exclude each other", fix="Leave one of them out")
    if shown.control is not None and len(asked) > one:
        raise UsageError(
            f"--control shows partitions in a list and of one slot, not with {asked[0]}",
            fix="Leave one of them out",
        )
    rows = (choice.where, choice.slots, arranged.sort, shown.columns)
    if one and (is_short or any(option is not None for option in rows)):
        raise UsageError(
            "--slot shows one slot in full", fix="Leave out the options that choose or arrange rows"
        )
    if group and shown.columns is not None:
        raise UsageError("--group has columns of its own", fix="Leave out --columns")
