"""A word of warning when a command for a buffer beside a ring was given something else. Standard library only."""

from __future__ import annotations

from vyrectl.cli.output import Output
from vyrectl.ring.kinds import FileKind, identify, is_another, why_not

_NOUNS = {
    FileKind.CONTROL: "a control buffer",
    FileKind.DEBUG_LOG: "a debug log",
    FileKind.IO_QUEUE: "an I/O queue",
}


def warn_other_kind(output: Output, name: str, data: bytes, wanted: FileKind) -> None:
    """Say what a file seems to be; it is shown all the same."""
    verdict = identify(memoryview(data))
    if is_another(verdict, wanted):
        command = verdict.command(name)
        output.warn(
            f"{name}: {why_not(verdict, _NOUNS[wanted])}" + (f"; read it with: {command}" if command else "")
        )
