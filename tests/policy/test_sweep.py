from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.strategies import PLANNABLE, PREVIOUS
from vyrectl import LaunchPolicy, LaunchRequest, Topology
from vyrectl.errors import DeviceMemoryError, LaunchRequestError, UnknownNameError, UsageError
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.policy.sweep import CHOICES, EXHAUSTIVE, sweep

BASE = LaunchRequest(
    queue_len=5000,
    requested_worker_groups=64,
    max_workgroup_size_x=256,
    max_compute_workgroups_per_dimension=65_535,
    max_compute_invocations_per_workgroup=1024,
    graph_node_count=100_000,
)


def verdict(request: LaunchRequest, field: str, value: int, previous: Topology | None) -> object:
    changed = LaunchRequest(**{**request.to_record(), field: value})
    try:
        found = LaunchPolicy().recommend(changed, previous)
    except (LaunchRequestError, DeviceMemoryError) as error:
        return error.kind
    return [getattr(found, name) for name in CHOICES]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    request=PLANNABLE,
    field=st.sampled_from(sorted(REQUEST_BITS)),
    start=st.integers(0, 9000),
    length=st.integers(0, 300),
    previous=PREVIOUS,
)
def test_short_sweeps_find_every_flip(
    request: LaunchRequest, field: str, start: int, length: int, previous: Topology | None
) -> None:
    found = sweep(request, field, start, start + length, previous=previous)
    assert found.exact
    assert found.regions[0].first == start
    assert found.regions[-1].last == start + length
    assert all(one.last + 1 == other.first for one, other in pairwise(found.regions))
    for region in found.regions:
        here = {
            str(verdict(request, field, value, previous)) for value in range(region.first, region.last + 1)
        }
        assert len(here) == 1
    for one, other in pairwise(found.regions):
        assert other.causes
        assert all(cause.before != cause.after and cause.rule for cause in other.causes)
        assert verdict(request, field, one.last, previous) != verdict(
            request, field, other.first, previous
        ) or (one.answer.refused != other.answer.refused)


def test_long_sweeps_find_the_thresholds_exactly_and_say_that_they_sampled() -> None:
    found = sweep(BASE, "queue_len", 0, 2**32 - 1)
    assert not found.exact
    assert found.asked < EXHAUSTIVE
    assert found.widest_gap > 1
    firsts = {region.first: [cause.rule for cause in region.causes] for region in found.regions}
    assert firsts[4096] == ["2.3.10 mode"]
    assert firsts[5010] == ["2.3.3 topology"]
    assert firsts[16_384] == ["2.3.7 pressure"]
    assert firsts[40_000] == ["2.3.3 topology"]
    assert firsts[2**31] == ["2.3.8 hit capacity"]
    assert found.regions[-1].answer.refused == "hit_capacity"


def test_a_flip_names_the_comparison_that_changed() -> None:
    found = sweep(BASE, "frontier_density_bps", 400, 600)
    (cause,) = found.regions[-1].causes
    assert found.regions[-1].first == 501
    assert (cause.before, cause.after) == (Topology.SparseFrontier, Topology.HybridFrontier)
    assert cause.test == "frontier_density_bps 501 <= 500 (sparse_frontier_threshold_bps): no"


def test_a_budget_s_sweep_says_where_the_plan_starts_to_fit() -> None:
    found = sweep(BASE, "device_memory_budget_bytes", 1, 2**64 - 1)
    assert [region.first for region in found.regions] == [1, 160_000]
    assert found.regions[0].answer.refused == "device_memory_budget_bytes"
    assert found.regions[0].to_record()["error"] == "device_memory"
    assert found.regions[1].causes[0].test.endswith("> 160000 (device_memory_budget_bytes): no")


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (0, 1000), (5, 2**32 - 1), (2**32 - 9, 2**32 - 1)])
def test_plot_points_rise_from_end_to_end(start: int, stop: int) -> None:
    found = sweep(BASE, "queue_len", start, stop, columns=40)
    values = [point.at for point in found.points]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (start, stop)
    assert len(values) == min(40, stop - start + 1)


def test_bad_sweeps_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown request field 'queue'"):
        sweep(BASE, "queue", 0, 1)
    with pytest.raises(UsageError, match="before its start"):
        sweep(BASE, "queue_len", 2, 1)
    with pytest.raises(LaunchRequestError, match="frontier_density_bps is 65536"):
        sweep(BASE, "frontier_density_bps", 0, 65_536)
    with pytest.raises(LaunchRequestError, match="hot_opcode_count is -1"):
        sweep(LaunchRequest(hot_opcode_count=-1), "queue_len", 0, 1)
