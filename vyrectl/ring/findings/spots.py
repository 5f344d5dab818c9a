"""Where findings lie: slots of one kind gathered chunk by chunk, counted in full and named in part.

May import numpy. The invariant: the numbers that are kept are the lowest, whatever the chunks.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskPriority
from vyrectl.dataclass import dataclass
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


@dataclass(slots=True)
class Classes:
    """What is claimable at Critical and High, and how much below, as the runtime's priority kernel sees it.

    Its class is the partition that a slot lies in; word 3 is where there are no partitions. Slots of a tenant that
    the control buffer shuts out are claimable at no class.

    Attributes:
        above: Claimable slots at Critical or High.
        below: How many are claimable below.
    """

    above: Spot = field(default_factory=Spot)
    below: int = 0

    def add(self, chunk: Chunk) -> None:
        """Add the slots of a chunk."""
        claimable = chunk.claimable
        if chunk.about.admitted is not None:
            let_in = sorted(chunk.about.admitted | chunk.about.beyond)
            claimable = claimable & np.isin(chunk["tenant_id"], np.array(let_in, np.uint32))
        high = chunk.classes <= int(TaskPriority.HIGH)
        self.above.add(claimable & high, chunk.first)
        self.below += int(np.count_nonzero(claimable & ~high))
