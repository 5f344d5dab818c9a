"""Where findings lie: slots of one kind gathered chunk by chunk, counted in full and named in part.

May import numpy. The invariant: the numbers that are kept are the lowest, whatever the chunks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vyrectl.ring.findings.masks import Chunk
from vyrectl.ring.findings.report import SHOWN_SLOTS


@dataclass(slots=True)
class Spot:
    """Slots of one kind.

    Attributes:
        count: How many there are.
        slots: The first of them, at most `SHOWN_SLOTS`.
    """

    count: int = 0
    slots: list[int] = field(default_factory=list)

    def add(self, mask: NDArray[np.bool_], first: int) -> None:
        """Add the slots of a chunk that starts at slot `first`; mask: shape (n,)."""
        found = int(np.count_nonzero(mask))
        if found:
            self.count += found
            room = SHOWN_SLOTS - len(self.slots)
            self.slots += (np.flatnonzero(mask)[:room] + first).tolist()


@dataclass(slots=True)
class Telemetry:
    """What slots of one sort add to a snapshot.

    Attributes:
        slots: Those that add anything.
        requeues: Sum of their requeue counts.
        age: Their greatest age.
    """

    slots: Spot = field(default_factory=Spot)
    requeues: int = 0
    age: int = 0

    def add(self, chunk: Chunk, mask: NDArray[np.bool_]) -> None:
        """Add the slots of a chunk; mask: shape (n,)."""
        requeues, ages = chunk["requeue_count"], chunk["age_ticks"]
        self.requeues += int(requeues.sum(where=mask, dtype=np.uint64))
        self.age = max(self.age, int(ages.max(where=mask, initial=0)))
        self.slots.add(mask & ((requeues | ages) != 0), chunk.first)
