from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from tests.policy.strategies import PLANNABLE, POLICIES, PREVIOUS, REQUESTS
from vyrectl import LaunchPolicy, LaunchRequest, Topology
from vyrectl.errors import DeviceMemoryError, LaunchRequestError
from vyrectl.policy.explain import explain, parting
from vyrectl.policy.judging import REFUSED, Comparison, Step

LIMITS = LaunchRequest.direct(0, 64, 64).to_record()


def last(steps: list[Step], field: str) -> object:
    return next(step.after for step in reversed(steps) if step.field == field)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(request=REQUESTS | PLANNABLE, policy=POLICIES, previous=PREVIOUS)
def test_the_last_step_of_every_field_is_the_recommendation(
    request: LaunchRequest, policy: LaunchPolicy, previous: Topology | None
) -> None:
    steps = explain(request, policy, previous)
    if steps[-1].field == REFUSED:
        with pytest.raises((LaunchRequestError, DeviceMemoryError)) as caught:
            policy.recommend(request, previous)
        assert steps[-1].why == caught.value.what
        return
    found = policy.recommend(request, previous)
    fields = {**found.to_record(), **found.geometry.to_record()}
    fields.pop("geometry")
    fields.pop("device_memory_budget_bytes")
    fields["dispatch_grid"] = found.geometry.dispatch_grid
    assert {name: last(steps, name) for name in fields} == fields
    assert last(steps, "frontier_density_bps") == found.topology_evidence.frontier_density_bps
    assert last(steps, "memory_pressure_bps") == found.basis.memory_pressure_bps


@settings(max_examples=200, derandomize=True, deadline=None)
@given(request=PLANNABLE, previous=PREVIOUS)
def test_every_recorded_comparison_is_true_to_its_numbers(
    request: LaunchRequest, previous: Topology | None
) -> None:
    signs = {
        "=": lambda a, b: a == b,
        "is": lambda a, b: a == b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
    }
    asked = request.to_record()
    steps = explain(request, previous=previous)
    for test in (test for step in steps for test in step.tests):
        assert signs[test.sign](test.value, test.bound) == test.holds
        if test.left in asked:
            assert test.value in (
                asked[test.left],
                *(step.after for step in steps if step.field == test.left),
            )


@settings(max_examples=200, derandomize=True, deadline=None)
@given(one=PLANNABLE, other=PLANNABLE, previous=PREVIOUS)
def test_two_explanations_part_at_a_rule_that_set_the_field(
    one: LaunchRequest, other: LaunchRequest, previous: Topology | None
) -> None:
    before, after = explain(one, previous=previous), explain(other, previous=previous)
    assume(before[-1].field != REFUSED and after[-1].field != REFUSED)
    for field in ("topology", "pressure", "execution_mode", "age_priority_work"):
        if last(before, field) != last(after, field):
            rule, _ = parting(before, after, field)
            assert rule in {step.rule for step in after if step.field == field}


def test_hysteresis_names_the_previous_topology_and_its_bound() -> None:
    request = LaunchRequest(**{**LIMITS, "queue_len": 9, "frontier_density_bps": 750})
    steps = explain(request, previous="SparseFrontier")
    kept = next(step for step in steps if step.rule == "2.3.4 hysteresis")
    assert (kept.before, kept.after) == (Topology.HybridFrontier, Topology.SparseFrontier)
    assert kept.tests == (
        Comparison("frontier_density_bps", 750, "<=", "sparse_frontier_threshold_bps + 250", 750, True),
    )
    left = explain(
        LaunchRequest(**{**LIMITS, "queue_len": 9, "frontier_density_bps": 751}), previous="SparseFrontier"
    )
    assert not next(step for step in left if step.rule == "2.3.4 hysteresis").decided


def test_a_request_with_a_bad_field_is_refused_before_any_step() -> None:
    with pytest.raises(LaunchRequestError, match="queue_len is -1"):
        explain(LaunchRequest(queue_len=-1))


def test_comparisons_read_as_sentences() -> None:
    assert str(Comparison("queue_len", 3, ">=", "lanes", 4, False)) == "queue_len 3 >= 4 (lanes): no"
    assert str(Comparison("queue_len", 0, "=", "", 0, True)) == "queue_len 0 = 0: yes"
    assert str(Comparison("a promotion", True, "is", "", True, True)) == "a promotion: yes"
