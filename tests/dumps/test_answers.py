"""What the runtime answers about rings, control buffers, debug logs, replay logs and tables, ours answer too."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import dumps
from tests.cli.conftest import Cli
from vyrectl import SLOT_DTYPE, LaunchPolicy, LaunchRequest, TaskQueueSnapshot, TaskWorkItem
from vyrectl.errors import (
    InvalidInputError,
    LifecycleError,
    UnknownStateError,
    VyrectlError,
)
from vyrectl.policy.sizing import (
    Geometry,
    default_worker_groups_from_limits,
    dispatch_grid_for,
    padded_slot_count,
    worker_workgroup_size,
)
from vyrectl.protocol.control import decode_control, default_priority_offsets, read_observable
from vyrectl.protocol.debug_log import decode_debug_log
from vyrectl.protocol.publish import publish_slot
from vyrectl.protocol.runtime import runtime_view, slot_views, windows
from vyrectl.protocol.status import count_done
from vyrectl.ring.replay_log import ReplayLog

Answers = dict[str, Any]

RINGS: dict[str, tuple[bytes, Answers]] = {
    name: (dumps.data(name), dumps.answers(name)) for name in (*dumps.names("ring-"), "publish-before.bin")
}
for _name in dumps.names("kernel-", end=".all.bin"):
    RINGS[_name] = (dumps.parts(_name)["ring"], dumps.answers(_name)["ring"]["answers"])

CONTROLS: dict[str, tuple[bytes, Answers]] = {
    name: (dumps.data(name), dumps.answers(name)) for name in dumps.names("control-")
}
for _name in dumps.names("kernel-", end=".all.bin"):
    CONTROLS[_name] = (dumps.parts(_name)["control"], dumps.answers(_name)["control"]["answers"])

FRESH_CONTROL = struct.pack("<160I", 0, 0, 3, 0xFFFF_FFFF, *[0] * 28, 1_000_000, *[0] * 127)


@pytest.mark.parametrize("name", RINGS)
def test_snapshot_and_what_follows_from_it(name: str, cli: Cli, tmp_path: Path) -> None:
    data, answers = RINGS[name]
    told, slots = answers["as_tasks"], np.frombuffer(data, SLOT_DTYPE)
    path = tmp_path / "ring.bin"
    path.write_bytes(data)
    command = cli("snapshot", str(path), "--json")
    if "error" in told["task_queue_snapshot"]:
        with pytest.raises(UnknownStateError, match=str(told["task_queue_snapshot"]["error"]["numbers"][0])):
            TaskQueueSnapshot.from_slots(slots)
        assert command.code == 3
        return
    snapshot = TaskQueueSnapshot.from_slots(slots)
    wanted = told["task_queue_snapshot"]
    assert {field: getattr(snapshot, field) for field in wanted} == wanted
    assert {field: command.json()[field] for field in wanted} == wanted
    assert snapshot.schedulable_count == told["try_schedulable_count"]
    assert snapshot.continuation_pressure == told["try_continuation_pressure_count"]
    merged = told["try_apply_to_launch_request"]
    assert snapshot.apply_to(LaunchRequest(**merged["request"])).to_record() == merged["applied"]
    request = tmp_path / "request.json"
    request.write_text(json.dumps(merged["request"]))
    applied = cli("apply", str(path), "--request", str(request), "--json").json()
    assert {field: applied[field] for field in merged["applied"]} == merged["applied"]


@pytest.mark.parametrize("name", RINGS)
def test_the_runtime_s_view_of_a_ring(name: str) -> None:
    data, answers = RINGS[name]
    told = answers["ring_telemetry"]
    control = CONTROLS[name][0] if name in CONTROLS else FRESH_CONTROL
    view = runtime_view(control, data)
    occupancy = {
        **asdict(view.occupancy),
        "queue_depth": view.occupancy.depth,
        "total_slots": view.occupancy.total,
    }
    assert {field: occupancy[field] for field in told["occupancy"]} == told["occupancy"]
    counters = view.counters()
    assert {field: counters[field] for field in told["runtime_counters"]} == told["runtime_counters"]
    slots = list(slot_views(data))
    for one, (number, _, raw, active, tenant, opcode, arguments) in zip(
        slots, told["slots[idx,status,raw,is_active,tenant,opcode,args_prefix]"], strict=True
    ):
        words = struct.unpack_from("<16I", data, 64 * number)
        assert [words[0], words[2], words[1], list(words[4:7])] == [raw, tenant, opcode, arguments]
        assert one.is_active is active
    found = [one.to_record() for one in windows(iter(slots), told["window_opcodes"])]
    for ours, theirs in zip(found, told["windows"], strict=True):
        assert {field: ours[field] for field in theirs if field in ours} == {
            field: value for field, value in theirs.items() if field in ours
        }
    assert count_done(data, len(data) // 64) == answers["try_count_done_ring_slots"]
    for one in told["recommend_launch"]:
        recommended = LaunchPolicy().recommend(_observed(LaunchRequest(**one["request"]), counters))
        assert json.loads(json.dumps(recommended.to_record())) == one["answer"]


def _observed(request: LaunchRequest, counters: dict[str, int]) -> LaunchRequest:
    """A request with what the runtime's telemetry adds: requeued slots, the ring's length, how full it is."""
    return replace(
        request,
        frontier_density_bps=request.frontier_density_bps or counters["frontier_density_bps"],
        graph_node_count=request.graph_node_count or counters["total_slots"],
        requeue_count=request.requeue_count + counters["requeue_slots"],
    )


ACTIONS: dict[str, tuple[str, dict[str, int]]] = {
    "try_completed()": ("complete", {}),
    "try_faulted(57005)": ("fault", {"code": 57005}),
    "try_paused(7,8,9)": ("pause", {"pc": 7, "data": 8, "epoch": 9}),
    "try_requeued(7,8,Low)": ("requeue", {"pc": 7, "data": 8, "priority": 3}),
    "try_resumed()": ("resume", {}),
    "try_yielded(7,8)": ("yield", {"pc": 7, "data": 8}),
}


@pytest.mark.parametrize("name", [name for name, (_, answers) in RINGS.items() if "transitions" in answers])
def test_each_step_on_each_slot(name: str) -> None:
    data, answers = RINGS[name]
    for told in answers["transitions"]:
        task = TaskWorkItem.from_bytes(data[64 * told["slot"] : 64 * told["slot"] + 64])
        assert task.is_schedulable == told["is_schedulable"]
        for key, (action, arguments) in ACTIONS.items():
            if isinstance(told[key], dict):
                with pytest.raises(LifecycleError):
                    task.apply(action, **arguments)
            else:
                assert list(task.apply(action, **arguments).words()) == told[key], (told["slot"], key)


def test_publishing_gives_the_runtime_s_bytes() -> None:
    before, after = dumps.data("publish-before.bin"), dumps.data("publish-after.bin")
    for number, call in enumerate(dumps.answers("publish-before.bin")["publish_slot_calls"]):
        ring = bytearray(before)
        if call["result"] == "ok":
            publish_slot(ring, call["slot"], call["tenant"], call["opcode"], call["args"])
        else:
            with pytest.raises(VyrectlError):
                publish_slot(ring, call["slot"], call["tenant"], call["opcode"], call["args"])
        assert bytes(ring) == after[512 * number : 512 * (number + 1)], number


@pytest.mark.parametrize("name", CONTROLS)
def test_control_buffers(name: str, cli: Cli, tmp_path: Path) -> None:
    data, answers = CONTROLS[name]
    path = tmp_path / "control.bin"
    path.write_bytes(data)
    told = answers["control_snapshot"]
    shown = cli("control", str(path), "--json")
    if "error" in told:
        with pytest.raises(InvalidInputError):
            decode_control(data)
        assert shown.code == 3
        return
    view = decode_control(data)
    assert (view.done_count, view.epoch, view.shutdown) == (
        told["done_count"],
        told["epoch"],
        told["shutdown"],
    )
    assert shown.json()["done_count"] == told["done_count"]
    for index, word in enumerate(answers["try_read_observable[0..=n]"]):
        if isinstance(word, dict):
            with pytest.raises(InvalidInputError):
                read_observable(data, index)
        else:
            assert read_observable(data, index) == word


@pytest.mark.parametrize("name", [*dumps.names("debug-"), *dumps.names("kernel-", end=".all.bin")])
def test_debug_logs(name: str, cli: Cli, tmp_path: Path) -> None:
    whole = name.startswith("kernel-")
    data = dumps.parts(name)["debug"] if whole else dumps.data(name)
    answers = dumps.answers(name)["debug"]["answers"] if whole else dumps.answers(name)
    told = answers["try_read_debug_log"]
    if isinstance(told, dict):
        with pytest.raises(InvalidInputError):
            decode_debug_log(data)
        return
    found = [(one.format_id, list(one.arguments)) for one in decode_debug_log(data)]
    assert found == [(one["fmt_id"], one["args"]) for one in told]


@pytest.mark.parametrize("name", dumps.names("log-", "v072-log-"))
def test_replay_logs(name: str, cli: Cli) -> None:
    answers = dumps.answers(name)
    with ReplayLog.open(dumps.path(name)) as log:
        assert (log.header.capacity, log.header.cursor) == (answers["capacity"], answers["cursor"])
        records = list(log.records())
    answer = cli("replay", str(dumps.path(name)), "--json").json()
    assert answer["kind"] == "publications"
    shown = answer["records"]
    for ours, row, theirs in zip(records, shown, answers["replay_records"], strict=True):
        assert [
            ours.slot,
            ours.tenant_id,
            ours.opcode,
            list(ours.arguments),
            ours.epoch,
            ours.timestamp_ns,
        ] == [theirs[field] for field in ("slot_idx", "tenant_id", "opcode", "args", "epoch", "timestamp_ns")]
        failure = theirs["failure"]
        assert (ours.evidence is None) is (failure is None)
        if ours.evidence is not None:
            label = failure["failure_class"].lower()
            assert ours.evidence.failure_class.label.replace("_", "") == label
            assert (ours.evidence.slot_status, ours.evidence.backend_code, ours.evidence.output_digest) == (
                failure["slot_status"],
                failure["backend_error_code"],
                failure["output_digest"],
            )
            assert row["output_digest"] == failure["output_digest"]


def test_tables_of_sizes() -> None:
    tables = dumps.answers("tables-public.json")
    for one in tables["priority_offsets"]:
        assert list(default_priority_offsets(one["total_slots"])) == one["default_priority_offsets"]
    for one in tables["sizing"]:
        items, most, workers = one["items"], one["max_workgroup_size_x"], one["worker_count"]
        assert (
            Geometry.from_slots(items, workers, most).to_record()
            == one["MegakernelLaunchGeometry::from_slots"]
        )
        assert padded_slot_count(items, most) == one["padded_slot_count(items,max)"]
        assert worker_workgroup_size(workers, most) == one["worker_workgroup_size(workers,max)"]
        grid = one["dispatch_grid_for(workers,items,max)"]
        assert list(dispatch_grid_for(workers, items, most)) == grid
        key = "default_worker_groups_from_limits(workers,max)"
        assert default_worker_groups_from_limits(workers, most) == one[key]
