"""The library against every answer of the runtime in spec 3 (`tests/vectors/protocol.jsonl.gz`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import load
from vyrectl.abi import limits, opcodes
from vyrectl.abi.states import PROTOCOL_STATE_NAMES, TaskState
from vyrectl.errors import (
    BufferTooLongError,
    MisalignedBufferError,
    MissingWordError,
    ReplayLogError,
    VyrectlError,
    WireBufferError,
)
from vyrectl.protocol import control, debug_log, lengths, publish, runtime, status
from vyrectl.protocol.replay import Evidence, FailureClass, ReplayRecord
from vyrectl.ring.replay_log import ReplayLog

Case = dict[str, Any]


def cases(kind: str) -> list[Case]:
    """Every case of one kind; at least one."""
    found = list(load("protocol", kind))
    assert found
    return found


def data(case: Case, key: str) -> bytearray:
    return bytearray.fromhex(case[key])


def error_of(error: VyrectlError) -> dict[str, Any]:
    """An error of ours in the vectors' terms."""
    match error:
        case MisalignedBufferError():
            return {"kind": "misaligned_byte_length", "buffer": error.buffer, "byte_len": error.byte_length}
        case MissingWordError():
            places = {"word_idx": error.word, "byte_len": error.byte_length}
            return {"kind": "missing_word", "buffer": error.buffer, **places}
        case BufferTooLongError():
            return {"kind": "byte_length_overflow", "buffer": error.buffer}
    return {"kind": type(error).__name__}


def answer(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a reading vector says: the value, or the error under `err`."""
    try:
        return work(*arguments)
    except VyrectlError as error:
        return {"err": error_of(error)}


def pairs(metrics: list[tuple[int, int]]) -> list[list[int]]:
    return [list(pair) for pair in metrics]


def test_constants() -> None:
    said = cases("constants")[0]["constants"]
    assert said["MAX_ENCODED_RING_SLOTS"] == said["MAX_ENCODED_DEBUG_RECORDS"] == limits.MAX_ENCODED
    assert said["MAX_OBSERVABLE_SLOTS"] == limits.MAX_OBSERVABLES
    assert said["MAX_DEBUG_RECORDS"] == limits.MAX_DEBUG_RECORDS
    assert said["debug"]["RECORD_CAPACITY"] == limits.DEFAULT_DEBUG_RECORDS
    assert said["slot"] == {PROTOCOL_STATE_NAMES[state]: int(state) for state in TaskState}


def test_control_encode() -> None:
    for case in cases("control_encode"):
        options = {
            "shutdown": case["shutdown"],
            "tenants": case["tenant_count"],
            "observables": case["observable_slots"],
            "slots": case["total_slots"],
        }
        if "err" in case:
            with pytest.raises(BufferTooLongError) as caught:
                control.encode_control(**options)
            assert error_of(caught.value) == case["err"]
            continue
        made = control.encode_control(**options)
        assert len(made) == case["ok"]["byte_len"]
        if "hex" in case["ok"]:
            assert made.hex() == case["ok"]["hex"], case["i"]
        words = memoryview(made).cast("I")
        for index, word in case["ok"]["nonzero_words"]:
            assert words[index] == word


def test_write_offsets_writes_all_or_nothing() -> None:
    for case in cases("write_offsets"):
        buffer = data(case, "control")
        if "err" in case:
            with pytest.raises(WireBufferError):
                control.write_priority_offsets(buffer, case["total_slots"])
            assert buffer.hex() == case["control"]
        else:
            control.write_priority_offsets(buffer, case["total_slots"])
            assert buffer.hex() == case["control_after"]


def test_default_priority_offsets() -> None:
    for case in cases("default_priority_offsets"):
        assert list(control.default_priority_offsets(case["total_slots"])) == case["ok"]


def test_byte_len() -> None:
    for case in cases("byte_len"):
        assert lengths.byte_length(case["buffer"], case["n"]) == case["ok"], case


def test_encode_empty() -> None:
    make = {"ring": lengths.empty_ring, "debug_log": lengths.empty_debug_log}
    for case in cases("encode_empty"):
        made = answer(make[case["buffer"]], case["n"])
        if "err" in case:
            assert made == {"err": case["err"]}
        else:
            assert (len(made), any(made)) == (case["ok"]["byte_len"], False)


def test_load_miss() -> None:
    for case in cases("load_miss_encode"):
        words = publish.load_miss_words(case["resource_id"], prefetch=case["prefetch"])
        assert b"".join(word.to_bytes(4, "little") for word in words).hex() == case["ok"]
    for case in cases("load_miss_decode"):
        found = publish.decode_load_miss(data(case, "ring"), case["slot"])
        assert (found and list(found)) == case["ok"], case


def test_opcode() -> None:
    for case in cases("opcode"):
        op = case["op"]
        assert opcodes.is_system_opcode(op) == case["is_system"]
        assert opcodes.is_builtin_opcode(op) == case["is_builtin"]
        assert (not opcodes.is_system_opcode(op)) == case["validate_user_opcode"]
        assert opcodes.is_publishable_opcode(op) == case["validate_publish_opcode"]


PUBLISHERS: dict[str, Callable[[bytearray, Case], int | None]] = {
    "publish_slot": lambda ring, case: publish.publish_slot(
        ring, case["slot_idx"], case["tenant_id"], case["opcode"], case["args"]
    ),
    "publish_packed": lambda ring, case: publish.publish_packed(
        ring, case["slot_idx"], case["tenant_id"], case["ops"]
    ),
    "batch_publish": lambda ring, case: publish.publish_batch(
        ring, case["start_slot"], case["tenant_id"], case["items"], case["batch_tag"]
    ),
    "publish_work_items": lambda ring, case: publish.publish_work_items(
        ring, case["start_slot"], case["tenant_id"], case["items"]
    ),
}


@pytest.mark.parametrize("kind", PUBLISHERS)
def test_publishing(kind: str) -> None:
    for case in cases(kind):
        ring = data(case, "ring")
        if "err" in case:
            with pytest.raises(VyrectlError):
                PUBLISHERS[kind](ring, case)
        else:
            assert PUBLISHERS[kind](ring, case) == case["ok"]["returned"]
        assert ring.hex() == case["ring_after"], case["i"]


def test_slot_transition() -> None:
    for case in cases("slot_transition"):
        ring = data(case, "ring")
        if "err" in case:
            with pytest.raises(VyrectlError):
                status.step_status(ring, case["slot_idx"], case["transition"])
        else:
            assert status.step_status(ring, case["slot_idx"], case["transition"]) == case["ok"]["returned"]
        assert ring.hex() == case["ring_after"]


def snapshot_of(buffer: bytes) -> dict[str, Any]:
    view = control.decode_control(buffer)
    return {
        "shutdown": view.shutdown,
        "done_count": view.done_count,
        "epoch": view.epoch,
        "metrics": pairs(view.metrics),
        "tenant_fairness": list(view.tenant_fairness),
        "priority_fairness": list(view.priority_fairness),
    }


def metrics_of(buffer: bytes) -> list[list[int]]:
    return pairs(control.read_metrics(buffer))


def test_control_read() -> None:
    for case in cases("control_read"):
        buffer, index = bytes(data(case, "control")), case["observable_index"]
        assert answer(control.read_done_count, buffer) == case["done_count"]
        assert answer(control.read_epoch, buffer) == case["epoch"]
        assert answer(control.read_observable, buffer, index) == case["observable"]
        assert answer(metrics_of, buffer) == case["metrics"]
        assert case["lenient"] == {
            "done_count": control.lenient_word(buffer, 1),
            "epoch": control.lenient_word(buffer, 128),
            "observable": control.lenient_word(buffer, 160 + index),
            "metrics": pairs(control.lenient_metrics(buffer)),
        }, case["i"]
        got = answer(snapshot_of, buffer)
        assert got == case["snapshot"] or ("err" in got and "err" in case["snapshot"])


def test_count_done() -> None:
    for case in cases("count_done"):
        ring, slots = bytes(data(case, "ring")), int(case["item_count"])
        got = answer(status.count_done, ring, slots)
        assert got == case["strict"], case
        assert status.found_done(ring, slots) == case["lenient"], case


def test_debug_log_decode() -> None:
    for case in cases("debug_log_decode"):
        log = bytes(data(case, "debug_log"))
        got = answer(debug_log.decode_debug_log, log)
        if "err" in case:
            assert got == {"err": case["err"]}, case
            assert case["lenient_len"] == 0
            continue
        assert [(one.format_id, list(one.arguments)) for one in got] == [
            (one["fmt_id"], one["args"]) for one in case["ok"]
        ]
        assert list(debug_log.read_debug_log(log).records) == got
        assert case["lenient_len"] == len(got)


STATUS_NAMES = ("Empty", "Published", "Claimed", "Done", "WaitIo", "Yield", "Requeue", "Fault")


def slot_record(slot: runtime.SlotView) -> dict[str, Any]:
    known = slot.state < len(STATUS_NAMES)
    return {
        "slot_idx": slot.slot,
        "status": STATUS_NAMES[slot.state] if known else f"Unknown({slot.state})",
        "status_raw": slot.state,
        "is_active": slot.is_active,
        "tenant_id": slot.tenant_id,
        "opcode": slot.opcode,
        "args_prefix": list(slot.arguments),
    }


def test_telemetry_decode() -> None:
    for case in cases("telemetry_decode"):
        buffer, ring = bytes(data(case, "control")), bytes(data(case, "ring"))
        if "err" in case:
            with pytest.raises(VyrectlError):
                runtime.runtime_view(buffer, ring)
            continue
        view = runtime.runtime_view(buffer, ring)
        found = runtime.windows(runtime.slot_views(ring), case["window_opcodes"])
        fields = (*runtime.STATUS_FIELDS, "unknown")
        assert case["ok"] == {
            "control": snapshot_of(buffer),
            "occupancy": {name: getattr(view.occupancy, name) for name in fields},
            "slots": [slot_record(slot) for slot in runtime.slot_views(ring)],
            "windows": [window.to_record() for window in found],
        }, case["i"]
        assert view.counters() == case["counters"]
        assert (view.occupancy.total, view.occupancy.depth) == (case["total_slots"], case["queue_depth"])
        assert sum(window.is_active for window in found) == case["active_window_count"]
        requeued = {"requeue_count": view.occupancy.requeue, "aged_promotions": 0, "max_priority_age": 0}
        assert requeued == case["priority_accounting"]


def test_watchdog() -> None:
    for case in cases("watchdog"):
        before = runtime.runtime_view(data(case, "previous_control"), data(case, "previous_ring"))
        now = runtime.runtime_view(data(case, "control"), data(case, "ring"))
        if "err" in case:
            with pytest.raises(VyrectlError):
                runtime.watchdog(before.control.done_count, now.counters())
        else:
            got = runtime.watchdog(before.control.done_count, now.counters())
            assert {name: getattr(got, name) for name in case["ok"]} == case["ok"]


FAILURES = {"".join(part.capitalize() for part in one.name.split("_")): one for one in FailureClass}


def evidence_of(told: dict[str, Any] | None) -> Evidence | None:
    if told is None:
        return None
    failure = FAILURES[told["failure_class"]]
    return Evidence(told["slot_status"], failure, told["backend_error_code"], int(told["output_digest"]))


def record_of(told: dict[str, Any]) -> ReplayRecord:
    return ReplayRecord(
        int(told["timestamp_ns"]),
        told["slot_idx"],
        told["tenant_id"],
        told["opcode"],
        tuple(told["args"]),
        told["epoch"],
        evidence_of(told["failure"]),
    )


REASONS = {
    "capacity": ("zero_capacity", "capacity_overflow"),
    "header": ("header_mismatch",),
    "marker": ("header_mismatch",),
    "truncated": ("io",),
}


@pytest.mark.parametrize("case", cases("replay"), ids=lambda case: str(case["i"]))
def test_replay(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "log.vrrl"
    if case["initial_file"] is not None:
        path.write_bytes(data(case, "initial_file"))
    if "open_err" in case:
        with pytest.raises(ReplayLogError) as caught:
            ReplayLog.open_or_create(path, int(case["open_capacity"]))
        assert case["open_err"]["kind"] in REASONS[caught.value.reason]
        assert path.exists() == ("file" in case)
    else:
        play(path, case)
    if "file" in case:
        assert path.read_bytes().hex() == case["file"]


def play(path: Path, case: Case) -> None:
    with ReplayLog.open_or_create(path, case["open_capacity"]) as log:
        opened = {"capacity": log.header.capacity, "cursor": log.header.cursor}
        assert opened == case["opened"]
        for told in case["appends"]:
            log.append(record_of(told))
        assert log.header.cursor == case["cursor"]
        if "replay_err" in case:
            with pytest.raises(ReplayLogError) as caught:
                list(log.records())
            assert case["replay_err"]["kind"] in REASONS[caught.value.reason]
        else:
            assert list(log.records()) == [record_of(told) for told in case["records"]]
