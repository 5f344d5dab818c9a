"""`vyrectl recover`: put a crashed run's orphans back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.recover.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.edited_rows import edited_rows
from vyrectl.cli.edits import Part, Selection
from vyrectl.cli.options import (
    BackupOption,
    DryRunOption,
    EditedRingArgument,
    Shortened,
    Talking,
    WhereOption,
)
from vyrectl.errors import LifecycleError, RingFormatError, UsageError

if TYPE_CHECKING:
    from vyrectl.edit.recover import Choose

ROW_KEYS = (
    "slot",
    "task_id",
    "op_handle",
    "op_name",
    "tenant_id",
    "priority",
    "continuation_pc",
    "continuation_data",
    "state",
    "age_ticks",
    "requeue_count",
    "yield_count",
)
EXIT_REFUSED = LifecycleError.exit_code


@with_records
def command(
    ring: EditedRingArgument,
    slots: Annotated[
        list[str] | None, typer.Argument(metavar="[SLOTS]", help="Only these slots, e.g. 0-15,20.")
    ] = None,
    *,
    outcome: Annotated[
        str,
        typer.Option("--as", metavar="requeued|yielded|ready|faulted", help="What an orphan becomes."),
    ] = "requeued",
    where: WhereOption = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Accept a file that ends in a part of a slot; that part is kept."),
    ] = False,
    dry_run: DryRunOption = False,
    backup: BackupOption = False,
    part: Part,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Put a crashed run's orphans back.

    Tasks that are Running while no process holds the ring become claimable again. Each goes on from its last
    published continuation; a step it was in when its launch died may run twice. The ring of a live process is
    refused.

    \b
      --as requeued  age and requeue_count rise by one, the priority stays
      --as yielded   yield_count rises by one
      --as ready     no counter rises
      --as faulted   runs no more (fault code orphaned): for operations that
                     must not repeat a step

    An orphan whose counter is at 4294967295 is left and named (exit code 4).

    \b
    Examples:
      vyrectl recover ring.bin --dry-run
      vyrectl recover ring.bin --as faulted --where 'op == memcpy' --backup
    """
    from vyrectl.edit.recover import recover_ring

    output = printed.output()
    if str(ring) == "-":
        raise UsageError("standard input cannot be recovered", fix="Name a ring file")
    most = shortened.rows(output)
    choose = _choose(slots or [], where)
    try:
        recovery = recover_ring(
            ring,
            outcome=outcome,
            choose=choose,
            partial=partial,
            backup=backup,
            dry_run=dry_run,
            **part.options(),
        )
    except RingFormatError as error:
        if error.left_over is not None and error.offset is None:
            error.fix = "Use --partial to recover the whole slots and keep the rest"
        raise
    rows = edited_rows(recovery.edit, ROW_KEYS)
    if output.is_table or most is not None:
        rows = rows.first(most)
    output.emit("recover", recovery.to_record(), view, rows=rows, rows_key="recovered")
    raise typer.Exit(0 if recovery.is_complete else EXIT_REFUSED)


def _choose(slots: list[str], where: str | None) -> Choose | None:
    return Selection.from_options(slots, where, everything=False).choose if slots or where else None
