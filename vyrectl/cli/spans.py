"""A part of a file that is read with `--offset` and `--count`, but is not of its ring: said aloud by every reader.

Whoever gives `--offset` has looked, so that it is read all the same; edits refuse it (`vyrectl.ring.looking`). The
invariant: what cannot be told is left to the command. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vyrectl.errors import VyrectlError

READERS = frozenset(
    {"apply", "build", "check", "converge", "decode", "diff", "inspect", "map", "plan", "snapshot", "why"}
)
"""Commands that take a span of a file and change nothing of it."""

_FILES = ("ring", "rings", "source", "before", "after", "from_table", "slots")
"""Parameters that name such files; of `decode`, the slots may be a file."""


def warn_of_span(command: str, given: Mapping[str, Any]) -> None:
    """Say which of the files have no ring where one is to be read.

    Args:
        command: The command's name.
        given: What it was given, by parameter.
    """
    from vyrectl.cli.options import Printed, Span

    span = Span(given.get("offset"), given.get("count"))
    if command not in READERS or (span.start == 0 and span.slots is None):
        return
    from vyrectl.ring.looking import out_of_place

    with suppress(VyrectlError):
        output = Printed(
            format_name=given.get("format_name") or "table", as_json=bool(given.get("as_json")), color="never"
        ).output()
        files = given if command != "build" else {"from_table": given.get("from_table")}
        for path in dict.fromkeys(_files(files)):
            with suppress(VyrectlError):
                why = out_of_place(path, span.start, span.slots)
                if why is not None:
                    output.warn(f"{path}: {why}")


def _files(given: Mapping[str, Any]) -> Iterator[Path]:
    for name in _FILES:
        value = given.get(name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | Path) and Path(one).is_file():
                yield Path(one)
