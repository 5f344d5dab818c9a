"""Standard input among several paths. Standard library only."""

from __future__ import annotations

from pathlib import Path

from vyrectl.errors import UsageError
from vyrectl.files.whole import STDIN


def check_single_stdin(*paths: Path | None) -> None:
    """Standard input can be read once.

    Raises:
        UsageError: More than one of the paths is `-`.
    """
    if sum(str(path) == STDIN for path in paths) > 1:
        raise UsageError("standard input is named twice", fix="Save one of them to a file")
