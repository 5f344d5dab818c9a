"""What tasks wrote, brought to where the caller looks for it before the caller hears that they have ended.

A device may work on a copy of the arrays that a session was given. The invariant: whoever is told that a task is Done
finds in those arrays everything that the task wrote; one copying serves all tasks that were seen to end before it
began, and where the device works on the arrays themselves nothing is copied. Standard library only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class OutputCopies:
    """Copies as rarely as the promise allows.

    Args:
        bring: Makes the copies; None where there is nothing to copy.
    """

    def __init__(self, bring: Callable[[], None] | None) -> None:
        self._bring = bring
        self._turn = threading.Lock()
        self._begun = self._made = 0

    def look(self) -> int:
        """To be asked after a look at the ring that found ended tasks: what `follow` wants to know."""
        return self._begun

    def follow(self, look: int) -> None:
        """Return once a copying that began after that look has been made."""
        if self._bring is None:
            return
        with self._turn:
            if self._made > look:
                return
            self._begun += 1
            self._bring()
            self._made = self._begun
