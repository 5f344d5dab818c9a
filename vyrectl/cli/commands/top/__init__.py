"""`vyrectl top`: a live screen over one ring, with keys to look closer and to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.top.loop import TopLoop
from vyrectl.cli.commands.top.sample import Sampler
from vyrectl.cli.commands.top.screen import LiveScreen, check_terminal
from vyrectl.cli.commands.top.state import TopState
from vyrectl.cli.options import (
    AbiOption,
    BackupOption,
    ColorOption,
    EditedRingArgument,
    Printed,
    WhereOption,
    open_ring,
)
from vyrectl.errors import UsageError
from vyrectl.ring.reading import Abi


def command(
    ring: EditedRingArgument,
    *,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.05, max=3600, help="Time between looks.")
    ] = 1.0,
    where: WhereOption = None,
    backup: BackupOption = False,
    abi: AbiOption = Abi.AUTO,
    color: ColorOption = "auto",
) -> None:
    """Watch a ring live, and edit it.

    Bars for every state and priority, changes per second, the oldest open tasks and the faulted ones. Keys:

    \b
      arrows, Enter, Esc   choose a slot, open it in full, go back
      PgUp PgDn Home End   scroll; Tab gives the keys to the other list
      s  S                 order by age, requeues, yields, priority, slot
      /  g                 filter by a condition; open a slot by number
      p  r  u  f           pause, resume, requeue, repair; asks first
      P  R  U  F           the same for every slot that matches and may be
      blank  + -  ?  q     hold still; less or more often; all keys; leave

    A ring that a launch runs in place is edited while it runs; one that is held otherwise can be watched.
    --backup keeps the ring as it was before the first edit. Slots that hold arguments (--abi) show no ages.

    \b
    Examples:
      vyrectl top ring.bin
      vyrectl top ring.bin --where 'tenant == 3' --interval 0.2
    """
    output = Printed(color=color).output()
    check_terminal(ring)
    state = TopState(interval)
    loop = TopLoop(output, Sampler(_checked(ring), abi), state, backup=backup)
    loop.begin(where or "")
    with LiveScreen() as screen:
        loop.run(screen)


def _checked(path: Path) -> Path:
    """The ring, if it can be opened at all.

    Raises:
        UsageError: It is standard input.
        FileError: It cannot be read.
        RingFormatError: It is no ring.
    """
    if str(path) == "-":
        raise UsageError("standard input cannot be watched", fix="Name a ring file")
    open_ring(path).close()
    return path
