"""A long table through a pager: the first screen is there at once, the rest is made as the reader goes on.

Used on a terminal only. VYRECTL_PAGER and PAGER name the program (`less` by default, `cat` for none); what it is
given is what the terminal would show. Standard library only.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from vyrectl.cli.output import PIPE_CLOSED, Output

HEADER_LINES = 4
"""Lines of a listing that are no rows: headings, their rule, a note, the prompt."""

LESS_OPTIONS = "FRSX"
"""What `less` is told unless LESS is set: leave when it all fits, keep colours, cut long lines, keep the screen."""


@contextmanager
def paged(output: Output, rows: int) -> Iterator[None]:
    """Send a table of that many rows through the pager, if it is longer than the terminal.

    Leaving the pager early is no error. Where no pager can be started, the table goes to the terminal.
    """
    process = _start() if output.is_table and sys.stdout.isatty() and rows > _room() else None
    if process is None:
        yield
        return
    terminal, sys.stdout = sys.stdout, _PagerStream(process)
    try:
        yield
    except typer.Exit as end:
        if end.exit_code != PIPE_CLOSED:
            raise
    finally:
        _finish(process)
        sys.stdout = terminal


class _PagerStream(io.TextIOWrapper):
    """The pager's standard input, which counts as the terminal it shows things on."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        super().__init__(process.stdin, encoding=sys.stdout.encoding, errors="backslashreplace")

    def isatty(self) -> bool:
        return True


def _room() -> int:
    return shutil.get_terminal_size().lines - HEADER_LINES


def _start() -> subprocess.Popen[bytes] | None:
    command = os.environ.get("VYRECTL_PAGER", os.environ.get("PAGER", "less"))
    sys.stdout.flush()
    try:
        arguments = shlex.split(command)
        if not arguments or arguments == ["cat"]:
            return None
        settings = {"LESS": LESS_OPTIONS, **os.environ}
        return subprocess.Popen(arguments, stdin=subprocess.PIPE, env=settings)
    except (OSError, ValueError):
        return None


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the reader; Ctrl-C is the pager's business meanwhile."""
    with suppress(OSError, ValueError):
        sys.stdout.close()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
