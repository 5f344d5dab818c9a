"""What `build` shows: one line about the new ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.build.record import BuildAnswer


def view(record: BuildAnswer) -> RenderableType:
    """How many slots, in which states, from where."""
    return sentence(record)


def sentence(record: BuildAnswer) -> str:
    """The record in one line."""
    states = ", ".join(f"{name} {count}" for name, count in record["states"].items())
    origin = {
        "table": "from standard input" if record["table"] == "-" else f"from {plain(record['table'] or '')}",
        "dump": f"cut out of {plain(record['table'] or '')}",
        "synthetic": f"from seed {record['seed']}",
        "empty": "all of them empty",
    }[record["source"]]
    done = "would be written" if record["dry_run"] else "written"
    head = f"{plain(record['ring'])}: {count_of(record['slots'], 'slot')} {done}, {origin}"
    named = f" ({states})" if states and record["source"] != "empty" else ""
    kept = f"; the old ring is {plain(record['backup'])}" if record["backup"] else ""
    return f"{head}{named}{kept}"
