"""Conditions whose sides have the same terms: refused where every slot fulfils them or none does, and only there."""

from __future__ import annotations

import pytest

from tests.ring.rings import OPS
from vyrectl.errors import WhereError
from vyrectl.ring.where import compile_where


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("tenant == tenant + 0", "every"),
        ("tenant - tenant == 0", "every"),
        ("tenant // 1 == tenant", "every"),
        ("2 * tenant == tenant + tenant", "every"),
        ("tenant * 3 - tenant == tenant * 2", "every"),
        ("tenant + age == age + tenant", "every"),
        ("~tenant == -tenant - 1", "every"),
        ("tenant == +tenant", "every"),
        ("tenant | 0 == tenant", "every"),
        ("tenant & tenant == tenant", "every"),
        ("tenant ^ tenant == 0", "every"),
        ("tenant >> 0 == tenant", "every"),
        ("tenant < tenant + 1", "every"),
        ("tenant + age >= tenant", "every"),
        ("(tenant % age) * 2 != (tenant % age) + (tenant % age)", "no"),
        ("tenant == tenant + 1", "no"),
        ("tenant + 4294967296 <= age", "no"),
    ],
)
def test_the_same_terms_on_both_sides_are_no_condition(text: str, holds: str) -> None:
    with pytest.raises(WhereError, match=f"holds for {holds} slot"):
        compile_where(text, OPS)


@pytest.mark.parametrize(
    "text",
    [
        "state <= 7",
        "priority <= idle",
        "state in (empty, ready, running, done, paused, yielded, requeued, faulted)",
        "tenant // tenant == 1",
        "tenant % age == tenant % age",
        "fault_name == fault_name",
        "fault_name + 0 == fault_name",
        "tenant + age > tenant",
        "tenant * age == tenant",
        "tenant // 2 * 2 == tenant",
        "tenant >> 1 == tenant",
        "tenant | 1 == tenant",
        "tenant + 4294967295 <= age",
    ],
)
def test_what_could_leave_a_slot_out_is_one(text: str) -> None:
    """Words past the last name are words too, and a number may be missing."""
    compile_where(text, OPS)
