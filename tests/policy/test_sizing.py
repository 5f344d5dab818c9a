from __future__ import annotations

from collections.abc import Mapping

from tests.vectors import load
from vyrectl.errors import LaunchRequestError
from vyrectl.policy.judging import SILENT
from vyrectl.policy.sizing import (
    Geometry,
    covering_worker_groups,
    default_worker_groups_from_limits,
    dispatch_grid_for,
    padded_slot_count,
    worker_workgroup_size,
)
from vyrectl.policy.steps import plan_grid


def from_item_count(items: int, groups: int, widest: int) -> Mapping[str, object]:
    try:
        return Geometry.from_item_count(items, groups, widest).to_record()
    except LaunchRequestError:
        return {"err": True}


def test_sizing_equals_the_runtime() -> None:
    for vector in load("misc", "sizing"):
        a, b, c = vector["a"], vector["b"], vector["c"]
        geometry = Geometry.from_slots(a, b, c)
        found = {
            "worker_workgroup_size_a_b": worker_workgroup_size(a, b),
            "padded_slot_count_a_b": padded_slot_count(a, b),
            "dispatch_grid_for_a_b_c": list(dispatch_grid_for(a, b, c)),
            "default_worker_groups_from_limits_a_b": default_worker_groups_from_limits(a, b),
            "from_slots_a_b_c": geometry.to_record(),
            "covering_worker_groups": covering_worker_groups(a, geometry.workgroup_size_x),
            "from_item_count_a_b_c": from_item_count(a, b, c),
        }
        assert found == {key: vector[key] for key in found}, vector["i"]


def test_grids_equal_the_runtime() -> None:
    inputs = (
        "queue_len",
        "requested_worker_groups",
        "max_workgroup_size_x",
        "max_compute_workgroups_per_dimension",
        "max_compute_invocations_per_workgroup",
    )
    for vector in load("misc", "grid_plan"):
        queue_len, groups, width, most, invocations = (vector[name] for name in inputs)
        try:
            worker_groups, geometry = plan_grid(queue_len, groups, width, most, invocations, SILENT)
        except LaunchRequestError:
            assert "ok" not in vector, vector["i"]
        else:
            assert {"worker_groups": worker_groups, "geometry": geometry.to_record()} == vector["ok"], vector[
                "i"
            ]
