from __future__ import annotations

from typing import Any

import pytest

from tests.vectors import load, numbers
from vyrectl.errors import AccountingOverflowError, InvalidInputError
from vyrectl.policy.accounting import RequeueAccounting

FULL = 2**64 - 1


def after(accounting: RequeueAccounting, method: str, age: int) -> RequeueAccounting:
    try:
        recorded: RequeueAccounting = getattr(accounting, method)(age)
    except AccountingOverflowError:
        return accounting
    return recorded


def test_recorded_events_equal_the_runtime() -> None:
    for vector in load("misc", "accounting_events"):
        accounting = RequeueAccounting(**numbers(vector["accounting"]))
        for (method, age), step in zip(vector["events"], vector["steps"], strict=True):
            accounting = after(accounting, method, age)
            assert accounting.to_record() == numbers(step["after"]), vector["i"]


def test_drain_recommendations_equal_the_runtime() -> None:
    for vector in load("misc", "drain_recommendation"):
        found = RequeueAccounting(**numbers(vector["accounting"])).drain_recommendation().to_record()
        theirs: dict[str, Any] = numbers(vector["ok"])
        assert found == {key: theirs["reason_label" if key == "reason" else key] for key in found}, vector[
            "i"
        ]


@pytest.mark.parametrize("event", ["requeue", "aged_promotion"])
def test_at_its_end_a_counter_fails_checked_and_saturates_unchecked(event: str) -> None:
    full = RequeueAccounting(requeue_count=FULL, aged_promotions=FULL, max_priority_age=3)
    with pytest.raises(AccountingOverflowError, match="is at 18446744073709551615"):
        getattr(full, f"try_record_{event}")(9)
    assert getattr(full, f"record_{event}")(9) == RequeueAccounting(FULL, FULL, 9)


def test_values_out_of_their_width_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="age is 4294967296"):
        RequeueAccounting().record_requeue(2**32)
    with pytest.raises(InvalidInputError, match="aged_promotions is -1"):
        RequeueAccounting(aged_promotions=-1).drain_recommendation()
