"""`vyrectl check`: what is wrong with a ring, by name."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.again import keeping
from vyrectl.cli.commands.check.record import KindRecord
from vyrectl.cli.commands.check.view import view, view_kinds
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.options import (
    AbiOption,
    Span,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.files.whole import read_stdin
from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.advice import EXAMPLES, fill_advice, split_advice
from vyrectl.ring.findings.kind import Severity
from vyrectl.ring.findings.kinds import KINDS, find_kind
from vyrectl.ring.reading import Abi
from vyrectl.shell import file_argument

if TYPE_CHECKING:
    from vyrectl.ring.findings.kind import Kind
    from vyrectl.ring.findings.report import CheckReport, Finding

EVERYTHING = "all"
"""What `--explain` takes beside a name."""

EXIT_ERRORS = InvalidInputError.exit_code


@with_records
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
        str | None,
        typer.Option("--explain", metavar="FINDING", help="Say what a finding means, or all; needs no ring."),
    ] = None,
    ops: Annotated[
        list[Path] | None,
        typer.Option("--ops", metavar="FILE.cl", help="Operations of your own; may be repeated."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="FILE", help="Control buffer that goes with the ring."),
    ] = None,
    debug_log: Annotated[
        Path | None,
        typer.Option("--debug-log", metavar="FILE", help="Debug log that goes with the ring."),
    ] = None,
    io_queue: Annotated[
        Path | None,
        typer.Option("--io-queue", metavar="FILE", help="I/O queue that goes with the ring."),
    ] = None,
    epoch: Annotated[
        int | None, number_option("--epoch", says="Epoch to go by; --control's, or 0, if not given.")
    ] = None,
    age_threshold: Annotated[
        int | None, number_option("--age-threshold", says="Age ticks of a starving task, 32 if not given.")
    ] = None,
    abi: AbiOption = Abi.AUTO,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings fail the check too (exit code 3); notes do not.")
    ] = False,
    span: Span,
    printed: Talking,
) -> None:
    """Look for what is broken in a ring.

    Opens any file and names what it finds: errors (what no legal history leads to, and no runtime makes; exit code 3),
    warnings (what will mislead or go wrong soon; exit code 3 with --strict) and notes, each with its slots and what to
    do. Changes nothing.
    With --control, partitions, shut-out tenants and the epoch are looked at too; --ops names the sources
    of operations that are not vyrectl's. --control, --debug-log and --io-queue are also held against the ring
    and each other.

    \b
    Examples:
      vyrectl check ring.bin
      vyrectl check ring.bin --ops mine.cl --control control.bin
      vyrectl check ring.bin --control control.bin --io-queue io.bin
      vyrectl check dump.bin --offset 4096 --count 1024 --json
      vyrectl check --explain stale-telemetry
    """
    output = printed.output()
    if explain is not None:
        _explain(output, list(KINDS.values()) if explain == EVERYTHING else [find_kind(explain)])
        return
    if ring is None:
        raise UsageError("no ring was named", fix="Name a file, - for standard input, or use --explain all")
    unwanted = [find_kind(name).name for name in ignore or ()]
    beside = {"control": control, "debug_log": debug_log, "io_queue": io_queue}
    about = _about(ops or [], control, epoch, age_threshold)
    wanted = _Wanted(span, about, abi, tuple(unwanted))
    report = _check(output, ring, wanted, beside)
    has_rest = report.left_over_bytes > 0
    report = replace(
        report, findings=tuple(_as_typed(one, control, has_rest=has_rest) for one in report.findings)
    )
    rows = [finding.to_record() for finding in report.findings]
    output.emit("check", report.to_record(), view, rows=rows, rows_key="findings")
    failed = not report.is_sound or (strict and report.count(Severity.WARNING) > 0)
    raise typer.Exit(EXIT_ERRORS if failed else 0)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a check is asked: which slots, and what to go by."""

    span: Span
    about: About
    abi: Abi
    ignore: tuple[str, ...]


def _check(output: Output, ring: Path, wanted: _Wanted, beside: dict[str, Path | None]) -> CheckReport:
    from vyrectl.cli.together import findings_beside
    from vyrectl.ring.check import check_bytes, check_file
    from vyrectl.ring.file import Ring

    start, slots = wanted.span.start, wanted.span.slots
    data = read_stdin() if str(ring) == "-" else None
    check = partial(check_file, ring) if data is None else partial(check_bytes, data)
    with output.progress("check", "slots") as update:
        report = check(
            offset=start,
            count=slots,
            about=wanted.about,
            abi=wanted.abi,
            ignore=wanted.ignore,
            has_looked=wanted.span.offset is not None,
            progress=update,
        )
    if not any(beside.values()) or report.is_foreign:
        return report
    opened = Ring.open(ring, offset=start, count=report.slots) if data is None else None
    with opened or Ring.from_bytes(data or b"", offset=start, count=report.slots) as looked_at:
        return report.joined(findings_beside(looked_at.slots, **beside), wanted.ignore)


def _about(ops: list[Path], control: Path | None, epoch: int | None, age_threshold: int | None) -> About:
    from vyrectl.engine.ops import load_source, op_codes, spawning_ids
    from vyrectl.launching.control_file import load_control

    sources = [load_source(path) for path in ops]
    return About.beside(
        None if control is None else load_control(control).tolist(),
        epoch=epoch,
        age_threshold=AGE_THRESHOLD if age_threshold is None else age_threshold,
        ops=frozenset(op_codes(sources).values()),
        spawning=spawning_ids(sources),
    )


def _as_typed(finding: Finding, control: Path | None, *, has_rest: bool) -> Finding:
    """A finding whose command has the options that this one was given, and names its control buffer.

    Where bytes are left over after the last slot, `recover` is told that they may stay.
    """
    words, command = split_advice(finding.remedy)
    if command is None:
        return finding
    filled = command if control is None else fill_advice(command, {"control": file_argument(control)})
    kept = keeping(filled)
    if has_rest and shlex.split(kept)[1] == "recover":
        kept += " --partial"
    return replace(finding, remedy=f"{words}: {kept}" if words else kept)


def _explain(output: Output, kinds: list[Kind]) -> None:
    rows = [_kind_record(kind) for kind in kinds]
    output.emit("check-explain", {}, view_kinds, rows=rows, rows_key="kinds")


def _kind_record(kind: Kind) -> KindRecord:
    return {
        "name": kind.name,
        "severity": kind.severity,
        "title": kind.title,
        "meaning": kind.meaning,
        "remedy": fill_advice(kind.remedy, EXAMPLES),
        "where": kind.shown_where,
    }
