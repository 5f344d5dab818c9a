"""`--record` and `replay --diff`: what a launch leaves in a replay log, and the log run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.ops import FAULT, WAIT
from tests.support.rings import ready_tasks
from vyrectl import SLOT_DTYPE, Ring, launch
from vyrectl.abi.opcodes import PRINTF
from vyrectl.hosting.debug_tail import DebugTail
from vyrectl.launching.record import LaunchLog, blake3_digest, ended_records, record_launch, slot_digests
from vyrectl.launching.replay_diff import replay_against
from vyrectl.protocol.replay import FailureClass, ReplayRecord, fnv1a_64, unpack_record
from vyrectl.ring.replay_log import ReplayLog
from vyrectl.task.arrays import SlotArray


def run(slots: SlotArray, **options: object) -> SlotArray:
    after = slots.copy()
    launch(Ring.from_slots(after), device="reference", **options)  # type: ignore[arg-type]
    return after


def records_of(before: SlotArray, after: SlotArray, path: Path, epoch: int = 0) -> list[ReplayRecord]:
    record_launch(LaunchLog(path), before, after, epoch)
    with ReplayLog.open(path) as log:
        return list(log.records())


def test_a_record_for_every_task_that_ended(tmp_path: Path) -> None:
    before = ready_tasks(5, op_handle=[0, FAULT, WAIT, 0, 0], param=[1, 77, 9, 0, 0], tenant_id=3)
    before["state"][3:] = [3, 2]
    after = run(before)
    records = records_of(before, after, tmp_path / "run.vrrl", epoch=4)
    assert [(one.slot, one.opcode, one.tenant_id, one.epoch) for one in records] == [
        (0, 0, 3, 4),
        (1, FAULT, 3, 4),
    ]
    done, faulted = (one.evidence for one in records)
    assert done is not None
    assert faulted is not None
    assert (done.slot_status, done.failure_class, done.backend_code) == (3, FailureClass.NONE, 0)
    assert (faulted.slot_status, faulted.failure_class, faulted.backend_code) == (
        7,
        FailureClass.PROGRAM_BUG,
        77,
    )
    assert records[1].arguments == (0, 0, 77, 0)
    assert done.output_digest == fnv1a_64(after[:1].tobytes())


def test_digests_are_fnv1a() -> None:
    slots = np.frombuffer(np.random.default_rng(1).bytes(64 * 9), SLOT_DTYPE)
    assert slot_digests(slots).tolist() == [
        fnv1a_64(slots[number : number + 1].tobytes()) for number in range(9)
    ]


def test_packed_records_are_the_wires_own(tmp_path: Path) -> None:
    before = ready_tasks(3)
    (records,) = ended_records(before, run(before), 2, 10)
    for number, data in enumerate(records):
        record = unpack_record(data.tobytes(), number)
        assert record is not None
        assert record.pack() == data.tobytes()


def test_a_log_wraps_and_keeps_the_last(tmp_path: Path) -> None:
    path, before = tmp_path / "run.vrrl", ready_tasks(10)
    record_launch(LaunchLog(path, capacity=4), before, run(before), 0)
    with ReplayLog.open(path) as log:
        assert [one.slot for one in log.records()] == [6, 7, 8, 9]
        assert log.header.cursor == 2
    record_launch(LaunchLog(path, capacity=99), before[:3], run(before)[:3], 0)
    with ReplayLog.open(path) as log:
        assert [one.slot for one in log.records()] == [9, 0, 1, 2]


def test_a_launch_agrees_with_its_log(tmp_path: Path) -> None:
    before = ready_tasks(
        6, op_handle=[0, FAULT, WAIT, 7, 1, 0x1007], param=[1, 77, 1, 0, 0, 3], output_handle=170
    )
    before["state"][2] = 4
    before["resume_epoch"][2] = 9
    records = records_of(before, run(before, epoch=9), tmp_path / "run.vrrl", epoch=9)
    assert len(records) == 6
    found = replay_against(records, before.copy())
    assert (found.divergence, found.compared, found.waves, found.published) == (None, 6, 1, 0)


def test_a_log_is_published_into_an_empty_ring(tmp_path: Path) -> None:
    before = ready_tasks(3, op_handle=[0, FAULT, 1], param=[0, 5, 0], output_handle=170)
    before["task_id"] = 0
    records = records_of(before, run(before), tmp_path / "run.vrrl")
    found = replay_against([*records, *records], np.zeros(3, SLOT_DTYPE))
    assert found.divergence is not None
    assert (found.divergence.record, found.divergence.what, found.published) == (4, "state", 4)
    assert found.compared == 3


def test_the_first_divergence_is_named(tmp_path: Path) -> None:
    before = ready_tasks(4, op_handle=[0, FAULT, 0, 0], param=5)
    records = records_of(before, run(before), tmp_path / "run.vrrl")
    cases = {
        "param": {"param": [5, 6, 5, 5]},
        "op_handle": {"op_handle": [0, FAULT, 1, 0]},
        "output_digest": {"task_id": [1, 2, 3, 9]},
        "state": {"state": [1, 2, 1, 1]},
    }
    for what, fields in cases.items():
        changed = before.copy()
        for name, values in fields.items():
            changed[name] = values
        found = replay_against(records, changed).divergence
        assert found is not None
        assert found.what == what
    assert replay_against(
        records, ready_tasks(4, op_handle=[0, FAULT, 0, 0], param=5, age_ticks=1)
    ).divergence
    without = replay_against(records, before[:2].copy()).divergence
    assert without is not None
    assert (without.record, without.what, without.replayed) == (2, "slot", "the ring has 2")


def test_digests_may_be_left_out(tmp_path: Path) -> None:
    before = ready_tasks(2)
    records = records_of(before, run(before), tmp_path / "run.vrrl")
    before["age_ticks"] = 3
    assert replay_against(records, before.copy()).divergence is not None
    assert replay_against(records, before.copy(), digests=False).divergence is None


def test_a_task_without_a_record(tmp_path: Path) -> None:
    before = ready_tasks(3)
    records = records_of(before, run(before), tmp_path / "run.vrrl")[:2]
    found = replay_against(records, before.copy()).divergence
    assert found is not None
    assert (found.record, found.slot, found.what) == (None, 2, "record")
    assert replay_against(records, before.copy(), complete=False).divergence is None


def test_records_without_evidence_and_ops_that_cannot_be_published() -> None:
    found = replay_against([ReplayRecord(1, 0, 0, 0, (0, 0, 0, 0), 0)], np.zeros(1, SLOT_DTYPE))
    assert (found.divergence, found.without_evidence, found.published) == (None, 1, 1)
    found = replay_against([ReplayRecord(1, 0, 0, 0xFFFD, (0, 0, 0, 0), 0)], np.zeros(1, SLOT_DTYPE))
    assert found.divergence is not None
    assert found.divergence.what == "opcode"


def test_the_tail_of_a_debug_log_tells_each_record_once() -> None:
    seen: list[int] = []
    tail, log = DebugTail(), np.zeros(9, np.uint32)
    for number in range(4):
        launch(
            Ring.from_slots(ready_tasks(1, op_handle=PRINTF, input_handle=number)),
            device="reference",
            debug_log=log,
        )
        seen += [one.format_id for one in tail.news(log)]
        assert not tail.news(log)
    assert seen == [0, 1]


def test_tasks_that_came_while_the_launch_ran() -> None:
    before, after = (
        ready_tasks(3, op_handle=0, continuation_pc=5),
        ready_tasks(3, op_handle=0, continuation_pc=9),
    )
    before["state"][1], after["state"] = 3, 3
    after["task_id"][2], after["input_handle"] = 77, before["input_handle"]
    (records,) = ended_records(before, after, 0, 1)
    assert records["arguments"][:, 3].tolist() == [5, 9, 9]


def test_the_digest_of_an_output_is_blake3() -> None:
    """The empty input's and one of BLAKE3's published test vectors (251 bytes counted from 0, repeated)."""
    assert blake3_digest(b"") == int.from_bytes(bytes.fromhex("af1349b9f5f9a1a6"), "little")
    counted = np.arange(1024, dtype=np.int64) % 251
    assert blake3_digest(counted.astype(np.uint8)) == int.from_bytes(
        bytes.fromhex("42214739f095a406"), "little"
    )
