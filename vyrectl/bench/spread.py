"""What is said of repeated measurements: the middle one, the least and the most. Standard library only.

Invariant: a share compares turns of the same round, so that a device that slows down for a while slows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from vyrectl.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one quantity, in its own unit.

    Attributes:
        median: The middle one.
        least: The smallest of the measured values.
        most: The largest of the measured values.
    """

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one measurement."""
        return cls(median(values), min(values), max(values))

    def rates(self, amount: float) -> Spread:
        """Units per second, for a spread of seconds that `amount` units took."""
        return Spread(*(_over(amount, seconds) for seconds in (self.median, self.most, self.least)))

    def to_record(self, name: str) -> dict[str, float]:
        """`name`, `name_least` and `name_most`."""
        return {name: self.median, f"{name}_least": self.least, f"{name}_most": self.most}


def shares(seconds: Sequence[float], amount: float, beside: Sequence[float], beside_amount: float) -> Spread:
    """Rate of one thing as a share of the rate of another, round by round.

    Args:
        seconds: What `amount` units of the one took, per round.
        amount: Units of work that were done.
        beside: What `beside_amount` units of the other took, in the same rounds.
        beside_amount: Units of work of what it is compared with.
    """
    pairs = zip(seconds, beside, strict=True)
    return Spread.of([_over(amount, own) / max(_over(beside_amount, other), 1e-12) for own, other in pairs])


def _over(amount: float, seconds: float) -> float:
    return amount / max(seconds, 1e-12)
