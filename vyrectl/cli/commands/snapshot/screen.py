"""A picture on the terminal that is redrawn in its place.

Nothing is hidden and no mode is set, so that a process that is killed leaves the terminal as it was; the last
picture stays. Pictures are cut to the terminal's height, because what has scrolled away cannot be redrawn.
On a stream that knows no cursor (``TERM=dumb``) pictures follow one another.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from vyrectl.cli.output import Output, write_line

if TYPE_CHECKING:
    from rich.console import RenderableType

UP = "\x1b[{}F"
CLEAR_BELOW = "\x1b[J"


class Screen:
    """Where a command redraws its answer."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._console = output.console()
        self._moves = os.environ.get("TERM", "dumb") not in ("dumb", "")
        self._drawn = 0

    def draw(self, picture: RenderableType) -> None:
        """Put a picture in the last one's place."""
        size = shutil.get_terminal_size()
        self._console.width = size.columns
        lines = self._lines(picture)
        if self._moves:
            lines = _cut(lines, size.lines - 1)
        back = f"{UP.format(self._drawn)}{CLEAR_BELOW}" if self._moves and self._drawn else ""
        write_line(back + "\n".join(lines))
        self._drawn = len(lines)
        sys.stdout.flush()

    def _lines(self, picture: RenderableType) -> list[str]:
        pieces = getattr(picture, "pieces", None)
        with self._console.capture() as captured:
            for piece in [picture] if pieces is None else pieces(self._console):
                self._console.print(piece)
        return captured.get().rstrip("\n").split("\n")


def _cut(lines: list[str], most: int) -> list[str]:
    """As many lines as the terminal has; the last one says how many more there are."""
    if len(lines) <= most:
        return lines
    kept = max(most - 1, 0)
    return [*lines[:kept], f"... {len(lines) - kept} more lines; a higher terminal shows them"]
