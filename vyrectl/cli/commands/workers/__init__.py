"""`vyrectl workers`: what each worker of a launch has in hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.workers.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Talking
from vyrectl.ring.kinds import FileKind, identify_file
from vyrectl.ring.refusals import refuse_another


@with_records
def command(
    ring: Annotated[
        Path, typer.Argument(metavar="RING", help="A ring that a launch works on, died over, or will write.")
    ],
    *,
    every: Annotated[
        bool, typer.Option("--all", help="List workers without a task too, however many they are.")
    ] = False,
    printed: Talking,
) -> None:
    """Show what each worker of a launch has in hand.

    Worker, slot, operation, how long its turn has lasted at least, how many turns it has begun and how often it
    looked for work in vain; the longest turn first. Of a launch in place that died, what its workers had in hand
    then. A launch with --output is found by its ring and by its output. One with --no-watch keeps nothing. Exit code
    1 when no launch has left anything to show.

    \b
    Examples:
      vyrectl workers ring.bin
      vyrectl workers ring.bin --ops my_ops.cl --json
    """
    from vyrectl.cli.commands.workers.source import listed, summary
    from vyrectl.sidecar.launched import workers_of

    output = printed.output()
    if ring.is_file():
        refuse_another(identify_file(ring), FileKind.RING, str(ring), so="Name a ring")
    found = workers_of(ring)
    output.emit("workers", summary(found), view, rows=listed(found, every=every), rows_key="workers")
