"""`vyrectl repair`: make faulted tasks ready again."""

from __future__ import annotations

from typing import Annotated

import typer

from vyrectl.cli.commands.repair.view import view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.edited_rows import edited_rows
from vyrectl.cli.edits import Part, Selection
from vyrectl.cli.fields import parse_fault_code
from vyrectl.cli.options import (
    AllOption,
    BackupOption,
    DryRunOption,
    EditedRingArgument,
    Shortened,
    Talking,
    WhereOption,
)
from vyrectl.errors import UsageError

WORD_KEYS = (
    "task_id",
    "op_handle",
    "tenant_id",
    "priority",
    "state",
    "continuation_pc",
    "continuation_data",
)
ROW_KEYS = ("slot", "fault_code", "fault_name", "op_name", *WORD_KEYS)


@with_records
def command(
    ring: EditedRingArgument,
    slots: Annotated[
        list[str] | None, typer.Argument(metavar="[SLOTS]", help="Only these slots, e.g. 0-15,20.")
    ] = None,
    *,
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="CODE", help="Only tasks with this fault code; may be repeated."),
    ] = None,
    where: WhereOption = None,
    everything: AllOption = False,
    pc: Annotated[
        int | None, number_option("--pc", says="Where they go on; 0, the beginning, if not given.")
    ] = None,
    data: Annotated[
        int | None, number_option("--data", says="Their new continuation_data; 0 if not given.")
    ] = None,
    dry_run: DryRunOption = False,
    backup: BackupOption = False,
    part: Part,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Make faulted tasks ready again.

    No transition leads out of Faulted, so nothing revives a task unless it is told to: choose by fault code, by
    --where, by a list of slots, or with --all. Chosen tasks that are not Faulted are left alone; one that a
    plain list names is an error (exit 4). A fault writes its code over continuation_data: the task starts from
    the beginning, or where --pc and --data say. Its counters stay, its flags are cleared.

    \b
    Examples:
      vyrectl repair ring.bin --code bad_handle --dry-run
      vyrectl repair ring.bin --where 'tenant == 3 and op == scale' --backup
    """
    from vyrectl.edit.repair import repair_ring

    output = printed.output()
    if str(ring) == "-":
        raise UsageError("standard input cannot be repaired", fix="Name a ring file")
    codes = [parse_fault_code(text) for text in code or ()]
    most = shortened.rows(output)
    selection = Selection.from_options(slots or [], where, everything or bool(codes and not (slots or where)))
    repair = repair_ring(
        ring,
        choose=None if selection.everything else selection.choose,
        codes=codes,
        strict=bool(slots) and not (where or codes),
        pc=pc,
        data=data,
        backup=backup,
        dry_run=dry_run,
        **part.options(),
    )
    rows = edited_rows(repair.edit, ROW_KEYS, before={"fault_code": "continuation_data"})
    if output.is_table or most is not None:
        rows = rows.first(most)
    output.emit("repair", repair.to_record(), view, rows=rows, rows_key="repaired")
