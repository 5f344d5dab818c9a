from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.policy.strategies import POLICIES, PREVIOUS, REQUESTS
from tests.vectors import load, numbers
from vyrectl import ExecutionMode, LaunchPolicy, LaunchRequest, QueuePressure, Topology
from vyrectl.errors import DeviceMemoryError, LaunchRequestError, UnknownNameError
from vyrectl.policy.judging import Judge, Recorder
from vyrectl.policy.policy import POLICY_BITS, LaunchRecommendation
from vyrectl.policy.request import REQUEST_BITS

LIMITS = {
    "max_workgroup_size_x": 64,
    "max_compute_workgroups_per_dimension": 1024,
    "max_compute_invocations_per_workgroup": 256,
}


def answer(vector: dict[str, Any], judge: Judge) -> tuple[dict[str, Any], LaunchRecommendation | None]:
    """What the library says to a vector, in the shape of the vector's own answer."""
    policy = LaunchPolicy(**vector.get("policy", {}))
    try:
        found = policy.recommend(
            LaunchRequest(**numbers(vector["request"])), vector["previous_topology"], judge=judge
        )
    except DeviceMemoryError as error:
        kind = "device_out_of_memory"
        return {
            "err": {"kind": kind, "requested": error.requested_bytes, "available": error.available_bytes}
        }, None
    except LaunchRequestError:
        return {"err": {"kind": "raw"}}, None
    return {"ok": json.loads(json.dumps(found.to_record()))}, found


def wanted(vector: dict[str, Any]) -> dict[str, Any]:
    return {key: numbers(vector[key]) for key in ("ok", "err") if key in vector}


@pytest.mark.parametrize("name", ["recommend", "recommend_policy"])
@pytest.mark.parametrize("judge", [Judge, Recorder])
def test_recommendations_equal_the_runtime(name: str, judge: type[Judge]) -> None:
    for vector in load(name):
        found, _ = answer(vector, judge())
        assert found == wanted(vector), vector["i"]


@pytest.mark.parametrize("name", ["recommend", "recommend_policy"])
def test_evidence_equals_the_runtime(name: str) -> None:
    seen = 0
    for vector in load(name):
        if "topology_evidence" not in vector:
            continue
        _, found = answer(vector, Judge())
        assert found is not None
        for key in ("topology_evidence", "promotion_evidence"):
            theirs = numbers(vector[key])
            for field, value in getattr(found, key).to_record().items():
                assert value == theirs.get(f"{field}_label", theirs[field]), (vector["i"], field)
            left_out = {field for field in theirs if not field.endswith("_label")} - {"is_complete"}
            assert left_out == getattr(found, key).to_record().keys()
        seen += 1
    assert seen > 300


def test_direct_requests_equal_the_runtime() -> None:
    for vector in load("misc", "launch_request_direct"):
        asked = (vector[name] for name in ("queue_len", "requested_worker_groups", "max_workgroup_size_x"))
        assert LaunchRequest.direct(*asked).to_record() == numbers(vector["ok"])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(request=REQUESTS, policy=POLICIES, previous=PREVIOUS)
def test_every_request_has_an_answer_or_one_of_two_errors(
    request: LaunchRequest, policy: LaunchPolicy, previous: Topology | None
) -> None:
    try:
        found = policy.recommend(request, previous)
    except (LaunchRequestError, DeviceMemoryError):
        return
    geometry = found.geometry
    assert 1 <= geometry.workgroup_size_x <= min(found.worker_groups, request.max_workgroup_size_x)
    assert geometry.slot_count % geometry.workgroup_size_x == 0
    assert 1 <= geometry.dispatch_grid[0] <= min(found.worker_groups, 1024)
    assert found.worker_groups <= request.max_compute_workgroups_per_dimension
    assert found.hit_capacity < 2**32
    assert found.estimated_peak_device_bytes < 2**64
    budget = request.device_memory_budget_bytes
    assert budget == 0 or found.estimated_peak_device_bytes <= budget
    assert found.effective_request == policy.recommend(found.effective_request, previous).basis.request


@settings(max_examples=200, derandomize=True, deadline=None)
@given(request=REQUESTS, policy=POLICIES, previous=PREVIOUS)
def test_the_name_of_a_topology_does_as_well_as_the_topology(
    request: LaunchRequest, policy: LaunchPolicy, previous: Topology | None
) -> None:
    answers = []
    for before in (previous, None if previous is None else previous.value.lower()):
        try:
            answers.append(policy.recommend(request, before))
        except (LaunchRequestError, DeviceMemoryError) as error:
            answers.append(type(error))  # type: ignore[arg-type]
    assert answers[0] == answers[1]


def test_the_enums_bear_the_spec_s_names() -> None:
    assert [t.name for t in Topology] == [str(t) for t in Topology] == [t.value for t in Topology]
    assert Topology.MemoryConstrained.value == "MemoryConstrained"
    assert QueuePressure("Saturated").name == "Saturated"
    assert ExecutionMode.Jit.name == "Jit"


def test_an_unknown_topology_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'FusedDense'"):
        LaunchPolicy().recommend(LaunchRequest(**LIMITS), "FuseDense")


@pytest.mark.parametrize("value", [-1, None, True, 1.0, "7", [1], {}, 2**64])
@pytest.mark.parametrize("field", REQUEST_BITS)
def test_a_request_field_out_of_its_width_is_named_with_its_range(field: str, value: Any) -> None:
    request = LaunchRequest(**{**LIMITS, field: value})
    with pytest.raises(LaunchRequestError) as caught:
        LaunchPolicy().recommend(request)
    assert field in caught.value.what
    assert str(2 ** REQUEST_BITS[field] - 1) in str(caught.value)


@pytest.mark.parametrize("field", POLICY_BITS)
def test_a_policy_field_past_its_width_is_named_with_its_range(field: str) -> None:
    most = 2 ** POLICY_BITS[field] - 1
    LaunchPolicy(**{field: most}).recommend(LaunchRequest(**LIMITS))
    with pytest.raises(LaunchRequestError, match=f"{field} is {most + 1}.*0 to {most}"):
        LaunchPolicy(**{field: most + 1}).recommend(LaunchRequest(**LIMITS))


def test_whole_numbers_of_numpy_do_as_well_and_cannot_wrap() -> None:
    plain = LaunchRequest(**LIMITS, queue_len=2**31, requested_hit_capacity=7)
    wide = LaunchRequest(**LIMITS, queue_len=np.uint32(2**31), requested_hit_capacity=7)  # type: ignore[arg-type]
    assert LaunchPolicy().recommend(wide) == LaunchPolicy().recommend(plain)


@pytest.mark.parametrize("limits", [(0, 0, 0), (1, 0, 0), (1, 1, 0)])
def test_the_first_limit_that_is_zero_is_the_error(limits: tuple[int, int, int]) -> None:
    names = list(LIMITS)
    request = LaunchRequest(
        **dict(zip(names, limits, strict=True)), expected_hits_per_item=2**32 - 1, queue_len=9
    )
    with pytest.raises(LaunchRequestError, match=f"{names[limits.index(0)]} is 0"):
        LaunchPolicy().recommend(request)


def test_an_empty_queue_can_be_out_of_memory() -> None:
    request = LaunchRequest(**LIMITS, device_memory_budget_bytes=16_383)
    with pytest.raises(DeviceMemoryError) as caught:
        LaunchPolicy().recommend(request)
    assert (caught.value.requested_bytes, caught.value.available_bytes) == (16_384, 16_383)


def test_hits_past_u32_are_an_error_in_decimal() -> None:
    request = LaunchRequest(**LIMITS, queue_len=2**31)
    with pytest.raises(
        LaunchRequestError, match="hit_capacity would need a product of 4294967296, past 4294967295"
    ):
        LaunchPolicy().recommend(request)


def test_each_product_of_the_hits_is_a_u32_also_when_the_last_factor_is_zero() -> None:
    request = LaunchRequest(**LIMITS, queue_len=2**31, expected_hits_per_item=2)
    with pytest.raises(LaunchRequestError, match="a product of 4294967296, past 4294967295"):
        LaunchPolicy(hit_capacity_multiplier=0).recommend(request)
    within = LaunchRequest(**LIMITS, queue_len=2**31 - 1, expected_hits_per_item=2)
    assert LaunchPolicy(hit_capacity_multiplier=0).recommend(within).hit_capacity == 1024


def test_groups_cannot_be_shed_by_a_threshold_past_the_whole() -> None:
    tight = LaunchRequest(**LIMITS, queue_len=9, memory_pressure_bps=20_000, requested_worker_groups=2)
    policy = LaunchPolicy(memory_pressure_threshold_bps=10_001)
    with pytest.raises(LaunchRequestError, match="memory_pressure_threshold_bps is 10001, past 10000"):
        policy.recommend(tight)
    with pytest.raises(LaunchRequestError, match="memory_pressure_threshold_bps"):
        policy.recommend(replace(tight, max_workgroup_size_x=0))
    for lenient in (replace(tight, requested_worker_groups=1), replace(tight, memory_pressure_bps=10_000)):
        policy.recommend(lenient)
    LaunchPolicy(memory_pressure_threshold_bps=10_000).recommend(tight)


def test_a_number_of_thousands_of_digits_is_refused_in_few_words() -> None:
    with pytest.raises(LaunchRequestError, match="queue_len is a number of 16610 bits"):
        LaunchPolicy().recommend(LaunchRequest(**LIMITS, queue_len=10**5000))
