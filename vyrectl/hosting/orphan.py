"""What a child does when its parent dies: it leaves, at once while it has done nothing, else within a grace.

The system sends the signal where it can (Linux), which works inside a driver's build too; a thread that hears the end
of a line from the parent does the rest. Standard library only. The invariant: no child lives on without its parent for
longer than the grace, whatever its kernel does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def signal_at_death_of_parent(number: int) -> None:
    """Have this process get a signal when its parent dies; 0 for none. Nothing where the system knows no such thing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


class Lifeline:
    """The child's end of a line that its parent holds open for as long as it lives.

    Args:
        end: Descriptor to read from; nobody but the parent has the other end.
        parent: The parent's pid.
        grace_s: Seconds that the child gets once it has begun.
    """

    def __init__(self, end: int, parent: int, grace_s: float) -> None:
        self._end = end
        self._grace_s = grace_s
        self._begun = False
        self._orphaned: Callable[[], None] = lambda: None
        signal_at_death_of_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Thread(target=self._watch, name="vyrectl-lifeline", daemon=True).start()

    def begin(self, orphaned: Callable[[], None]) -> None:
        """From now on there is something to bring to its end.

        Args:
            orphaned: Called once when the parent has died.
        """
        self._orphaned = orphaned
        self._begun = True
        signal_at_death_of_parent(0)

    def _watch(self) -> None:
        with suppress(OSError):
            while os.read(self._end, 1):
                pass
        if self._begun:
            with suppress(Exception):
                self._orphaned()
            time.sleep(self._grace_s)
        os.kill(os.getpid(), signal.SIGKILL)
