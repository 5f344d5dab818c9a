"""LaunchPolicy and LaunchRecommendation (spec 2.2-2.4): what to ask, and what is answered.

`recommend` checks the widths of what it is given and then walks the steps of `steps`; it is pure, and gives
an answer, a `LaunchRequestError` or a `DeviceMemoryError`. Standard library and the layers below only.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.markup import html_record
from vyrectl.policy import steps
from vyrectl.policy.enums import ExecutionMode, QueuePressure, Topology, parse_topology
from vyrectl.policy.evidence import SWITCH_CLASSES, PromotionEvidence, TopologyEvidence, promotion_route
from vyrectl.policy.judging import SILENT, Judge
from vyrectl.policy.request import REQUEST_WIDTHS, LaunchRequest
from vyrectl.policy.sizing import Geometry, GeometryRecord
from vyrectl.policy.widths import Widths
from vyrectl.records import says_derived
from vyrectl.shapes import LongWord, Word

JIT_QUEUE_LEN = 4096
"""Queues from this length on are worth a compilation of their operations, unless a policy says otherwise (spec 2.2)."""

AGE_THRESHOLD = 32
"""Age ticks from which waiting work is starved and moves up a class, unless a policy says otherwise (spec 2.2)."""

POLICY_BITS: dict[str, int] = {
    "min_hit_capacity": 32,
    "hit_capacity_multiplier": 32,
    "saturated_waves": 32,
    "hot_opcode_threshold": 32,
    "hot_window_threshold": 32,
    "jit_queue_len_threshold": 32,
    "priority_age_threshold": 32,
    "sparse_frontier_threshold_bps": 16,
    "dense_frontier_threshold_bps": 16,
    "memory_pressure_threshold_bps": 16,
    "fusion_edge_threshold": 32,
    "scratch_bytes_per_hit": 32,
}
"""Width of every policy field, in the spec's order."""

POLICY_WIDTHS = Widths(POLICY_BITS)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a recommendation was made from.

    Attributes:
        request: As it was asked.
        policy: As it was asked.
        previous: The topology before, if any.
        frontier_density_bps: The effective density (given or inferred).
        memory_pressure_bps: The effective pressure (given or inferred).
    """

    request: LaunchRequest
    policy: LaunchPolicy
    previous: Topology | None
    frontier_density_bps: int
    memory_pressure_bps: int


class ChosenRecord(TypedDict):
    """What a recommendation chooses and computes, by the names of spec 2.3."""

    topology: Topology
    pressure: QueuePressure
    execution_mode: ExecutionMode
    promote_hot_opcodes: bool
    promote_hot_windows: bool
    age_priority_work: bool
    worker_groups: Word
    hit_capacity: Word
    estimated_peak_device_bytes: LongWord


class RecommendationRecord(ChosenRecord):
    """The answer to a launch request (spec 2.3)."""

    geometry: GeometryRecord
    device_memory_budget_bytes: LongWord


@says_derived
@dataclass(frozen=True, slots=True)
class LaunchRecommendation:
    """The answer to a launch request (spec 2.3); two are equal when their answers are.

    Attributes:
        geometry: workgroup_size_x, slot_count, dispatch_grid.
        worker_groups: Work-groups that take work.
        hit_capacity: Hits there is room for.
        pressure: Queue against lanes.
        execution_mode: Jit or Interpreter.
        topology: Shape of the work.
        promote_hot_opcodes: Compile the hot opcodes.
        promote_hot_windows: Fuse the hot windows.
        age_priority_work: Let waiting work move up.
        estimated_peak_device_bytes: Device memory needed at most.
        device_memory_budget_bytes: The request's budget; 0 is unbounded.
        basis: What it was made from.
    """

    geometry: Geometry
    worker_groups: int
    hit_capacity: int
    pressure: QueuePressure
    execution_mode: ExecutionMode
    topology: Topology
    promote_hot_opcodes: bool
    promote_hot_windows: bool
    age_priority_work: bool
    estimated_peak_device_bytes: int
    device_memory_budget_bytes: int
    basis: Basis = field(repr=False, compare=False)

    @property
    def effective_request(self) -> LaunchRequest:
        """The request with density and pressure inferred (step 1)."""
        return replace(
            self.basis.request,
            frontier_density_bps=self.basis.frontier_density_bps,
            memory_pressure_bps=self.basis.memory_pressure_bps,
        )

    @property
    def topology_evidence(self) -> TopologyEvidence:
        """Why this topology (spec 2.4)."""
        return TopologyEvidence(
            queue_pressure=self.pressure,
            frontier_density_bps=self.basis.frontier_density_bps,
            semiring_frontier_density_bps=self.basis.frontier_density_bps,
            selected_topology=self.topology,
            graphblas_switch_class=SWITCH_CLASSES[self.topology],
            resident_device_bytes=self.basis.request.resident_device_bytes,
            estimated_peak_device_bytes=self.estimated_peak_device_bytes,
        )

    @property
    def promotion_evidence(self) -> PromotionEvidence:
        """Why this execution mode (spec 2.4)."""
        request, policy = self.basis.request, self.basis.policy
        return PromotionEvidence(
            queue_len=request.queue_len,
            jit_queue_len_threshold=policy.jit_queue_len_threshold,
            hot_opcode_count=request.hot_opcode_count,
            hot_opcode_threshold=policy.hot_opcode_threshold,
            hot_window_count=request.hot_window_count,
            hot_window_threshold=policy.hot_window_threshold,
            execution_mode=self.execution_mode,
            promote_hot_opcodes=self.promote_hot_opcodes,
            promote_hot_windows=self.promote_hot_windows,
            promotion_route=promotion_route(
                self.execution_mode, self.promote_hot_opcodes, self.promote_hot_windows
            ),
            fused_descriptor_window_required=self.promote_hot_windows,
        )

    def __repr__(self) -> str:
        grid, width = self.geometry.dispatch_grid[0], self.geometry.workgroup_size_x
        return (
            f"<LaunchRecommendation {self.topology}, {self.pressure}, {self.execution_mode}: "
            f"{grid} x {width} work-items, {self.geometry.slot_count} slots>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `vyrectl plan`."""
        record = self.to_record()
        flat = {name: value for name, value in record.items() if name != "geometry"}
        return html_record("launch plan", {**flat, **record["geometry"]})

    def to_record(self) -> RecommendationRecord:
        """The fields of spec 2.3 by name; enums as their names, the geometry as a record."""
        return {
            "geometry": self.geometry.to_record(),
            "worker_groups": self.worker_groups,
            "hit_capacity": self.hit_capacity,
            "pressure": self.pressure,
            "execution_mode": self.execution_mode,
            "topology": self.topology,
            "promote_hot_opcodes": self.promote_hot_opcodes,
            "promote_hot_windows": self.promote_hot_windows,
            "age_priority_work": self.age_priority_work,
            "estimated_peak_device_bytes": self.estimated_peak_device_bytes,
            "device_memory_budget_bytes": self.device_memory_budget_bytes,
        }


@dataclass(frozen=True, slots=True)
class LaunchPolicy:
    """The thresholds of spec 2.2; widths are in `POLICY_BITS` and any value within them is a policy."""

    min_hit_capacity: int = 1024
    hit_capacity_multiplier: int = 2
    saturated_waves: int = 4
    hot_opcode_threshold: int = 8
    hot_window_threshold: int = 4
    jit_queue_len_threshold: int = JIT_QUEUE_LEN
    priority_age_threshold: int = AGE_THRESHOLD
    sparse_frontier_threshold_bps: int = 500
    dense_frontier_threshold_bps: int = 4000
    memory_pressure_threshold_bps: int = 8500
    fusion_edge_threshold: int = 65536
    scratch_bytes_per_hit: int = 16

    def recommend(
        self, request: LaunchRequest, previous: Topology | str | None = None, *, judge: Judge = SILENT
    ) -> LaunchRecommendation:
        """What to launch for a request (spec 2.3).

        Args:
            request: The request; adapter limits included.
            previous: Topology of the launch before, for hysteresis.
            judge: Watches the steps; a `Recorder` explains the answer.

        Raises:
            LaunchRequestError: A field does not fit its width, a limit is 0, or a result leaves its width.
            DeviceMemoryError: The estimated peak passes the budget.
            UnknownNameError: No topology is called `previous`.
        """
        before = previous if previous is None or isinstance(previous, Topology) else parse_topology(previous)
        return _recommend(REQUEST_WIDTHS.checked(request), POLICY_WIDTHS.checked(self), before, judge)

    def to_record(self) -> dict[str, int]:
        """Every field by name, in the spec's order."""
        return {name: getattr(self, name) for name in POLICY_BITS}


def _recommend(
    request: LaunchRequest, policy: LaunchPolicy, previous: Topology | None, judge: Judge
) -> LaunchRecommendation:
    basis = Basis(request, policy, previous, *steps.infer(request, judge))
    opcodes, windows = steps.promote(request, policy, judge)
    promoted = opcodes or windows
    topology = steps.keep_topology(steps.raw_topology(basis, promoted, judge), basis, promoted, judge)
    worker_groups, geometry = steps.plan_grid(
        request.queue_len,
        steps.scale_worker_groups(basis, topology, judge),
        request.max_workgroup_size_x,
        request.max_compute_workgroups_per_dimension,
        request.max_compute_invocations_per_workgroup,
        judge,
    )
    pressure = steps.queue_pressure(basis, geometry, judge)
    capacity = steps.hit_capacity(basis, judge)
    peak = steps.peak_bytes(basis, capacity, judge)
    return LaunchRecommendation(
        geometry=geometry,
        worker_groups=worker_groups,
        hit_capacity=capacity,
        pressure=pressure,
        execution_mode=steps.execution_mode(basis, topology, promoted, judge),
        topology=topology,
        promote_hot_opcodes=opcodes,
        promote_hot_windows=windows,
        age_priority_work=steps.age_priority_work(basis, judge),
        estimated_peak_device_bytes=peak,
        device_memory_budget_bytes=request.device_memory_budget_bytes,
        basis=basis,
    )
