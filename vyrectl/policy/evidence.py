"""Why a recommendation is what it is (spec 2.4): two flat records beside it.

Standard library and `policy.enums` only.
"""

from __future__ import annotations

from dataclasses import asdict

from vyrectl.dataclass import dataclass
from vyrectl.policy.enums import ExecutionMode, PromotionRoute, QueuePressure, SwitchClass, Topology
from vyrectl.shapes import Count, LongWord, Word

SCHEMA_VERSION = 1

SWITCH_CLASSES: dict[Topology, SwitchClass] = {
    Topology.Empty: SwitchClass.EMPTY,
    Topology.SparseFrontier: SwitchClass.SPARSE,
    Topology.HybridFrontier: SwitchClass.HYBRID,
    Topology.DenseFrontier: SwitchClass.DENSE,
    Topology.FusedDense: SwitchClass.DENSE,
    Topology.MemoryConstrained: SwitchClass.MEMORY_CONSTRAINED,
}

JIT_ROUTES: dict[tuple[bool, bool], PromotionRoute] = {
    (True, True): PromotionRoute.OPCODE_AND_WINDOW_JIT,
    (True, False): PromotionRoute.OPCODE_JIT,
    (False, True): PromotionRoute.WINDOW_JIT,
    (False, False): PromotionRoute.QUEUE_JIT,
}
"""Route of a Jit launch, by (promote_hot_opcodes, promote_hot_windows)."""


def promotion_route(mode: ExecutionMode, opcodes: bool, windows: bool) -> PromotionRoute:
    """What led to the execution mode."""
    return PromotionRoute.INTERPRETER if mode is ExecutionMode.Interpreter else JIT_ROUTES[opcodes, windows]


@dataclass(frozen=True, slots=True)
class TopologyEvidence:
    """What the topology rests on; densities are the effective ones, in basis points."""

    queue_pressure: QueuePressure
    frontier_density_bps: Word
    semiring_frontier_density_bps: Word
    selected_topology: Topology
    graphblas_switch_class: SwitchClass
    resident_device_bytes: LongWord
    estimated_peak_device_bytes: LongWord
    output_parity_required: bool = True
    schema_version: Count = SCHEMA_VERSION

    def to_record(self) -> dict[str, object]:
        """Every field by name, the version first."""
        return {"schema_version": self.schema_version, **asdict(self)}


@dataclass(frozen=True, slots=True)
class PromotionEvidence:
    """What the execution mode rests on."""

    queue_len: Word
    jit_queue_len_threshold: Word
    hot_opcode_count: Word
    hot_opcode_threshold: Word
    hot_window_count: Word
    hot_window_threshold: Word
    execution_mode: ExecutionMode
    promote_hot_opcodes: bool
    promote_hot_windows: bool
    promotion_route: PromotionRoute
    fused_descriptor_window_required: bool
    output_parity_required: bool = True
    schema_version: Count = SCHEMA_VERSION

    def to_record(self) -> dict[str, object]:
        """Every field by name, the version first."""
        return {"schema_version": self.schema_version, **asdict(self)}
