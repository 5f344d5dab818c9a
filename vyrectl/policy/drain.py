"""When to drain a queue (spec 2.5): before a counter is used up, or when telemetry waits to be collected.

Standard library, abi and the rest of `policy` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.abi.limits import U64_MAX
from vyrectl.dataclass import dataclass
from vyrectl.policy.accounting import ACCOUNTING_WIDTHS
from vyrectl.policy.enums import DrainReason

if TYPE_CHECKING:
    from vyrectl.policy.accounting import RequeueAccounting

NEAR_LIMIT_HEADROOM = 1024
"""A counter with this much headroom or less is near its end."""


@dataclass(frozen=True, slots=True)
class DrainRecommendation:
    """Whether to drain, why, and the counters that say so.

    Attributes:
        reason: The first reason that fits.
        requeue_count: As counted.
        aged_promotions: As counted.
        max_priority_age: As counted.
        requeue_counter_headroom: Requeues that can still be counted.
        aged_promotion_counter_headroom: Aged promotions that can still be counted.
    """

    reason: DrainReason
    requeue_count: int
    aged_promotions: int
    max_priority_age: int
    requeue_counter_headroom: int
    aged_promotion_counter_headroom: int

    @property
    def should_drain(self) -> bool:
        """Whether there is a reason."""
        return self.reason is not DrainReason.NONE

    def to_record(self) -> dict[str, object]:
        """The drain record, in the spec's order."""
        return {"should_drain": self.should_drain, **{name: getattr(self, name) for name in self.__slots__}}


def recommend_drain(accounting: RequeueAccounting) -> DrainRecommendation:
    """The drain recommendation for these counters.

    Raises:
        InvalidInputError: A counter does not fit its width.
    """
    counters = ACCOUNTING_WIDTHS.whole_numbers(accounting)
    requeues = U64_MAX - counters["requeue_count"]
    promotions = U64_MAX - counters["aged_promotions"]
    return DrainRecommendation(
        reason=_reason(requeues, promotions, any(counters.values())),
        requeue_counter_headroom=requeues,
        aged_promotion_counter_headroom=promotions,
        **counters,
    )


def _reason(requeue_headroom: int, promotion_headroom: int, anything_counted: bool) -> DrainReason:
    rules = (
        (requeue_headroom == 0, DrainReason.REQUEUE_COUNTER_EXHAUSTED),
        (promotion_headroom == 0, DrainReason.AGED_PROMOTION_COUNTER_EXHAUSTED),
        (requeue_headroom <= NEAR_LIMIT_HEADROOM, DrainReason.REQUEUE_COUNTER_NEAR_LIMIT),
        (promotion_headroom <= NEAR_LIMIT_HEADROOM, DrainReason.AGED_PROMOTION_COUNTER_NEAR_LIMIT),
        (anything_counted, DrainReason.PENDING_TELEMETRY),
    )
    return next((reason for holds, reason in rules if holds), DrainReason.NONE)
