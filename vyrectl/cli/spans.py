"""A part of a file that is not its ring, or more than that: said aloud before it is read or changed.

Whoever gives `--offset` has looked, so that the span is read all the same; edits refuse what surely is no ring
(`vyrectl.ring.looking`). Whoever gives none is told where a ring seems to start behind slots that are none. The
invariant: what cannot be told is left to the command. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.cli.again import NUMBERS_COUNT, again_with, names_slots
from vyrectl.cli.click_parts import Parsed
from vyrectl.errors import VyrectlError

if TYPE_CHECKING:
    from vyrectl.cli.options import Span

READERS = frozenset(
    {"apply", "build", "check", "converge", "decode", "diff", "inspect", "map", "plan", "snapshot", "why"}
)
"""Commands that take a span of a file and change nothing of it."""

WRITERS = frozenset({"launch", "publish", "recover", "repair", "set", "transition"})
"""Commands that change a ring, and refuse what surely is none."""

_OTHERS = frozenset({"report", "top"})
"""Commands that read whole files alone."""

_FILES = ("ring", "rings", "source", "before", "after", "from_table", "slots")
"""Parameters that name such files; of `decode`, the slots may be a file."""


def warn_of_span(command: str, given: Mapping[str, Parsed]) -> None:
    """Say which of the files have no ring where one is to be read.

    Args:
        command: The command's name.
        given: What it was given, by parameter.
    """
    from vyrectl.cli.options import Printed, Span

    span = Span(given.get("offset"), given.get("count"))
    if command not in READERS | WRITERS | _OTHERS or (command in WRITERS and span.start):
        return
    with suppress(VyrectlError):
        output = Printed(
            format_name=given.get("format_name") or "table", as_json=bool(given.get("as_json")), color="never"
        ).output()
        files = given if command != "build" else {"from_table": given.get("from_table")}
        for path in dict.fromkeys(_files(files)):
            with suppress(VyrectlError):
                why = _why_elsewhere(command, path, span)
                if why is not None:
                    output.warn(f"{path}: {why}")


def _why_elsewhere(command: str, path: Path, span: Span) -> str | None:
    """What is wrong with the part of a file that is asked for; None where nothing is, or the command says it."""
    from vyrectl.ring.findings.start import start_in_file
    from vyrectl.ring.looking import out_of_place

    if span.start or span.slots is not None:
        return out_of_place(path, span.start, span.slots) if command in READERS else None
    has_looked = command == "check" or (command in READERS and span.is_given)
    start = None if has_looked else start_in_file(path, 0)
    if start is None or start.offset % SLOT_BYTES or (command in WRITERS and start.is_sure):
        return None
    words = start.why if start.is_sure else f"{start.why}, which would make them a header"
    run = again_with(start.options(), str(path))
    if names_slots(start.options()):
        words += f"; {NUMBERS_COUNT}"
    return words if run is None else f"{words}: {run}"


def _files(given: Mapping[str, Parsed]) -> Iterator[Path]:
    for name in _FILES:
        value = given.get(name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | Path) and Path(one).is_file():
                yield Path(one)
