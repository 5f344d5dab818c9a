"""Requests and policies for property tests, biased towards the numbers at which rules change."""

from __future__ import annotations

from hypothesis import strategies as st

from vyrectl import LaunchPolicy, LaunchRequest, Topology
from vyrectl.policy.policy import POLICY_BITS
from vyrectl.policy.request import REQUEST_BITS

EDGES = (
    0,
    1,
    2,
    4,
    8,
    31,
    32,
    64,
    250,
    499,
    500,
    501,
    750,
    1024,
    3750,
    4000,
    4096,
    8250,
    8500,
    10000,
    65535,
    65536,
)
PREVIOUS = st.sampled_from([None, *Topology])


def field(bits: int) -> st.SearchStrategy[int]:
    """A number of that width."""
    most = 2**bits - 1
    edges = [*(edge for edge in EDGES if edge <= most), most - 1, most]
    return st.sampled_from(edges) | st.integers(0, most)


REQUESTS = st.builds(LaunchRequest, **{name: field(bits) for name, bits in REQUEST_BITS.items()})

PLANNABLE = st.builds(
    LaunchRequest,
    queue_len=st.integers(0, 100_000),
    requested_worker_groups=st.integers(0, 300),
    max_workgroup_size_x=st.integers(1, 512),
    max_compute_workgroups_per_dimension=st.sampled_from([1, 64, 255, 1024, 65_535]),
    max_compute_invocations_per_workgroup=st.sampled_from([1, 256, 4095, 4096]),
    hot_opcode_count=st.integers(0, 10),
    hot_window_count=st.integers(0, 6),
    requeue_count=st.integers(0, 2),
    max_priority_age=st.integers(0, 40),
    graph_node_count=st.sampled_from([0, 1, 100, 100_000]),
    graph_edge_count=st.sampled_from([0, 65_535, 65_536]),
    frontier_density_bps=st.integers(0, 10_000),
    memory_pressure_bps=st.integers(0, 10_000),
    resident_device_bytes=st.integers(0, 1 << 20),
    device_memory_budget_bytes=st.sampled_from([0, 1 << 20, 1 << 40]),
)
"""Requests of which most have a plan."""

POLICIES = st.builds(LaunchPolicy) | st.builds(
    LaunchPolicy, **{name: field(bits) for name, bits in POLICY_BITS.items()}
)
