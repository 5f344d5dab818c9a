"""`vyrectl diff`: two rings compared, with the lifecycle steps that explain what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.diff.rows import diff_record, diff_rows
from vyrectl.cli.commands.diff.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    AbiOption,
    Shortened,
    Span,
    Talking,
)
from vyrectl.cli.pager import paged
from vyrectl.cli.readings import ring_readings, say_readings
from vyrectl.cli.snapshot_records import open_for_snapshot
from vyrectl.cli.stdin_once import check_single_stdin
from vyrectl.ring.reading import Abi

DIFFERENT = 1
"""Exit code when the rings differ, as of `diff`."""


@with_records
def command(
    before: Annotated[Path, typer.Argument(metavar="RING", help="Earlier look, or - for standard input.")],
    after: Annotated[Path, typer.Argument(metavar="RING", help="Later look, or - for standard input.")],
    *,
    illegal: Annotated[
        bool, typer.Option("--illegal", help="List only changes that no lifecycle step makes.")
    ] = False,
    shortened: Shortened,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Never page a long table.")] = False,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    printed: Talking,
) -> None:
    """Show what changed between two looks at a ring.

    Slot by slot it names the shortest way through the lifecycle that turns the first look into the second, or
    why there is none; then the sums. The counters tell how often a task yielded or was requeued. Beside the six
    actions a way may hold claim, put-back, publish and cancel. Slots that hold arguments (--abi) have no counters:
    their states alone are explained.

    Exit code 0 when the rings are equal, 1 when they differ (or one cannot be read; then stderr says so).

    \b
    Examples:
      vyrectl diff before.bin after.bin
      vyrectl diff before.bin after.bin --limit 0
      vyrectl diff before.bin after.bin --illegal --format jsonl
    """
    from vyrectl.ring.diff import diff_rings

    output = printed.output()
    most, asked = shortened.rows(output), abi
    check_single_stdin(before, after)
    with open_for_snapshot(before, span) as first, open_for_snapshot(after, span) as second:
        readings = (ring_readings(first, asked), ring_readings(second, asked))
        say_readings(output, readings[1] if readings[1].decided else readings[0])
        diff = diff_rings(first.slots, second.slots, readings)
        listed = diff.take(~diff.legal) if illegal else diff
        shown = len(listed) if most is None else min(most, len(listed))
        record = {**diff_record(first, second, diff), "listed": len(listed), "shown": shown}
        with paged(output, shown if shortened.limit is not None and not no_pager else 0):
            output.emit("diff", record, view, rows=diff_rows(listed).first(most), rows_key="slots")
    if shown < len(listed):
        output.talk(f"{shown} of {len(listed)} slots shown; --limit N or --limit all shows more")
    if not diff.is_equal:
        raise typer.Exit(DIFFERENT)
