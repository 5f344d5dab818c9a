"""Operations of a user: every ending, accessors that fail, and words that an operation may not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.cases import Case, InProcess, Runner, given, zeros
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.engine.ops import load_source
from vyrectl.task.arrays import SlotArray

ENDS, FORGETFUL, SCRIBBLER, READER, TELLER = range(0x2_0000, 0x2_0005)
SOURCE = load_source(Path(__file__).with_name("user_ops.cl"))
BAD_HANDLE, OUT_OF_RANGE, BAD_OUTCOME, OVERFLOW = 0xFFFF_FF02, 0xFFFF_FF03, 0xFFFF_FF07, 0xFFFF_FF04

pytestmark = pytest.mark.timeout(120)


def case(slots: SlotArray) -> Case:
    table = {
        0: given(np.arange(10, dtype=np.uint32)),
        1: zeros(3),
        2: given(np.ones(7, np.float32)),
        3: given(np.zeros(0, np.int32)),
        4: given(np.zeros(5, np.uint16)),
    }
    return Case(slots, table, options={"ops": [SOURCE], "epoch": 23})


def test_every_ending(opencl_runner: Runner) -> None:
    slots = ready_tasks(5, op_handle=ENDS, param=range(5), flags=16, continuation_data=5)
    after = opencl_runner.run(case(slots)).slots
    assert after["state"].tolist() == [3, 3, 3, 3, 7]
    assert after["continuation_pc"].tolist() == [0, 11, 21, 31, 0]
    assert after["continuation_data"].tolist() == [5, 12, 22, 32, 41]
    assert after["resume_epoch"].tolist() == [0, 0, 23, 0, 0]
    assert after["priority"].tolist() == [2, 2, 2, 4, 2]
    assert after["yield_count"].tolist() == [0, 1, 0, 0, 0]
    assert after["requeue_count"].tolist() == after["age_ticks"].tolist() == [0, 0, 0, 1, 0]
    assert after["flags"].tolist() == [0, 0, 0, 0, 16]


def test_endings_that_the_wire_cannot_hold(opencl_runner: Runner) -> None:
    params = [5, 6, 7, 99, 2**32 - 1]
    after = opencl_runner.run(case(ready_tasks(5, op_handle=ENDS, param=params, flags=9))).slots
    assert after["state"].tolist() == [7] * 5
    assert after["continuation_data"].tolist() == [BAD_OUTCOME] * 5
    assert after["continuation_pc"].tolist() == [0] * 5
    assert (after["priority"] == 2).all()
    assert (after["flags"] == 9).all()


def test_counters_at_their_ends(opencl_runner: Runner) -> None:
    slots = ready_tasks(3, op_handle=ENDS, param=[1, 3, 3])
    slots["yield_count"][0] = slots["requeue_count"][1] = slots["age_ticks"][2] = 2**32 - 1
    after = opencl_runner.run(case(slots)).slots
    assert after["state"].tolist() == [7] * 3
    assert after["continuation_data"].tolist() == [OVERFLOW] * 3
    assert after["requeue_count"].tolist() == [0, 2**32 - 1, 0]


def test_the_first_accessor_that_failed_is_the_fault(opencl_runner: Runner) -> None:
    after = opencl_runner.run(case(ready_tasks(2, op_handle=FORGETFUL, input_handle=[0, 99]))).slots
    assert after["state"].tolist() == [7, 7]
    assert after["continuation_data"].tolist() == [OUT_OF_RANGE, BAD_HANDLE]
    assert after["yield_count"].tolist() == [0, 0]


def test_words_of_the_slot_stay(opencl_runner: Runner) -> None:
    slots = ready_tasks(
        3, op_handle=SCRIBBLER, tenant_id=5, input_handle=6, output_handle=7, param=8, parent_task_id=4
    )
    after = opencl_runner.run(case(slots)).slots
    expected = slots.copy()
    expected["state"] = 3
    assert (after == expected).all()


@pytest.mark.parametrize(
    ("handle", "answer"), [(0, [1, 10, 1]), (2, [3, 7, 1]), (3, [2, 0, 1]), (4, [0, 2, 1])]
)
def test_what_an_operation_can_ask_about_a_buffer(
    opencl_runner: Runner, handle: int, answer: list[int]
) -> None:
    found = opencl_runner.run(case(ready_tasks(1, op_handle=READER, input_handle=handle, output_handle=1)))
    assert found.buffers[1].tolist() == answer


def test_a_report_names_them_by_their_id(device_runner: InProcess) -> None:
    report = device_runner.run(case(ready_tasks(2, op_handle=[ENDS, SCRIBBLER]))).report
    assert [op["op_handle"] for op in report["by_op"]] == [ENDS, SCRIBBLER]


def test_records_in_the_debug_log(device_runner: InProcess) -> None:
    slots = ready_tasks(3, op_handle=TELLER, param=[5, 6, 7], tenant_id=4)
    report = launch(Ring.from_slots(slots), device=device_runner.backend, ops=[SOURCE])
    told = {(one.format_id, *one.arguments) for one in report.debug.records}
    first = {(7, 5 + n, pc, 16 * n) for n in range(3) for pc in (0, 1)}
    assert told == first | {(8, 4, 2, 16 * n) for n in range(3)}
    assert len(report.debug.records) == 12
