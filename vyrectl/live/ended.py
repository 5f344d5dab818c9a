"""The tasks that ended last, for whoever asks after their slots were used again. Imports numpy.

Invariant: what is kept is bounded, and keeping costs nothing for each task: the arrays that `Book.collect` made are
kept as they are.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from vyrectl.live.book import Finished

MOST_TASKS = 1 << 16
"""Tasks that are remembered at least, if so many ended: 4 MiB."""


class LastEnded:
    """Remembers ended tasks, the latest first.

    Args:
        most: How many at least; those of one `Book.collect` are forgotten together.
    """

    def __init__(self, most: int = MOST_TASKS) -> None:
        self._most = most
        self._kept: deque[tuple[Finished, int]] = deque()
        self._count = 0

    def add(self, finished: Finished, look: int = 0) -> None:
        """Keep some more, and forget what is too old; `look` is when they were seen to (`OutputCopies.look`)."""
        if not len(finished):
            return
        self._kept.appendleft((finished, look))
        self._count += len(finished)
        while self._count - len(self._kept[-1][0]) >= self._most:
            self._count -= len(self._kept.pop()[0])

    def find(self, task_id: int) -> tuple[np.void, int] | None:
        """The slot of a task as it ended, of `SLOT_DTYPE`, and the look; None when it is not remembered."""
        for finished, look in self._kept:
            for position in np.flatnonzero(finished.ids == task_id).tolist():
                slot = finished.tasks[position]
                return (slot, look) if int(slot["task_id"]) == task_id else None
        return None
