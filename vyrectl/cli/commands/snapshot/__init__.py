"""`vyrectl snapshot`: the queue telemetry of one ring or of several, once or again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.snapshot.options import Wishes
from vyrectl.cli.commands.snapshot.output import Targets, emit_once, emit_ticks
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    AbiOption,
    Span,
    Talking,
)
from vyrectl.cli.snapshot_records import Wanted
from vyrectl.ring.reading import Abi


@with_records
def command(
    rings: Annotated[
        list[Path], typer.Argument(metavar="RING...", help="Ring files, or - for standard input.")
    ],
    *,
    wishes: Wishes,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    printed: Talking,
) -> None:
    """Show queue telemetry.

    Counts the slots in each state; Empty and Done slots are not queued and not counted. total_requeues and
    max_priority_age run over every slot, also where words 7-15 are arguments (--abi auto says so, protocol counts 0
    there). Several rings are shown one by one and summed. --watch redraws a table
    on a terminal and writes one JSON line for each look through a pipe.

    \b
    Examples:
      vyrectl snapshot ring.bin --by priority,tenant --ages --oldest 5
      vyrectl snapshot a.bin b.bin --json
      vyrectl snapshot ring.bin --watch 1
      vyrectl snapshot ring.bin --since before.json
      vyrectl snapshot ring.bin --control control.bin
      vyrectl snapshot ring.bin --openmetrics --output ring.prom
      vyrectl snapshot ring.bin --watch 1 --alert 'done_delta == 0 for 30s'
    """
    wanted = Wanted(
        wishes.by,
        wishes.ages,
        wishes.oldest,
        wishes.lenient,
        wishes.control,
        abi,
        oldest_ages=wishes.openmetrics,
    )
    targets = Targets(printed.output(), wishes)
    targets.check(rings)
    targets.check_files(rings)
    if wishes.watch_s is None:
        emit_once(targets, rings, span, wanted)
    else:
        emit_ticks(targets, rings, span, wanted, wishes.watch_s)
