"""`vyrectl recover`: put a crashed run's orphans back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.cli.describe import op_label
from vyrectl.cli.edits import Selection
from vyrectl.cli.options import (
    BackupOption,
    ColorOption,
    DryRunOption,
    EditedRingArgument,
    FormatOption,
    JsonOption,
    LimitOption,
    QuietOption,
    WhereOption,
    make_output,
    parse_limit,
)
from vyrectl.cli.rows import Quote, Rows
from vyrectl.cli.views.recover import view
from vyrectl.errors import LifecycleError, RingFormatError, UsageError

if TYPE_CHECKING:
    from vyrectl.ring.recover import Choose, Recovery

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
BLOCK_SLOTS = 4096
EXIT_REFUSED = LifecycleError.exit_code


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
    where: WhereOption = "",
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Accept a file that ends in a part of a slot; that part is kept."),
    ] = False,
    dry_run: DryRunOption = False,
    backup: BackupOption = False,
    limit: LimitOption = "",
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
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
    Example:
      vyrectl recover ring.bin --dry-run
      vyrectl recover ring.bin --as faulted --where 'op == memcpy' --backup
    """
    from vyrectl.ring.recover import recover_ring

    output = make_output(format_name, as_json, color, quiet=quiet)
    if str(ring) == "-":
        raise UsageError("standard input cannot be recovered", fix="Name a ring file")
    most = parse_limit(limit, output)
    choose = _choose(slots or [], where)
    try:
        recovery = recover_ring(
            ring, outcome=outcome, choose=choose, partial=partial, backup=backup, dry_run=dry_run
        )
    except RingFormatError as error:
        if error.left_over is not None:
            error.fix = "Use --partial to recover the whole slots and keep the rest"
        raise
    rows = _rows(recovery)
    if output.is_table or most is not None:
        rows = rows.first(most)
    output.emit("recover", recovery.to_record(), view, rows=rows, rows_key="recovered")
    raise typer.Exit(0 if recovery.is_complete else EXIT_REFUSED)


def _choose(slots: list[str], where: str) -> Choose | None:
    return Selection.from_options(slots, where, everything=False).choose if slots or where else None


def _rows(recovery: Recovery) -> Rows:
    """One row a recovered slot, with its words as they are after the recovery."""
    edit = recovery.edit

    def blocks(quote: Quote) -> Iterator[list[tuple[Any, ...]]]:
        for start in range(0, len(edit), BLOCK_SLOTS):
            part = slice(start, start + BLOCK_SLOTS)
            after = edit.after[part]
            columns = {name: after[name].tolist() for name in ROW_KEYS if name not in ("slot", "op_name")}
            columns["slot"] = edit.numbers[part].tolist()
            columns["op_name"] = [quote(op_label(op)) for op in columns["op_handle"]]
            yield list(zip(*(columns[name] for name in ROW_KEYS), strict=True))

    return Rows(ROW_KEYS, blocks)
