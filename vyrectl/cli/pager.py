"""A long table through a pager: the first screen is there at once, the rest is made as the reader goes on.

Used on a terminal only. VYRECTL_PAGER and PAGER hold a command (`less` by default, `cat` for none), which the shell
runs where it is more than words; what it is given is what the terminal would show. Standard library only.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vyrectl.cli.output import Output
from vyrectl.files.streams import ReaderGone

HEADER_LINES = 4
"""Lines of a listing that are no rows: headings, their rule, a note, the prompt."""

SHELL_SIGNS = frozenset("|&;<>()$`\\\"'*?[]#~=%{}!\n")
"""What makes a command more than words."""

_SETTING = re.compile(r"\w+=")

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
    except ReaderGone:
        pass
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
        arguments = _arguments(command)
        if not arguments or arguments == ["cat"]:
            return None
        settings = {"LESS": LESS_OPTIONS, **os.environ}
        return subprocess.Popen(arguments, stdin=subprocess.PIPE, env=settings)
    except (OSError, ValueError):
        return None


def _arguments(command: str) -> list[str]:
    """The program and its arguments: words as they are, anything else for the shell to read.

    Nothing where the shell would not find the program either, so that the table goes to the terminal.
    """
    if not SHELL_SIGNS.intersection(command):
        return command.split()
    words = shlex.split(command, comments=True)
    program = next((word for word in words if not _SETTING.match(word)), None)
    return ["/bin/sh", "-c", command] if program is not None and shutil.which(program) else []


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the reader; Ctrl-C is the pager's business meanwhile."""
    with suppress(OSError, ValueError):
        sys.stdout.close()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
