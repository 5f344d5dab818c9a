"""`vyrectl build`: a new ring from a table, from a seed, or of Empty slots."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.abi.limits import MAX_SLOTS, SLOT_BYTES, U64_MAX
from vyrectl.abi.states import TaskState
from vyrectl.cli.commands.build.source import INPUT_FORMATS, Source
from vyrectl.cli.commands.build.view import sentence, view
from vyrectl.cli.declared import number_option
from vyrectl.cli.endings import RING, check_ending
from vyrectl.cli.options import (
    BackupOption,
    ColorOption,
    FormatOption,
    JsonOption,
    QuietOption,
    make_output,
)
from vyrectl.cli.output import Output, write_bytes
from vyrectl.errors import FileError, UsageError

if TYPE_CHECKING:
    from vyrectl.telemetry.snapshot import StateTally


def command(
    ring: Annotated[Path, typer.Argument(metavar="RING", help="The new ring file, or - for stdout.")],
    table: Annotated[
        str, typer.Argument(metavar="[TABLE]", help="JSONL or CSV of tasks, or - for standard input.")
    ] = "",
    *,
    from_table: Annotated[str, typer.Option("--from", metavar="FILE", help="The same as TABLE.")] = "",
    input_format: Annotated[
        str,
        typer.Option(
            "--input-format",
            metavar="|".join(INPUT_FORMATS),
            help="What TABLE is; told by its name or its first line if not given.",
        ),
    ] = "",
    synthetic: Annotated[
        int | None, number_option("--synthetic", says="Make up N slots from a seed.", most=MAX_SLOTS)
    ] = None,
    seed: Annotated[
        int | None,
        number_option("--seed", says="Seed of --synthetic; 0 if not given.", metavar="S", most=U64_MAX),
    ] = None,
    mix: Annotated[
        str, typer.Option("--mix", metavar="FILE", help="What --synthetic draws from, as JSON or TOML.")
    ] = "",
    slots: Annotated[
        int | None,
        number_option("--slots", says="Slots of the ring; those past the tasks are Empty.", most=MAX_SLOTS),
    ] = None,
    offset: Annotated[
        str, typer.Option("--offset", metavar="BYTES", help="FILE is a dump: its ring starts there.")
    ] = "",
    count: Annotated[
        str, typer.Option("--count", metavar="N", help="FILE is a dump: its ring has so many slots.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    backup: BackupOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing.")] = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Make a ring from a table or a seed.

    A table has one task a line: JSON objects, or CSV with a header. Fields go by their full or short names;
    states, priorities, flags and operations may be names. What a task leaves out is 0, but it is Ready, of
    normal priority, and its task_id counts from 1. A bad line is refused with its number and nothing is
    written. With --slots alone, all slots are Empty. With --offset or --count the ring is cut out of a dump.

    \b
    The same seed and mix make the same ring. A mix holds weights and ranges;
    each key may be left out:
      {"state": {"ready": 9, "empty": 1}, "op": {"nop": 3, "spin": 1},
       "priority": {"high": 1, "normal": 4}, "tenants": 4,
       "param": {"spin": [16, 256]}, "late_percent": 10}

    \b
    Examples:
      vyrectl build ring.bin tasks.csv --slots 1024
      vyrectl build ring.bin --synthetic 1000000 --seed 7
      vyrectl build ring.bin --slots 4096 --force --backup
      vyrectl build ring.bin --from dump.bin --offset 704 --count 64
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    source = Source.from_options(
        [name for name in (table, from_table) if name],
        input_format=input_format,
        synthetic=synthetic,
        seed=seed,
        mix=mix,
        slots=slots,
        span=(offset, count),
    )
    if backup and not force:
        raise UsageError("--backup is for --force: a file that is not replaced stays", fix="Add --force")
    check_ending(ring, "a ring", RING)
    _check_files(ring, (table, from_table, mix))
    _check_target(output, ring, force=force, dry_run=dry_run)
    record = _build(output, ring, source, force=force, backup=backup, dry_run=dry_run)
    if str(ring) == "-" and not dry_run:
        output.talk(sentence(record))
    else:
        output.emit("build", record, view)


def _check_files(ring: Path, read: Sequence[str]) -> None:
    """Hold the ring against what it is made from, and look at its place.

    Raises:
        UsageError: It is one of them.
        FileError: It cannot be written there.
    """
    from vyrectl.ring.outputs import Outputs

    files = Outputs()
    for name in read:
        files.reads("build", name)
    files.writes("RING", ring, None, is_ring=True)
    files.check()


def _check_target(output: Output, ring: Path, *, force: bool, dry_run: bool) -> None:
    """Refuse what cannot be written before a long input is read."""
    if str(ring) == "-":
        if not dry_run and not output.is_table:
            raise UsageError("the ring itself goes to stdout", fix=f"Leave out --format {output.format}")
        if not dry_run and sys.stdout.isatty():
            raise UsageError(
                "the ring would go to the terminal", fix="Redirect it (> ring.bin) or name a file"
            )
    elif os.path.exists(ring) and not force:
        raise FileError("there is a file already", where=str(ring), fix="Add --force to replace it")


def _build(
    output: Output, ring: Path, source: Source, *, force: bool, backup: bool, dry_run: bool
) -> dict[str, Any]:
    from vyrectl.files.ring_lock import mark_made
    from vyrectl.ring.file import Ring, store_empty

    if source.is_empty and str(ring) != "-":
        count = source.slots or 0
        kept = None
        if not dry_run:
            kept = store_empty(ring, count, overwrite=force, backup=backup)
            mark_made(ring)
        states = {TaskState.EMPTY.label: count} if count else {}
        return _record(ring, source, count, states, dry_run=dry_run, backup=kept)
    made = Ring.from_slots(source.read(output))
    kept = None
    if not dry_run and str(ring) == "-":
        write_bytes(made.data)
    elif not dry_run:
        kept = made.save(ring, overwrite=force, backup=backup)
        mark_made(ring)
    return _record(ring, source, len(made), _states(made.tally()), dry_run=dry_run, backup=kept)


def _states(tally: StateTally) -> dict[str, int]:
    named = {state.label: tally.counts[state] for state in TaskState} | {"unknown": tally.unknown}
    return {name: count for name, count in named.items() if count}


def _record(
    ring: Path, source: Source, slots: int, states: dict[str, int], *, dry_run: bool, backup: str | None
) -> dict[str, Any]:
    return {
        "ring": str(ring),
        "slots": slots,
        "tasks": slots - states.get(TaskState.EMPTY.label, 0),
        "bytes": slots * SLOT_BYTES,
        **source.to_record(),
        "states": states,
        "dry_run": dry_run,
        "backup": backup,
    }
