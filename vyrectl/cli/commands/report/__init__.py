"""`vyrectl report`: one self-contained page about rings, to send to somebody.

What is gathered (`gather`), drawn (`charts`) and written (`page`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.report.gather import Extras
from vyrectl.cli.commands.report.record import ReportAnswer
from vyrectl.cli.declared import with_records
from vyrectl.cli.endings import HTML, check_ending
from vyrectl.cli.options import (
    ReplaceOption,
    Talking,
)


@with_records
def command(
    rings: Annotated[list[Path], typer.Argument(metavar="RING...", help="Ring files.")],
    *,
    file: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page to write, or - for standard output.")
    ] = Path("report.html"),
    launch: Annotated[
        Path | None, typer.Option("--launch", metavar="FILE", help="Report of the last `launch --json`.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="Trace of `launch --trace`.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="History of `snapshot --append`.")
    ] = None,
    control: Annotated[
        Path | None, typer.Option("--control", metavar="FILE", help="Control buffer of the rings.")
    ] = None,
    force: ReplaceOption = False,
    printed: Talking,
) -> None:
    """Write one page about rings, to send to somebody.

    The page holds telemetry, a map (the pointer tells slot, state, operation and age), what `check` found, ages and
    priorities as charts, and what the other files say. It needs no network. Needs plotly and Jinja2.

    \b
    Examples:
      vyrectl report ring.bin
      vyrectl report a.bin b.bin --history queue.jsonl --output queues.html
    """
    from vyrectl.cli.commands.report.gather import gather
    from vyrectl.cli.commands.report.page import FIELDS, render
    from vyrectl.files.keeping import write_kept
    from vyrectl.ring.contents import PAGE
    from vyrectl.ring.outputs import Outputs
    from vyrectl.telemetry.history import timestamp

    check_ending(file, "an HTML page", HTML)
    output = printed.output()
    files = Outputs(force=force)
    for ring in rings:
        files.reads_ring(ring)
    for option, path in (
        ("--launch", launch),
        ("--trace", trace),
        ("--history", history),
        ("--control", control),
    ):
        files.reads(option, path)
    files.writes("--output", file, PAGE)
    files.check()
    with output.progress("report", "rings"):
        record = gather(rings, Extras(launch, trace, history, control))
        page = render(record, timestamp(_now())).encode()
    if str(file) == "-":
        _write_page(page)
        return
    write_kept(file, [page])
    counted = [{name: ring[name] for name in ("ring", *FIELDS)} for ring in record["rings"]]
    output.emit("report", {"output": str(file), "size_bytes": len(page), "rings": counted}, _view)


def _now() -> float:
    import time

    return time.time()


def _write_page(page: bytes) -> None:
    from vyrectl.cli.output import write_bytes

    write_bytes(page)


def _view(record: ReportAnswer) -> str:
    names = ", ".join(ring["ring"] for ring in record["rings"])
    return f"{record['output']}: a page about {names}, {record['size_bytes']} bytes"
