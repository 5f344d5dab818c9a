"""`vyrectl set`: any word of any slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.declared import with_records
from vyrectl.cli.edits import EditOptions, Part, Selection, run_edit
from vyrectl.cli.fields import check_floats, split_assignments
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.edit.edit import Edit
    from vyrectl.task.arrays import SlotArray


@with_records
def command(
    ring: EditedRingArgument,
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE... [SLOTS]", help="Words to write, then which slots, e.g. 0-15,20."
        ),
    ],
    *,
    where: WhereOption = None,
    everything: AllOption = False,
    dry_run: DryRunOption = False,
    backup: BackupOption = False,
    part: Part,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Write any word of any slots.

    Fields go by their full or short names; states, priorities, flags and operations may be given by name
    (flags=paused+yielded), and param as a float (param=1.5f) where the operation's documentation says that it is
    one. The lifecycle is not asked: `transition` does that. Choose slots by list, by --where, by both (those in the
    list that fulfil it), or with --all.

    \b
    Examples:
      vyrectl set ring.bin priority=high --where 'tenant == 3' --dry-run
      vyrectl set ring.bin age=0 requeues=0 0-15,20 --backup
    """
    output = printed.output()
    values, slots = split_assignments(arguments)
    if not values:
        raise UsageError("nothing to write was given", fix="Give FIELD=VALUE, for example priority=high")
    selection = Selection.from_options(slots, where, everything)
    most = shortened.rows(output)

    def plan(ring_slots: SlotArray, numbers: NDArray[np.int64]) -> Edit:
        import numpy as np

        from vyrectl.edit.arguments import guarded
        from vyrectl.edit.edit import plan_set

        chosen = numbers[(numbers >= 0) & (numbers < len(ring_slots))]
        check_floats(values, np.unique(ring_slots["op_handle"][chosen]).tolist())
        return guarded(plan_set(ring_slots, numbers, values), ring_slots, tuple(values), "set")

    options = EditOptions("set", "set", most, backup=backup, dry_run=dry_run, part=part)
    run_edit(output, ring, selection, plan, options)
