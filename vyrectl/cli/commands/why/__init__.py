"""`vyrectl why`: why a queue does not move, and the command that mends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.again import NAMING, keeping
from vyrectl.cli.commands.why.options import Evidence
from vyrectl.cli.commands.why.view import view, view_causes
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    AbiOption,
    Span,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.errors import FileError, UsageError
from vyrectl.files.json_text import Json
from vyrectl.ring.findings.advice import EXAMPLES, split_advice
from vyrectl.ring.reading import Abi
from vyrectl.shell import PROGRAM
from vyrectl.why.classes import CAUSES, find_cause

if TYPE_CHECKING:
    from vyrectl.cli.commands.why.source import Asked

EVERYTHING = "all"
"""What `--explain` takes beside a name."""

LAUNCH, OF_LAUNCHES = f"{PROGRAM} launch ", ("--epoch",)
"""A launch goes by the epoch that the question went by."""

EXIT_PERSON = FileError.exit_code


@with_records
def command(
    rings: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RING...]", help="Rings, all-in-one dumps, folders of looks, or -."),
    ] = None,
    *,
    evidence: Evidence,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    ops: Annotated[
        list[Path] | None,
        typer.Option("--ops", metavar="FILE.cl", help="Operations of your own; may be repeated."),
    ] = None,
    printed: Talking,
) -> None:
    """Say why a queue does not move.

    A verdict in one sentence, then the classes of tasks that do not move, each with its evidence, the share of the
    queue and the command that mends it. A ring that runs in place is looked at twice. A folder holds a ring with the
    buffers beside it, or such looks over time, as several folders do; several files are so many queues. Exit code 1
    when a person is needed (or as --fail-on says), else 0. Changes nothing.

    \b
    Examples:
      vyrectl why ring.bin
      vyrectl why ring.bin --control control.bin
      vyrectl why ring.bin --since before.bin
      vyrectl why all.bin --fail-on held --fail-on orphaned
      vyrectl why --explain starved
    """
    from vyrectl.cli.commands.why.source import Asked

    output = printed.output()
    if evidence.explain is not None:
        _explain(output, evidence.explain)
        return
    if not rings:
        raise UsageError(
            "no ring was named", fix="Name a file or a folder, - for standard input, or --explain all"
        )
    asked = Asked(evidence, ops=tuple(ops or ()), abi=abi, span=span)
    raise typer.Exit(_answer(output, rings, asked, frozenset(evidence.fail_on)))


def _answer(output: Output, rings: list[Path], asked: Asked, wanted: frozenset[str]) -> int:
    from vyrectl.cli.commands.why.source import answers

    found = answers(rings, asked)
    records = [_as_typed(one.record) for one in found]
    whole = records[0] if len(records) == 1 else {"rings": records}
    output.emit("why", whole, view, rows=records if output.format in ("jsonl", "csv") else None)
    return EXIT_PERSON if any(one.answer.fails(wanted) for one in found) else 0


def _as_typed(record: dict[str, Json]) -> dict[str, Json]:
    """An answer whose commands have the options that this one was given."""
    return {**record, "classes": [_kept(one) for one in record["classes"]]}


def _kept(found: dict[str, Json]) -> dict[str, Json]:
    for text, alone in (("remedy", "command"), ("afterwards", "afterwards_command")):
        words, command = split_advice(found[text])
        if command is not None and command.startswith(PROGRAM):
            kept = keeping(command, (*NAMING, *OF_LAUNCHES * command.startswith(LAUNCH)))
            found = {**found, text: f"{words}: {kept}" if words else kept, alone: kept}
    return found


def _explain(output: Output, name: str) -> None:
    from vyrectl.why.classes import explanations

    chosen = list(CAUSES) if name == EVERYTHING else [find_cause(name).name]
    places = {
        **EXAMPLES,
        "with_control": "",
        "parts": "FOLDER",
        "bigger": "NEW",
        "more": "N",
        "count": "N",
        "epoch": "EPOCH",
        "hung": "SLOT",
        "kept": "slot != SLOT",
        "pids": "PID",
        "whose": " (PID)",
        "to": "",
        "asked": "RING",
    }
    places |= {"masks": "mask.TENANT=open", "quotas": "quota.TENANT=N", "bounds": "--tenant-quota TENANT=N"}
    rows = [one for one in explanations(places) if one["name"] in chosen]
    output.emit("why-explain", {}, view_causes, rows=rows, rows_key="classes")
