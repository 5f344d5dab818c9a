"""The launch request (spec 2.1). Standard library, errors and `policy.widths` only."""

from __future__ import annotations

from vyrectl.dataclass import dataclass
from vyrectl.policy.widths import Widths

REQUEST_BITS: dict[str, int] = {
    "queue_len": 32,
    "requested_worker_groups": 32,
    "max_workgroup_size_x": 32,
    "max_compute_workgroups_per_dimension": 32,
    "max_compute_invocations_per_workgroup": 32,
    "requested_hit_capacity": 32,
    "expected_hits_per_item": 32,
    "hot_opcode_count": 32,
    "hot_window_count": 32,
    "requeue_count": 64,
    "max_priority_age": 32,
    "graph_node_count": 32,
    "graph_edge_count": 32,
    "frontier_density_bps": 16,
    "memory_pressure_bps": 16,
    "resident_device_bytes": 64,
    "device_memory_budget_bytes": 64,
}
"""Width of every field, in the spec's order."""

REQUEST_WIDTHS = Widths(REQUEST_BITS)

REQUEST_MEANINGS: dict[str, str] = {
    "queue_len": "Tasks that wait to be claimed.",
    "requested_worker_groups": "Work-groups wanted; 0 derives them from the limits.",
    "max_workgroup_size_x": "Widest work-group that the device takes.",
    "max_compute_workgroups_per_dimension": "Most work-groups per dimension.",
    "max_compute_invocations_per_workgroup": "Most work-items of a work-group.",
    "requested_hit_capacity": "Hits to make room for; 0 derives them.",
    "expected_hits_per_item": "Hits that a task is expected to make.",
    "hot_opcode_count": "Opcodes that run often.",
    "hot_window_count": "Windows of opcodes that run often.",
    "requeue_count": "Requeues seen so far.",
    "max_priority_age": "Age of the oldest task, in ticks.",
    "graph_node_count": "Nodes of the graph behind the queue.",
    "graph_edge_count": "Edges of the graph behind the queue.",
    "frontier_density_bps": "Share of the nodes that are active, in bps; 0 infers it.",
    "memory_pressure_bps": "Share of the device memory in use, in bps; 0 infers it.",
    "resident_device_bytes": "Bytes that lie on the device already.",
    "device_memory_budget_bytes": "Bytes that may lie on the device; 0 is unbounded.",
}
"""What each field says, as `--help` puts it."""

ADAPTER_LIMITS = (
    "max_workgroup_size_x",
    "max_compute_workgroups_per_dimension",
    "max_compute_invocations_per_workgroup",
)
"""Fields that describe the device; a plan needs all of them non-zero (spec 2.3, step 6)."""


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What is asked of the launch policy; a plain record, nothing is validated before it is used.

    Widths are in `REQUEST_BITS`; `*_bps` are basis points, 10000 = 100 %.
    """

    queue_len: int = 0
    requested_worker_groups: int = 0
    max_workgroup_size_x: int = 0
    max_compute_workgroups_per_dimension: int = 0
    max_compute_invocations_per_workgroup: int = 0
    requested_hit_capacity: int = 0
    expected_hits_per_item: int = 1
    hot_opcode_count: int = 0
    hot_window_count: int = 0
    requeue_count: int = 0
    max_priority_age: int = 0
    graph_node_count: int = 0
    graph_edge_count: int = 0
    frontier_density_bps: int = 0
    memory_pressure_bps: int = 0
    resident_device_bytes: int = 0
    device_memory_budget_bytes: int = 0

    @classmethod
    def direct(cls, queue_len: int, requested_worker_groups: int, max_workgroup_size_x: int) -> LaunchRequest:
        """A request whose adapter limits are the geometry asked for (spec 2.1)."""
        return cls(
            queue_len=queue_len,
            requested_worker_groups=requested_worker_groups,
            max_workgroup_size_x=max_workgroup_size_x,
            max_compute_workgroups_per_dimension=requested_worker_groups,
            max_compute_invocations_per_workgroup=max_workgroup_size_x,
        )

    def to_record(self) -> dict[str, int]:
        """Every field by name, in the spec's order."""
        return {name: getattr(self, name) for name in REQUEST_BITS}
