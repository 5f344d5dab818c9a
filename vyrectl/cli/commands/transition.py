"""`vyrectl transition`: lifecycle actions on slots of a ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.declared import with_records
from vyrectl.cli.edits import EditOptions, Part, Selection, plan_action, run_edit
from vyrectl.cli.fields import parse_fault_code, parse_value
from vyrectl.cli.options import (
    AllOption,
    BackupOption,
    DryRunOption,
    EditedRingArgument,
    Shortened,
    Talking,
    WhereOption,
)
from vyrectl.errors import UnknownNameError, UsageError
from vyrectl.task.lifecycle import ACTIONS, TRANSITIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.edit.edit import Edit
    from vyrectl.task.arrays import SlotArray

REQUIRED = {"epoch": "1", "code": "bad_handle"}
"""Arguments without a default, each with an example; the others keep what the slot holds."""


@with_records
def command(
    ring: EditedRingArgument,
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"One of {', '.join(ACTIONS)}.")],
    slots: Annotated[
        list[str] | None, typer.Argument(metavar="[SLOTS]", help="Slots to change, e.g. 0-15,20.")
    ] = None,
    *,
    pc: Annotated[
        str | None, typer.Option("--pc", metavar="N", help="New continuation_pc; kept if not given.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="N", help="New continuation_data; kept if not given.")
    ] = None,
    epoch: Annotated[
        str | None, typer.Option("--epoch", metavar="N|never", help="For pause: the epoch to wait for.")
    ] = None,
    priority: Annotated[
        str | None,
        typer.Option("--priority", metavar="NAME|N", help="For requeue: new class; kept if not given."),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option("--code", metavar="NAME|N", help="For fault: why, a number or an engine fault."),
    ] = None,
    where: WhereOption = None,
    everything: AllOption = False,
    dry_run: DryRunOption = False,
    backup: BackupOption = False,
    part: Part,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Apply a lifecycle action to slots.

    \b
      pause     wait for an epoch              --epoch, [--pc], [--data]
      resume    make a paused task ready
      yield     give up the worker             [--pc], [--data]
      requeue   back to a class, one older     [--pc], [--data], [--priority]
      complete  finish
      fault     stop with a fault code         --code

    All chosen slots change or none: one that may not take the action is an error (exit 4) that names it. Choose
    slots by list, by --where, by both (those in the list that fulfil it), or with --all.

    \b
    Examples:
      vyrectl transition ring.bin pause --epoch 9 --where 'tenant == 3' --dry-run
      vyrectl transition ring.bin requeue 0-15,20 --priority low --backup
    """
    output = printed.output()
    texts = {"pc": pc, "data": data, "epoch": epoch, "priority": priority, "code": code}
    given = parse_arguments(action, {name: text for name, text in texts.items() if text is not None})
    selection = Selection.from_options(slots or [], where, everything)
    most = shortened.rows(output)

    def plan(ring_slots: SlotArray, numbers: NDArray[np.int64]) -> Edit:
        return plan_action(ring_slots, numbers, action, given)

    options = EditOptions("transition", action, most, backup=backup, dry_run=dry_run, part=part)
    run_edit(output, ring, selection, plan, options)


def parse_arguments(action: str, texts: dict[str, str]) -> dict[str, int]:
    """The arguments of an action, by their names in the lifecycle table.

    Raises:
        UnknownNameError: No such action, or an unknown priority or fault.
        UsageError: An argument that the action does not take, a missing one, or a bad number.
    """
    row = TRANSITIONS.get(action)
    if row is None:
        raise UnknownNameError("action", action, ACTIONS)
    foreign = next((name for name in texts if name not in row.arguments), None)
    if foreign is not None:
        takes = ", ".join(f"--{name}" for name in row.arguments) or "no argument"
        raise UsageError(f"{action} takes no --{foreign}", fix=f"{action} takes {takes}")
    missing = [f"--{name}" for name in row.arguments if name in REQUIRED and name not in texts]
    if missing:
        raise UsageError(
            f"{action} needs {', '.join(missing)}",
            fix=f"Say which, for example {missing[0]} {REQUIRED[missing[0][2:]]}",
        )
    return {
        name: parse_fault_code(text) if name == "code" else parse_value(row.arguments[name], text)
        for name, text in texts.items()
    }
