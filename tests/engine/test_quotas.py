"""Quotas: what the option takes, and that the reference backend never claims beyond them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ops import REQUEUE_N, WAIT
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.quotas import checked_quotas, parse_quotas, tenants_spent
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.errors import UsageError
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.task.arrays import SlotArray


def slots_of(*tenants: int, **fields: int) -> SlotArray:
    slots = np.zeros(len(tenants), SLOT_DTYPE)
    slots["state"], slots["priority"], slots["tenant_id"] = 1, 2, tenants
    for name, value in fields.items():
        slots[name] = value
    return slots


def test_what_the_option_takes() -> None:
    assert parse_quotas([]) == {}
    assert parse_quotas(["7=0", " 0x3 = 0x10 ", "4294967295=4294967295"]) == {3: 16, 7: 0, U32_MAX: U32_MAX}


@pytest.mark.parametrize(
    "texts", [["3"], ["=3"], ["3="], ["a=3"], ["3=b"], ["3=1", "3=2"], ["-1=2"], ["1=4294967296"]]
)
def test_what_it_refuses(texts: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_quotas(texts)


def test_spent_tenants() -> None:
    slots = slots_of(1, 2, 3, 2)
    assert tenants_spent(slots, {2: 0, 3: 1, 9: 0}).tolist() == [False, True, False, True]
    assert not tenants_spent(slots, {}).any()
    assert checked_quotas({5: 1, 2: 3}) == {2: 3, 5: 1}


def drained(
    slots: SlotArray, quotas: dict[int, int], max_steps: int | None = None
) -> tuple[SlotArray, dict[int, int], str]:
    job = Job(slots, np.zeros(192, np.uint32), BufferTable(), quotas=quotas)
    session = ReferenceBackend().open(job)
    course = Drain(session, Limits(max_steps=max_steps)).run()
    return session.slots(), session.tally().quota_left, course.ended


def test_the_first_in_order_are_claimed() -> None:
    slots = slots_of(1, 1, 1, 2, 1)
    slots["priority"] = [4, 2, 2, 3, 0]
    after, left, ended = drained(slots, {1: 2})
    assert after["state"].tolist() == [1, 3, 1, 3, 3]
    assert (left, ended) == ({1: 0}, "drained")
    assert (after[[0, 2]] == slots[[0, 2]]).all()


def test_turns_count_and_not_tasks() -> None:
    after, left, _ = drained(slots_of(1, 2, op_handle=REQUEUE_N, param=5), {1: 3})
    assert after["requeue_count"].tolist() == [3, 5]
    assert after["state"].tolist() == [6, 3]
    assert left == {1: 0}


def test_paused_tasks_of_a_spent_tenant_stay_paused() -> None:
    slots = slots_of(1, 1, 2, op_handle=WAIT)
    slots["state"][1:] = 4
    after, _, ended = drained(slots, {1: 0})
    assert after["state"].tolist() == [1, 4, 3]
    assert ended == "drained"


def test_a_quota_that_is_not_reached_changes_nothing() -> None:
    slots = slots_of(*range(5), op_handle=REQUEUE_N, param=2)
    after, left, _ = drained(slots, {1: 3, 77: 5})
    assert (after == drained(slots, {})[0]).all()
    assert left == {1: 0, 77: 5}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=30),
    st.dictionaries(st.integers(0, 4), st.integers(0, 8)),
    st.integers(1, 60),
)
def test_never_beyond_and_never_below(
    tasks: list[tuple[int, int, int]], quotas: dict[int, int], most: int
) -> None:
    slots = slots_of(*(tenant for tenant, _, _ in tasks), op_handle=REQUEUE_N)
    slots["priority"], slots["param"] = [p for _, p, _ in tasks], [n for _, _, n in tasks]
    after, left, ended = drained(slots, quotas, max_steps=most)
    claims = Counter[int]()
    for slot in after:
        claims[int(slot["tenant_id"])] += int(slot["requeue_count"]) + int(slot["state"] == 3)
    assert claims.total() <= most
    for tenant, quota in quotas.items():
        assert left[tenant] == quota - claims[tenant] >= 0
    if ended == "drained":
        idle = np.isin(after["state"], (1, 6))
        assert all(left.get(int(tenant), 1) == 0 for tenant in after["tenant_id"][idle])
