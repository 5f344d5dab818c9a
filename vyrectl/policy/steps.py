"""The arithmetic of a recommendation (spec 2.3), one function per step.

Each step takes numbers that were checked before, asks its `Judge` for every comparison, and tells it the
result: an explanation is a recording of these very functions. Products are Python integers, hence as wide as
they need to be; those of step 8, which are u32 in the runtime, are each held to it. May import the rest of
`policy`, abi and errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.abi.limits import U32_MAX, U64_MAX
from vyrectl.errors import DeviceMemoryError, LaunchRequestError
from vyrectl.policy.enums import ExecutionMode, QueuePressure, Topology
from vyrectl.policy.sizing import Geometry, default_worker_groups_from_limits

if TYPE_CHECKING:
    from vyrectl.policy.judging import Judge
    from vyrectl.policy.policy import Basis, LaunchPolicy
    from vyrectl.policy.request import LaunchRequest

WHOLE_BPS = 10_000
HYSTERESIS_BPS = 250
BASE_SHED_BPS = 2_500
SPARSE_MIN_WORKER_GROUPS = 32
U16_MAX = 0xFFFF

WORKERS_RULE = "2.3.5 workers"
GRID_RULE = "2.3.6 grid"
HITS_RULE = "2.3.8 hit capacity"
PEAK_RULE = "2.3.9 peak bytes"


def infer(request: LaunchRequest, judge: Judge) -> tuple[int, int]:
    """Step 1: the effective frontier density and memory pressure, in basis points."""
    return _infer_density(request, judge), _infer_memory_pressure(request, judge)


def _infer_density(request: LaunchRequest, judge: Judge) -> int:
    given, queue_len, nodes = request.frontier_density_bps, request.queue_len, request.graph_node_count
    density, why = given, "as given"
    if (
        judge.equal("frontier_density_bps", given, 0)
        and not judge.equal("queue_len", queue_len, 0)
        and not judge.equal("graph_node_count", nodes, 0)
    ):
        density = min(max(min(queue_len, nodes) * WHOLE_BPS // nodes, 1), WHOLE_BPS)
        why = "min(queue_len {0}, graph_node_count {1}) * 10000 / {1}, within 1..10000"
    judge.decide("2.3.1 infer", "frontier_density_bps", given, density, why, queue_len, nodes)
    return density


def _infer_memory_pressure(request: LaunchRequest, judge: Judge) -> int:
    given, resident = request.memory_pressure_bps, request.resident_device_bytes
    budget = request.device_memory_budget_bytes
    pressure, why = given, "as given"
    if (
        judge.equal("memory_pressure_bps", given, 0)
        and not judge.equal("device_memory_budget_bytes", budget, 0)
        and not judge.equal("resident_device_bytes", resident, 0)
    ):
        pressure = min(WHOLE_BPS, resident * WHOLE_BPS // budget)
        why = "resident_device_bytes {} * 10000 / device_memory_budget_bytes {}, at most 10000"
    judge.decide("2.3.1 infer", "memory_pressure_bps", given, pressure, why, resident, budget)
    return pressure


def promote(request: LaunchRequest, policy: LaunchPolicy, judge: Judge) -> tuple[bool, bool]:
    """Step 2: whether hot opcodes, and hot windows, are promoted."""
    opcodes = judge.at_least(
        "hot_opcode_count", request.hot_opcode_count, policy.hot_opcode_threshold, "hot_opcode_threshold"
    )
    judge.decide("2.3.2 promote", "promote_hot_opcodes", False, opcodes, "enough hot opcodes")
    windows = judge.at_least(
        "hot_window_count", request.hot_window_count, policy.hot_window_threshold, "hot_window_threshold"
    )
    judge.decide("2.3.2 promote", "promote_hot_windows", False, windows, "enough hot windows")
    return opcodes, windows


def raw_topology(basis: Basis, promoted: bool, judge: Judge) -> Topology:
    """Step 3: the topology that the numbers alone ask for."""
    topology = _first_fit(basis, promoted, judge)
    judge.decide("2.3.3 topology", "topology", None, topology, "the first that fits")
    return topology


def _first_fit(basis: Basis, promoted: bool, judge: Judge) -> Topology:
    request, policy, density = basis.request, basis.policy, basis.frontier_density_bps
    if judge.equal("queue_len", request.queue_len, 0):
        return Topology.Empty
    if _is_tight(basis, judge):
        return Topology.MemoryConstrained
    bound = policy.sparse_frontier_threshold_bps
    if judge.at_most("frontier_density_bps", density, bound, "sparse_frontier_threshold_bps"):
        return Topology.SparseFrontier
    bound = policy.dense_frontier_threshold_bps
    if not judge.at_least("frontier_density_bps", density, bound, "dense_frontier_threshold_bps"):
        return Topology.HybridFrontier
    with_nodes = judge.over("graph_node_count", request.graph_node_count, 0)
    return Topology.FusedDense if with_nodes and _fuses(basis, promoted, judge) else Topology.DenseFrontier


def _is_tight(basis: Basis, judge: Judge) -> bool:
    bound = basis.policy.memory_pressure_threshold_bps
    pressure = basis.memory_pressure_bps
    return judge.at_least("memory_pressure_bps", pressure, bound, "memory_pressure_threshold_bps")


def _fuses(basis: Basis, promoted: bool, judge: Judge) -> bool:
    edges, bound = basis.request.graph_edge_count, basis.policy.fusion_edge_threshold
    return judge.at_least("graph_edge_count", edges, bound, "fusion_edge_threshold") and judge.holds(
        "a promotion", promoted
    )


def keep_topology(raw: Topology, basis: Basis, promoted: bool, judge: Judge) -> Topology:
    """Step 4, hysteresis: the previous topology where the numbers have not moved far enough away from it."""
    previous = basis.previous
    if previous is None or raw is Topology.Empty or raw is Topology.MemoryConstrained:
        return raw
    stays = _stays(raw, previous, basis, promoted, judge)
    topology = previous if stays else raw
    why = "previously {}, {}"
    outcome = "within 250 bps of its threshold" if stays else "and the numbers have left it"
    judge.decide("2.3.4 hysteresis", "topology", raw, topology, why, previous, outcome)
    return topology


def _stays(raw: Topology, previous: Topology, basis: Basis, promoted: bool, judge: Judge) -> bool:
    policy, density = basis.policy, basis.frontier_density_bps
    if previous is Topology.MemoryConstrained:
        bound, pressure = _less(policy.memory_pressure_threshold_bps), basis.memory_pressure_bps
        return judge.at_least("memory_pressure_bps", pressure, bound, "memory_pressure_threshold_bps - 250")
    if previous is Topology.SparseFrontier:
        bound = _more(policy.sparse_frontier_threshold_bps)
        return judge.at_most("frontier_density_bps", density, bound, "sparse_frontier_threshold_bps + 250")
    if previous is Topology.HybridFrontier:
        return _stays_hybrid(raw, policy, density, judge)
    if raw is not Topology.HybridFrontier or previous is Topology.Empty:
        return False
    bound = _less(policy.dense_frontier_threshold_bps)
    dense = judge.at_least("frontier_density_bps", density, bound, "dense_frontier_threshold_bps - 250")
    return dense and (previous is Topology.DenseFrontier or _fuses(basis, promoted, judge))


def _stays_hybrid(raw: Topology, policy: LaunchPolicy, density: int, judge: Judge) -> bool:
    if raw is Topology.HybridFrontier:
        return True
    if raw is Topology.SparseFrontier:
        bound = _less(policy.sparse_frontier_threshold_bps)
        return judge.at_least("frontier_density_bps", density, bound, "sparse_frontier_threshold_bps - 250")
    bound = _more(policy.dense_frontier_threshold_bps)
    return judge.at_most("frontier_density_bps", density, bound, "dense_frontier_threshold_bps + 250")


def _less(bps: int) -> int:
    return max(0, bps - HYSTERESIS_BPS)


def _more(bps: int) -> int:
    return min(U16_MAX, bps + HYSTERESIS_BPS)


def scale_worker_groups(basis: Basis, topology: Topology, judge: Judge) -> int:
    """Step 5: the worker groups asked for, fewer under memory pressure or on a sparse frontier.

    Raises:
        LaunchRequestError: Groups are to be shed by a memory-pressure threshold past 10000.
    """
    groups = basis.request.requested_worker_groups
    if judge.over("requested_worker_groups", groups, 1):
        if judge.named("topology", topology, Topology.MemoryConstrained):
            return _shed(groups, basis, judge)
        if judge.named("topology", topology, Topology.SparseFrontier):
            return _thin(groups, basis, judge)
    judge.decide(WORKERS_RULE, "requested_worker_groups", groups, groups, "kept")
    return groups


def _shed(groups: int, basis: Basis, judge: Judge) -> int:
    pressure, bound = basis.memory_pressure_bps, basis.policy.memory_pressure_threshold_bps
    shed, after = 0, groups
    if not judge.equal("memory_pressure_bps", pressure, 0):
        if judge.over("memory_pressure_threshold_bps", bound, WHOLE_BPS):
            judge.refuse(WORKERS_RULE, "memory_pressure_threshold_bps", _threshold_past_whole(bound))
        span = max(1, WHOLE_BPS - bound)
        over = min(span, max(0, pressure - bound))
        shed = BASE_SHED_BPS + over * BASE_SHED_BPS // span
        after = max(1, groups * (WHOLE_BPS - shed) // WHOLE_BPS)
    why = "{} groups less {} bps that memory_pressure_bps {} sheds"
    judge.decide(WORKERS_RULE, "requested_worker_groups", groups, after, why, groups, shed, pressure)
    return after


def _threshold_past_whole(bound: int) -> LaunchRequestError:
    return LaunchRequestError(
        f"memory_pressure_threshold_bps is {bound}, past {WHOLE_BPS}: "
        "no share of the worker groups can be shed by it",
        fix="Give a threshold of at most 10000, or a requested_worker_groups of 0 or 1",
    )


def _thin(groups: int, basis: Basis, judge: Judge) -> int:
    density, nodes = basis.frontier_density_bps, basis.request.graph_node_count
    span = part = 1
    if not judge.equal("graph_node_count", nodes, 0) and not judge.equal("frontier_density_bps", density, 0):
        span = max(1, basis.policy.sparse_frontier_threshold_bps)
        part = min(max(density, 1), span)
    after = min(groups, max(min(groups, SPARSE_MIN_WORKER_GROUPS), groups * part // span))
    why = "{} groups * density {} / {}, at least 32 of them"
    judge.decide(WORKERS_RULE, "requested_worker_groups", groups, after, why, groups, part, span)
    return after


def plan_grid(
    queue_len: int,
    requested_worker_groups: int,
    max_workgroup_size_x: int,
    max_compute_workgroups_per_dimension: int,
    max_compute_invocations_per_workgroup: int,
    judge: Judge,
) -> tuple[int, Geometry]:
    """Step 6: worker groups and geometry within the adapter's limits.

    Raises:
        LaunchRequestError: A limit is 0.
    """
    _require_limit("max_workgroup_size_x", max_workgroup_size_x, judge)
    _require_limit("max_compute_workgroups_per_dimension", max_compute_workgroups_per_dimension, judge)
    _require_limit("max_compute_invocations_per_workgroup", max_compute_invocations_per_workgroup, judge)
    if judge.equal("requested_worker_groups", requested_worker_groups, 0):
        wanted = default_worker_groups_from_limits(
            max_compute_workgroups_per_dimension, max_compute_invocations_per_workgroup
        )
        why = "derived {} from the limits, at most max_compute_workgroups_per_dimension {}"
    else:
        wanted, why = requested_worker_groups, "{} asked for, at most max_compute_workgroups_per_dimension {}"
    groups = max(1, min(wanted, max_compute_workgroups_per_dimension))
    judge.decide(
        GRID_RULE,
        "worker_groups",
        requested_worker_groups,
        groups,
        why,
        wanted,
        max_compute_workgroups_per_dimension,
    )
    geometry = Geometry.from_slots(queue_len, groups, max_workgroup_size_x)
    _decide_geometry(geometry, queue_len, groups, max_workgroup_size_x, judge)
    return groups, geometry


def _decide_geometry(
    geometry: Geometry, queue_len: int, groups: int, max_workgroup_size_x: int, judge: Judge
) -> None:
    width, slots = geometry.workgroup_size_x, geometry.slot_count
    why = "min(worker_groups {}, max_workgroup_size_x {})"
    judge.decide(
        GRID_RULE, "workgroup_size_x", max_workgroup_size_x, width, why, groups, max_workgroup_size_x
    )
    why = "queue_len in whole work-groups of {}, the addition saturating"
    judge.decide(GRID_RULE, "slot_count", queue_len, slots, why, width)
    why = "min(slot_count {} / workgroup_size_x {}, worker_groups {}, 1024)"
    judge.decide(GRID_RULE, "dispatch_grid", None, geometry.dispatch_grid, why, slots, width, groups)


def _require_limit(name: str, limit: int, judge: Judge) -> None:
    if judge.equal(name, limit, 0):
        judge.refuse(GRID_RULE, name, LaunchRequestError(f"{name} is 0", fix="Give the device's limit"))


def queue_pressure(basis: Basis, geometry: Geometry, judge: Judge) -> QueuePressure:
    """Step 7: how the queue compares with the lanes of the launch."""
    groups, width = geometry.dispatch_grid[0], geometry.workgroup_size_x
    lanes, waves = max(1, groups * width), basis.policy.saturated_waves
    pressure = _pressure(basis.request, lanes, waves, judge)
    why = "{} lanes in {} work-groups of {}; saturated_waves {}"
    judge.decide("2.3.7 pressure", "pressure", None, pressure, why, lanes, groups, width, waves)
    return pressure


def _pressure(request: LaunchRequest, lanes: int, waves: int, judge: Judge) -> QueuePressure:
    queue_len = request.queue_len
    if judge.equal("queue_len", queue_len, 0):
        return QueuePressure.Empty
    if judge.over("requeue_count", request.requeue_count, 0) or judge.at_least(
        "queue_len", queue_len, lanes * waves, "lanes * saturated_waves"
    ):
        return QueuePressure.Saturated
    if judge.at_least("queue_len", queue_len, lanes, "lanes"):
        return QueuePressure.Balanced
    return QueuePressure.Light


def hit_capacity(basis: Basis, judge: Judge) -> int:
    """Step 8: hits that the launch has room for.

    Raises:
        LaunchRequestError: Past u32.
    """
    requested = basis.request.requested_hit_capacity
    if not judge.equal("requested_hit_capacity", requested, 0):
        judge.decide(HITS_RULE, "hit_capacity", requested, requested, "as requested")
        return requested
    least, items = basis.policy.min_hit_capacity, basis.request.queue_len
    factor = 1 if _is_tight(basis, judge) else basis.policy.hit_capacity_multiplier
    hits = max(1, basis.request.expected_hits_per_item)
    all_hits = _u32("queue_len * hits per item", items * hits, judge)
    capacity = max(least, _u32("queue_len * hits per item * multiplier", all_hits * factor, judge))
    why = "max(min_hit_capacity {}, queue_len {} * hits per item {} * {})"
    judge.decide(HITS_RULE, "hit_capacity", requested, capacity, why, least, items, hits, factor)
    return capacity


def _u32(name: str, product: int, judge: Judge) -> int:
    if judge.over(name, product, U32_MAX):
        judge.refuse(HITS_RULE, "hit_capacity", _too_many_hits(product))
    return product


def _too_many_hits(product: int) -> LaunchRequestError:
    return LaunchRequestError(
        f"hit_capacity would need a product of {product}, past {U32_MAX} (u32)",
        fix="Give requested_hit_capacity, or lower queue_len or expected_hits_per_item",
    )


def peak_bytes(basis: Basis, capacity: int, judge: Judge) -> int:
    """Step 9: the device memory that the launch needs at most.

    Raises:
        LaunchRequestError: Past u64.
        DeviceMemoryError: Past the budget.
    """
    resident, budget = basis.request.resident_device_bytes, basis.request.device_memory_budget_bytes
    each = basis.policy.scratch_bytes_per_hit
    peak = resident + capacity * each
    if judge.over("estimated_peak_device_bytes", peak, U64_MAX):
        judge.refuse(PEAK_RULE, "estimated_peak_device_bytes", _too_many_bytes(peak))
    if not judge.equal("device_memory_budget_bytes", budget, 0) and judge.over(
        "estimated_peak_device_bytes", peak, budget, "device_memory_budget_bytes"
    ):
        judge.refuse(PEAK_RULE, "device_memory_budget_bytes", DeviceMemoryError(peak, budget))
    why = "resident_device_bytes {} + hit_capacity {} * scratch_bytes_per_hit {}"
    judge.decide(PEAK_RULE, "estimated_peak_device_bytes", resident, peak, why, resident, capacity, each)
    return peak


def _too_many_bytes(peak: int) -> LaunchRequestError:
    return LaunchRequestError(
        f"estimated_peak_device_bytes would be {peak}, past {U64_MAX} (u64)",
        fix="Lower resident_device_bytes or the hit capacity",
    )


def execution_mode(basis: Basis, topology: Topology, promoted: bool, judge: Judge) -> ExecutionMode:
    """Step 10: compile the ops that the queue uses, or interpret."""
    queue_len, bound = basis.request.queue_len, basis.policy.jit_queue_len_threshold
    jit = (
        judge.at_least("queue_len", queue_len, bound, "jit_queue_len_threshold")
        or judge.holds("a promotion", promoted)
        or judge.named("topology", topology, Topology.FusedDense)
    )
    mode = ExecutionMode.Jit if jit else ExecutionMode.Interpreter
    why = "a long queue, a promotion or FusedDense asks for Jit"
    judge.decide("2.3.10 mode", "execution_mode", None, mode, why)
    return mode


def age_priority_work(basis: Basis, judge: Judge) -> bool:
    """Step 11: whether waiting work moves up the priority classes."""
    age, bound = basis.request.max_priority_age, basis.policy.priority_age_threshold
    aging = judge.over("requeue_count", basis.request.requeue_count, 0) or judge.at_least(
        "max_priority_age", age, bound, "priority_age_threshold"
    )
    why = "requeued or aged work asks for it"
    judge.decide("2.3.11 aging", "age_priority_work", False, aging, why)
    return aging
