"""Requeue accounting (spec 2.5): three counters that a scheduler raises, and when they ask for a drain.

Records are values: recording an event gives the next record and leaves the old one, so a failed recording
changes nothing. Standard library, abi, errors and the rest of `policy` only.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal

from vyrectl.abi.limits import U64_MAX
from vyrectl.dataclass import dataclass
from vyrectl.errors import AccountingOverflowError, InvalidInputError
from vyrectl.policy.widths import Widths

if TYPE_CHECKING:
    from vyrectl.policy.drain import DrainRecommendation

ACCOUNTING_WIDTHS = Widths(
    {"requeue_count": 64, "aged_promotions": 64, "max_priority_age": 32}, error=InvalidInputError
)
AGE_WIDTHS = Widths({"age": 32}, error=InvalidInputError)

Counter = Literal["requeue_count", "aged_promotions"]


@dataclass(frozen=True, slots=True)
class RequeueAccounting:
    """Requeues and aged promotions so far.

    Attributes:
        requeue_count: Requeues, u64.
        aged_promotions: Promotions by age, u64.
        max_priority_age: Highest age seen, u32, in ticks.
    """

    requeue_count: int = 0
    aged_promotions: int = 0
    max_priority_age: int = 0

    def record_requeue(self, age: int) -> RequeueAccounting:
        """One requeue more of a task of that age; the counter stays at its end."""
        return self._raised("requeue_count", age)

    def record_aged_promotion(self, age: int) -> RequeueAccounting:
        """One aged promotion more; the counter stays at its end."""
        return self._raised("aged_promotions", age)

    def try_record_requeue(self, age: int) -> RequeueAccounting:
        """As `record_requeue`.

        Raises:
            AccountingOverflowError: The counter is at its end.
        """
        return self._room("requeue_count")._raised("requeue_count", age)

    def try_record_aged_promotion(self, age: int) -> RequeueAccounting:
        """As `record_aged_promotion`.

        Raises:
            AccountingOverflowError: The counter is at its end.
        """
        return self._room("aged_promotions")._raised("aged_promotions", age)

    def drain_recommendation(self) -> DrainRecommendation:
        """Whether to drain the queue before these counters are used up."""
        from vyrectl.policy.drain import recommend_drain

        return recommend_drain(self)

    def to_record(self) -> dict[str, int]:
        """The three counters by name."""
        return asdict(self)

    def _room(self, counter: Counter) -> RequeueAccounting:
        if getattr(self, counter) >= U64_MAX:
            raise AccountingOverflowError(counter, U64_MAX)
        return self

    def _raised(self, counter: Counter, age: int) -> RequeueAccounting:
        age = max(self.max_priority_age, AGE_WIDTHS.number("age", age))
        count = min(getattr(self, counter) + 1, U64_MAX)
        if counter == "requeue_count":
            return replace(self, requeue_count=count, max_priority_age=age)
        return replace(self, aged_promotions=count, max_priority_age=age)
