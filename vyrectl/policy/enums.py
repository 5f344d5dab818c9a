"""The policy's vocabularies (spec 2.3-2.5), under the spec's own names.

Members are texts, so that a record of the policy turns into JSON as it stands.
Standard library and errors only.
"""

from __future__ import annotations

from enum import StrEnum

from vyrectl.errors import UnknownNameError


class Topology(StrEnum):
    """Shape of the work that a launch is laid out for (spec 2.3, steps 3 and 4)."""

    Empty = "Empty"
    SparseFrontier = "SparseFrontier"
    HybridFrontier = "HybridFrontier"
    DenseFrontier = "DenseFrontier"
    FusedDense = "FusedDense"
    MemoryConstrained = "MemoryConstrained"


class QueuePressure(StrEnum):
    """How full the queue is against the lanes of the launch (spec 2.3, step 7)."""

    Empty = "Empty"
    Light = "Light"
    Balanced = "Balanced"
    Saturated = "Saturated"


class ExecutionMode(StrEnum):
    """Whether the ops that a queue uses are compiled, or all are interpreted (spec 2.3, step 10)."""

    Interpreter = "Interpreter"
    Jit = "Jit"


class SwitchClass(StrEnum):
    """Class of a topology in the evidence (spec 2.4)."""

    EMPTY = "empty"
    SPARSE = "sparse"
    HYBRID = "hybrid"
    DENSE = "dense"
    MEMORY_CONSTRAINED = "memory_constrained"


class PromotionRoute(StrEnum):
    """What led to the execution mode (spec 2.4)."""

    INTERPRETER = "interpreter"
    QUEUE_JIT = "queue_jit"
    OPCODE_JIT = "opcode_jit"
    WINDOW_JIT = "window_jit"
    OPCODE_AND_WINDOW_JIT = "opcode_and_window_jit"


class DrainReason(StrEnum):
    """Why a drain is recommended (spec 2.5)."""

    NONE = "none"
    REQUEUE_COUNTER_EXHAUSTED = "requeue_counter_exhausted"
    AGED_PROMOTION_COUNTER_EXHAUSTED = "aged_promotion_counter_exhausted"
    REQUEUE_COUNTER_NEAR_LIMIT = "requeue_counter_near_limit"
    AGED_PROMOTION_COUNTER_NEAR_LIMIT = "aged_promotion_counter_near_limit"
    PENDING_TELEMETRY = "pending_telemetry"


_TOPOLOGIES = {topology.value.lower(): topology for topology in Topology}


def parse_topology(name: str) -> Topology:
    """A topology by its name; case, ``-`` and ``_`` do not matter.

    Raises:
        UnknownNameError: No topology is called so.
    """
    topology = _TOPOLOGIES.get(name.lower().replace("_", "").replace("-", ""))
    if topology is None:
        raise UnknownNameError("topology", name, tuple(one.value for one in Topology))
    return topology
