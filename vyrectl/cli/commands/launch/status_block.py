"""A few lines on standard error that are redrawn in their place while a command works.

Nothing is hidden and no mode is set, so that a process that is killed leaves the terminal as it was. Lines are cut to
the terminal's width, because a wrapped one could not be redrawn. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from vyrectl.cli.output import plain, write_talk

UP = "\x1b[{}F"
CLEAR_BELOW = "\x1b[J"


def can_redraw() -> bool:
    """True when standard error is a terminal that knows where its cursor is."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "")


class StatusBlock:
    """Lines that replace the ones before."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Put these lines in the place of the last ones."""
        width = shutil.get_terminal_size().columns - 1
        text = "".join(f"{plain(line)[:width]}\n" for line in lines)
        write_talk(f"{self._back()}{text}")
        self._drawn = len(lines)

    def clear(self) -> None:
        """Take the lines away, so that something else can be written."""
        if self._drawn:
            write_talk(self._back())
            self._drawn = 0

    def _back(self) -> str:
        return f"{UP.format(self._drawn)}{CLEAR_BELOW}" if self._drawn else ""
