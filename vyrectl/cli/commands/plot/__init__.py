"""`vyrectl plot`: depth, rates and ages over time, from the file that `snapshot --append` writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.plot.record import choose_rings, parse_metrics, plot_record, plot_rows
from vyrectl.cli.commands.plot.view import charts_view, file_view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.options import (
    ReplaceOption,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.cli.views.cells import count_of
from vyrectl.cli.wrong_kind import telling_kind
from vyrectl.errors import InvalidInputError
from vyrectl.files.whole import read_whole
from vyrectl.ring.contents import PNG, content_of
from vyrectl.ring.kinds import FileKind
from vyrectl.ring.outputs import Outputs
from vyrectl.telemetry.series import METRICS, History, read_history

CHART_LINES = 6


@with_records
def command(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="File of `snapshot --append`, or - for standard input.")
    ],
    *,
    show: Annotated[
        str | None,
        typer.Option("--show", metavar="METRIC[,...]", help=f"Draw these: {', '.join(METRICS)}, all."),
    ] = None,
    ring: Annotated[str | None, typer.Option("--ring", metavar="NAME", help="Draw this ring alone.")] = None,
    height: Annotated[
        int, number_option("--height", says="Lines of a chart.", least=1, most=200)
    ] = CHART_LINES,
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write a .png, .svg or .pdf file (needs matplotlib)."),
    ] = None,
    force: ReplaceOption = False,
    printed: Talking,
) -> None:
    """Draw a queue's depth, rates and ages over time.

    Rates are made from neighbouring looks at one ring. As CSV or JSON lines there is one row for each look.

    \b
    Examples:
      vyrectl snapshot ring.bin --watch 1 --append ring.jsonl
      vyrectl plot ring.jsonl
      vyrectl plot ring.jsonl --show schedulable,done_rate --output ring.png
    """
    output = printed.output()
    metrics = parse_metrics(show)
    stdout, files = StdoutFile(output), Outputs(force=force)
    files.reads("FILE", source)
    file = stdout.take_checked(files, file, content_of(file, PNG), ".png")
    if file is not None:
        from vyrectl.cli.commands.plot.file import check_plot

        check_plot(file)
    history = _read(output, source)
    rings = choose_rings(history, ring)
    record = plot_record(str(source), history, rings, metrics)
    if file is not None:
        from vyrectl.cli.commands.plot.file import write_plot

        write_plot(file, rings, metrics)
        if stdout.is_used:
            stdout.send()
            return
        output.emit("plot", {**record, "output": str(file)}, file_view)
        return
    view = charts_view(rings, metrics, height, sys.stdout.isatty())
    rows = None if output.is_table else plot_rows(rings, metrics)
    output.emit("plot", record, view, rows=rows, rows_key="looks")


def _read(output: Output, source: Path) -> History:
    """The history in a file or on standard input.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds no snapshot.
    """
    data = read_whole(source, doing="read the history")
    history = read_history(data.splitlines())
    if not history.lines:
        with telling_kind(source, FileKind.SNAPSHOT, data):
            raise InvalidInputError(
                "there is no snapshot in it",
                fix="Give what `snapshot --append` or `snapshot --watch --format jsonl` wrote",
            )
    if history.skipped:
        left_out = count_of(len(history.skipped), "line")
        output.warn(f"{source}: {left_out} without a snapshot, the first is line {history.skipped[0]}")
    if history.over_arguments:
        looks = count_of(history.over_arguments, "look")
        output.talk(
            f"requeues and the largest age of {looks} are left out: they run over slots that hold arguments; "
            "snapshot --abi protocol, or --ages, writes what can be drawn"
        )
    return history
