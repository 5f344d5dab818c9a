"""Quotas hold exactly on every backend, whoever claims at the same time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conformance.cases import Answer, Case, InProcess, Runner, assert_same, zeros
from tests.support.ops import REQUEUE_N, SCALE, SUM
from tests.support.rings import ready_tasks
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.task.arrays import SlotArray

IN_ORDER = {"workers": 1, "work_group_size": 1, "ticket": 1}

pytestmark = pytest.mark.timeout(120)


def claims_of(answer: Answer, tenant: int) -> int:
    """What the report says."""
    return int(next(row["claims"] for row in answer.report["quotas"] if row["tenant_id"] == tenant))


def turns_of(before: SlotArray, after: SlotArray, tenant: int) -> int:
    """What the ring says."""
    mine = before["tenant_id"] == tenant
    ended = (after["state"][mine] == 3) & (before["state"][mine] != 3)
    rise = sum(
        int(after[name][mine].sum(dtype=np.int64) - before[name][mine].sum(dtype=np.int64))
        for name in ("requeue_count", "yield_count")
    )
    return int(ended.sum()) + rise


def mixed(count: int) -> SlotArray:
    """Tasks of four tenants that requeue up to three times."""
    random = np.random.default_rng(5)
    slots = ready_tasks(count, op_handle=REQUEUE_N)
    slots["tenant_id"] = random.integers(0, 4, count) * 100
    slots["priority"] = random.integers(0, 5, count)
    slots["param"] = random.integers(0, 4, count)
    return slots


def test_every_claim_counts(runner: Runner) -> None:
    slots = mixed(min(400, runner.most_slots))
    quotas = {0: 7, 100: 0, 200: 10**6, 77: 3}
    answer = runner.run(Case(slots, options={"quotas": quotas, "verify": True}))
    assert answer.report["ended"] == "drained"
    assert answer.report["remaining"] == 0
    for tenant in (0, 100):
        assert claims_of(answer, tenant) == quotas[tenant] == turns_of(slots, answer.slots, tenant)
    free = np.isin(slots["tenant_id"], (200, 300))
    assert (answer.slots["state"][free] == 3).all()
    assert claims_of(answer, 200) == turns_of(slots, answer.slots, 200)
    shut = np.isin(answer.slots["state"], (1, 5, 6))
    assert answer.report["left_alone"]["shut_out"] == int(shut.sum()) > 0
    untouched = slots["tenant_id"] == 100
    assert (answer.slots[untouched] == slots[untouched]).all()


@pytest.mark.parametrize("size", [None, 16])
@pytest.mark.parametrize("quota", [0, 1, 9_999, 30_000])
def test_many_workers_and_one_tenant(opencl_runner: Runner, quota: int, size: int | None) -> None:
    count = min(20_000, opencl_runner.most_slots)
    slots = ready_tasks(count, tenant_id=9)
    answer = opencl_runner.run(Case(slots, options={"quotas": {9: quota}, "work_group_size": size}))
    wanted = min(quota, count)
    assert int((answer.slots["state"] == 3).sum()) == claims_of(answer, 9) == wanted
    assert answer.report["left_alone"]["shut_out"] == count - wanted
    assert (answer.report["ended"], answer.report["remaining"]) == ("drained", 0)


def test_group_tasks_count_their_turns(opencl_runner: Runner) -> None:
    """A sum yields every 4096 elements, a scale every 65536."""
    data = zeros(70_000)
    slots = ready_tasks(
        6, op_handle=SCALE, input_handle=0, output_handle=1, param=1, tenant_id=[1, 1, 1, 2, 2, 3]
    )
    slots["op_handle"][5], slots["output_handle"][5], slots["param"][5] = SUM, 2, 0
    case = Case(slots, {0: data, 1: zeros(70_000), 2: zeros(1)}, options={"quotas": {1: 3, 3: 5}})
    answer = opencl_runner.run(case)
    assert claims_of(answer, 1) == 3 == turns_of(slots, answer.slots, 1)
    assert claims_of(answer, 3) == 5 == turns_of(slots, answer.slots, 3)
    assert (answer.slots["state"][3:5] == 3).all()


@pytest.mark.parametrize("most", [None, 40])
def test_one_worker_claims_like_the_reference(opencl_runner: Runner, most: int | None) -> None:
    options = {**IN_ORDER, "quotas": {0: 30, 200: 5}, "max_steps": most}
    case = Case(mixed(200), options=options)
    reference = InProcess("reference", ReferenceBackend(), 1000).run(case)
    answer = opencl_runner.run(case)
    assert_same(answer, reference)
    assert answer.report["quotas"] == reference.report["quotas"]


def test_a_budget_and_a_quota(runner: Runner) -> None:
    slots = ready_tasks(60, tenant_id=[1, 2] * 30)
    answer = runner.run(Case(slots, options={"quotas": {1: 10}, "max_steps": 25}))
    assert answer.report["claims"] == 25
    assert claims_of(answer, 1) <= 10
    again = runner.run(replace(Case(answer.slots), options={"quotas": {1: 10}}))
    assert again.report["ended"] == "drained"
    assert claims_of(again, 1) == min(10, int((answer.slots["state"][::2] == 1).sum()))


def test_selection_and_quota(runner: Runner) -> None:
    slots = ready_tasks(20, tenant_id=[1, 2] * 10)
    answer = runner.run(Case(slots, options={"quotas": {1: 2}, "where": "slot < 12"}))
    assert answer.report["claims"] == 8
    left = answer.report["left_alone"]
    assert (left["shut_out"], left["not_selected"]) == (4, 8)
    assert (answer.slots["state"][12:] == 1).all()
