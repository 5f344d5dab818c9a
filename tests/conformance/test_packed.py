"""PACKED_SLOT and PRINTF on every backend (spec 3.2, 3.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.cases import Case, InProcess, Runner
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.abi import control as abi
from vyrectl.abi import faults
from vyrectl.abi.opcodes import PACKED_SLOT, PRINTF
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.engine.backend import new_debug_log
from vyrectl.launching.report import LaunchReport
from vyrectl.protocol.debug_log import DebugRecord
from vyrectl.protocol.packed import InnerOp, encode_packed
from vyrectl.task.arrays import SlotArray

STORE, ADD, LOAD, DFA = 1, 2, 3, 6


def packed_slots(*tasks: list[InnerOp]) -> SlotArray:
    slots = ready_tasks(len(tasks), op_handle=PACKED_SLOT)
    for number, ops in enumerate(tasks):
        for name, word in zip(FIELD_NAMES[4:], encode_packed(ops), strict=True):
            slots[name][number] = word
    return slots


@pytest.mark.parametrize("mode", ["jit", "interpreter"])
def test_inner_operations_run_and_count(runner: Runner, mode: str) -> None:
    slots = packed_slots(
        [(STORE, (5, 180, 0)), (ADD, (7, 181, 0)), (0, (0, 0, 0))], [(ADD, (1, 181, 0))], [(LOAD, (180, 2))]
    )
    answer = runner.run(Case(slots, options={"mode": mode, "workers": 1, "ticket": 1}))
    assert answer.slots["state"].tolist() == [3, 3, 3]
    assert answer.control[[180, 181, 162]].tolist() == [5, 8, 5]
    assert answer.control[abi.METRICS.first : abi.METRICS.first + 4].tolist() == [1, 1, 2, 1]
    assert answer.control[1] == 3


def test_only_the_first_four_run(runner: Runner) -> None:
    answer = runner.run(Case(packed_slots([(ADD, (1, 170, 0)), *[(ADD, ())] * 5])))
    assert answer.slots["state"].tolist() == [3]
    assert answer.control[170] == 1


def test_arguments_must_lie_inside_the_payload(runner: Runner) -> None:
    """Two argument words at the payload's end are not three."""
    ops: list[InnerOp] = [(0, (0,) * 8), (STORE, (9, 180))]
    answer = runner.run(Case(packed_slots([ops[0]], ops)))
    assert answer.slots["state"].tolist() == [3, 3]
    assert answer.control[180] == 0
    assert answer.control[abi.METRICS.first] == 2


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ((STORE, (1, 2**32 - 1, 0)), faults.OUT_OF_RANGE),
        ((DFA, (0, 0, 0)), faults.RESERVED_OP),
        ((200, (0, 0, 0)), faults.UNKNOWN_OP),
    ],
)
def test_an_inner_fault_ends_the_slot(runner: Runner, inner: InnerOp, code: int) -> None:
    answer = runner.run(Case(packed_slots([(ADD, (1, 170, 0)), inner, (ADD, (1, 171, 0))])))
    assert answer.slots["state"].tolist() == [7]
    assert answer.slots["continuation_data"][0] == code
    assert answer.control[[170, 171]].tolist() == [1, 0]


def test_a_payload_of_ones_stays_inside(runner: Runner) -> None:
    slots = ready_tasks(2, op_handle=PACKED_SLOT)
    for name in FIELD_NAMES[4:]:
        slots[name] = [2**32 - 1, 0x0101_0101]
    assert runner.run(Case(slots)).slots["state"].tolist() == [3, 7]


def run_here(runner: InProcess, slots: SlotArray, **options: Any) -> LaunchReport:
    return launch(Ring.from_slots(slots), device=runner.backend, **options)


def test_printf_leaves_records(here: InProcess) -> None:
    slots = ready_tasks(3, op_handle=PRINTF, input_handle=[7, 8, 9], output_handle=2**32 - 1, param=[1, 2, 3])
    report = run_here(here, slots, workers=1, work_group_size=1, ticket=1)
    assert report.debug.records == tuple(DebugRecord(7 + n, (2**32 - 1, 1 + n, 16 * n)) for n in range(3))
    assert report.to_record()["debug"] == {"records": 3, "dropped": 0}


@pytest.mark.parametrize("slots", [63, 64, 65, 1000])
def test_a_full_log_drops_and_counts(here: InProcess, slots: int) -> None:
    ring = ready_tasks(slots, op_handle=PRINTF, input_handle=np.arange(slots))
    report = run_here(here, ring)
    assert report.outcomes["done"] == slots
    assert (len(report.debug.records), report.debug.dropped) == (min(slots, 64), max(0, slots - 64))
    assert len({record.format_id for record in report.debug.records}) == min(slots, 64)
    assert all(record.format_id == record.slot for record in report.debug.records)


def test_the_log_goes_on_where_it_was(here: InProcess) -> None:
    log = new_debug_log(3)
    for _ in range(4):
        report = run_here(here, ready_tasks(1, op_handle=PRINTF, input_handle=5), debug_log=log)
    assert log[0] == 16
    assert (len(report.debug.records), report.debug.dropped) == (3, 1)


def test_a_log_without_room_or_with_a_wild_cursor(here: InProcess) -> None:
    for log in (new_debug_log(0), np.array([2**32 - 4, 1, 1, 1, 1], np.uint32)):
        before = log.copy()
        run_here(here, ready_tasks(1, op_handle=PRINTF, input_handle=5), debug_log=log)
        assert log[1:].tolist() == before[1:].tolist()
