"""A ring held to be changed: its lock, and what a dead launch had begun on it finished.

A launch in place that was killed leaves ``RING.live``. Whoever takes the lock next finishes what it had begun first, so
that nobody works on a slot that is half written. Standard library only.
"""

from __future__ import annotations

import os

from vyrectl.files.place import StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, RingLock
from vyrectl.sidecar.settlement import Settlement


class Hold(RingLock):
    """The ring's lock (`vyrectl.files.ring_lock`), taken by somebody who may change the ring.

    Attributes:
        settled: What a dead launch had begun and was finished when the lock was taken, nothing by default.
    """

    settled = Settlement()

    def settle(self) -> None:
        """Finish and remove what a dead launch left beside the ring, if anything; a failure gives the lock back.

        Raises:
            FileError: It cannot be finished.
        """
        if not os.path.lexists(self.target + LIVE_SUFFIX):
            return
        from vyrectl.sidecar.crash import settle

        try:
            self.settled = settle(self.target)
        except BaseException:
            self.release()
            raise


def hold(path: StrPath, *, role: str) -> Hold:
    """Take the ring's lock without waiting for it, and finish what a dead launch left. The ring itself is not opened.

    Args:
        path: The ring, or a symlink to it.
        role: What for, in a word or two (``launch``, ``transition``); others read it in their error.

    Raises:
        RingHeldError: Another holder has it, in this process or in another; the error names it.
        FileError: There is no such ring, the lock file is somebody else's, cannot be created or locked, or what a dead
            launch left cannot be finished.
    """
    held = Hold(path, role=role)
    held.settle()
    return held
