"""Two looks at the workers of one launch: which are still at the same turn, and whether any began another.

Standard library only. Where a launch works on a copy this is all that tells of its motion. The invariant: a turn is the
same only where the same worker of the same device names the same slot and has begun as many turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.dataclass import dataclass
from vyrectl.sidecar.workers import Worker


@dataclass(frozen=True, slots=True)
class Hands:
    """What workers did between two looks.

    Attributes:
        same: Slots that the same worker had in hand all the while, in one turn.
        begun: Some worker began a turn, came or left.
    """

    same: frozenset[int]
    begun: bool

    @classmethod
    def between(cls, before: Sequence[Worker], after: Sequence[Worker]) -> Hands | None:
        """Compare two looks; None where one of them shows no worker."""
        if not before or not after:
            return None
        was, now = ({one.seat: one for one in crew} for crew in (before, after))
        alike = [
            one
            for name, one in now.items()
            if (old := was.get(name)) is not None and (old.turns, old.slot) == (one.turns, one.slot)
        ]
        same = frozenset(one.slot for one in alike if one.slot is not None)
        return cls(same, len(alike) != len(now) or len(was) != len(now))
