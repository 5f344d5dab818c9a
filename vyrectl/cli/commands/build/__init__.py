"""`vyrectl build`: a new ring from a table, from a seed, or of Empty slots."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.cli.commands.build.options import Asked, Writing
from vyrectl.cli.commands.build.record import BuildAnswer
from vyrectl.cli.commands.build.source import Source
from vyrectl.cli.commands.build.view import sentence, view
from vyrectl.cli.declared import with_records
from vyrectl.cli.endings import RING, check_ending
from vyrectl.cli.options import (
    Talking,
)
from vyrectl.cli.output import Output, write_bytes
from vyrectl.errors import FileError, UsageError

if TYPE_CHECKING:
    from vyrectl.telemetry.snapshot import StateTally


@with_records
def command(
    ring: Annotated[Path, typer.Argument(metavar="RING", help="The new ring file, or - for stdout.")],
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="JSONL or CSV of tasks, or - for standard input.")
    ] = None,
    *,
    asked: Asked,
    writing: Writing,
    printed: Talking,
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
    output = printed.output()
    source = Source.from_options(table, asked)
    if writing.backup and not writing.force:
        raise UsageError("--backup is for --force: a file that is not replaced stays", fix="Add --force")
    check_ending(ring, "a ring", RING)
    _check_files(ring, [one for one in (table, asked.from_table, asked.mix) if one is not None])
    _check_target(output, ring, writing)
    record = _build(output, ring, source, writing)
    if str(ring) == "-" and not writing.dry_run:
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


def _check_target(output: Output, ring: Path, writing: Writing) -> None:
    """Refuse what cannot be written before a long input is read."""
    if str(ring) == "-":
        if not writing.dry_run and not output.is_table:
            raise UsageError("the ring itself goes to stdout", fix=f"Leave out --format {output.format}")
        if not writing.dry_run and sys.stdout.isatty():
            raise UsageError(
                "the ring would go to the terminal", fix="Redirect it (> ring.bin) or name a file"
            )
    elif os.path.exists(ring) and not writing.force:
        raise FileError("there is a file already", where=str(ring), fix="Add --force to replace it")


def _build(output: Output, ring: Path, source: Source, writing: Writing) -> BuildAnswer:
    from vyrectl.ring.file import Ring
    from vyrectl.ring.store import store_empty

    if source.is_empty and str(ring) != "-":
        count = source.slots or 0
        kept = None
        if not writing.dry_run:
            kept = store_empty(ring, count, overwrite=writing.force, backup=writing.backup)
        states = {TaskState.EMPTY.label: count} if count else {}
        return _record(ring, source, count, states, dry_run=writing.dry_run, backup=kept)
    made = Ring.from_slots(source.read(output))
    kept = None
    if not writing.dry_run and str(ring) == "-":
        write_bytes(made.data)
    elif not writing.dry_run:
        kept = made.save(ring, overwrite=writing.force, backup=writing.backup)
    return _record(ring, source, len(made), _states(made.tally()), dry_run=writing.dry_run, backup=kept)


def _states(tally: StateTally) -> dict[str, int]:
    named = {state.label: tally.counts[state] for state in TaskState} | {"unknown": tally.unknown}
    return {name: count for name, count in named.items() if count}


def _record(
    ring: Path, source: Source, slots: int, states: dict[str, int], *, dry_run: bool, backup: str | None
) -> BuildAnswer:
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
