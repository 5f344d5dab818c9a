"""What the user should know of a file while a command works on it: who hears it, and that nobody may.

A command hears it and says it on standard error; the library says nothing of its own accord. Standard library only.
The invariant: nothing that is told, and nothing that goes wrong in telling it, changes what happens to a file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

_listener: list[Callable[[str], None]] = []


def tell_by(tell: Callable[[str], None]) -> None:
    """Have it said from now on.

    Args:
        tell: Gets a line; called by whichever thread has something to tell.
    """
    _listener[:] = [tell]


def is_heard() -> bool:
    """True when somebody hears what is told."""
    return bool(_listener)


def tell(line: str) -> None:
    """Say one line to who hears it."""
    with suppress(OSError, ValueError):
        for listener in _listener:
            listener(line)
