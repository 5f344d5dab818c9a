"""`vyrectl check`: what is wrong with a ring, by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.cli.options import (
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    OffsetOption,
    QuietOption,
    make_output,
    parse_span,
    read_stdin,
)
from vyrectl.cli.output import Output
from vyrectl.cli.views.check import view, view_kinds
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.ring.findings.kinds import KINDS, find_kind

if TYPE_CHECKING:
    from vyrectl.ring.findings.kinds import Kind
    from vyrectl.ring.findings.report import CheckReport

EVERYTHING = "all"
"""What `--explain` takes beside a name."""

EXIT_ERRORS = InvalidInputError.exit_code


def command(
    ring: Annotated[
        Path | None, typer.Argument(metavar="[RING]", help="Any file, or - for standard input.")
    ] = None,
    *,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FINDING", help="Leave this finding out; may be repeated."),
    ] = None,
    explain: Annotated[
        str,
        typer.Option("--explain", metavar="FINDING", help="Say what a finding means, or all; needs no ring."),
    ] = "",
    offset: OffsetOption = "0",
    count: CountOption = "all",
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Look for what is broken in a ring.

    Opens any file and names what it finds: errors (what no legal history leads to; exit code 3), warnings
    (what will mislead or go wrong soon) and notes, each with its slots and what to do. Changes nothing.

    \b
    Example:
      vyrectl check ring.bin
      vyrectl check dump.bin --offset 4096 --count 1024 --json
      vyrectl check --explain stale-telemetry
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    if explain:
        _explain(output, list(KINDS.values()) if explain == EVERYTHING else [find_kind(explain)])
        return
    if ring is None:
        raise UsageError("no ring was named", fix="Name a file, - for standard input, or use --explain all")
    report = _check(output, ring, offset, count, [find_kind(name).name for name in ignore or ()])
    rows = [finding.to_record() for finding in report.findings]
    output.emit("check", report.to_record(), view, rows=rows, rows_key="findings")
    raise typer.Exit(0 if report.is_sound else EXIT_ERRORS)


def _check(output: Output, ring: Path, offset: str, count: str, ignore: list[str]) -> CheckReport:
    from vyrectl.ring.check import check_bytes, check_file

    start, slots = parse_span(offset, count)
    with output.progress("check", "slots") as update:
        if str(ring) == "-":
            return check_bytes(read_stdin(), offset=start, count=slots, ignore=ignore, progress=update)
        return check_file(ring, offset=start, count=slots, ignore=ignore, progress=update)


def _explain(output: Output, kinds: list[Kind]) -> None:
    rows = [_kind_record(kind) for kind in kinds]
    output.emit("check-explain", {}, view_kinds, rows=rows, rows_key="kinds")


def _kind_record(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "severity": str(kind.severity),
        "title": kind.title,
        "meaning": kind.meaning,
        "remedy": kind.remedy.replace("{ring}", "RING").replace("{slots}", "SLOTS"),
        "where": kind.where,
    }
