"""Options of `bench` alone: where it measures, how much, and which parts. Typer-free."""

from __future__ import annotations

from vyrectl.cli.option_groups import LIVE
from vyrectl.dataclass import dataclass
from vyrectl.declared import switch, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured, beside the subject."""

    device: str | None = text(
        None, "--device", "-d", metavar="NAME", says="Where to measure; the best device by default."
    )
    quick: bool = switch(False, "--quick", says="Rings up to 1M slots, fewer rounds: under a minute.")
    sizes: str | None = text(None, "--sizes", metavar="LIST", says="Slots of the rings, e.g. 1k,64k,1M,16M.")
    repeat: int | None = whole(None, "--repeat", says="Rounds that count: 9, or 5 with --quick.", least=1)
    only: str | None = text(
        None, "--only", metavar="LIST", says="Of tasks, groups, memory, start, order: these alone."
    )
    seconds: int | None = whole(
        None, "--seconds", says="For live: length of the stress; 5 by default.", least=1, group=LIVE
    )
    tasks: int | None = whole(
        None, "--tasks", says="For live: tasks of each feed; 100000 by default.", least=1000, group=LIVE
    )
