"""A launch claims nothing while it would only fault tasks, unless it is told to; and it says why tasks faulted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.ops import COPY, NOP, SAXPY
from tests.support.ops import DFA_STEP as DFA
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch, open_session
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.errors import UnrunnableTasksError
from vyrectl.protocol.packed import encode_packed

MINE = 0x2_0050


def refused(slots: Any, **options: Any) -> UnrunnableTasksError:
    before = slots.copy()
    with pytest.raises(UnrunnableTasksError) as caught:
        launch(Ring.from_slots(slots), device="reference", **options)
    assert (slots == before).all()
    assert caught.value.exit_code == 3
    return caught.value


def test_operations_that_nothing_defines_by_id_and_count() -> None:
    error = refused(ready_tasks(6, op_handle=[0, 0x4_0000, 0x4_0000, 77, DFA, 0], continuation_data=5))
    assert error.tasks == 4
    assert [(one.op_handle, one.count, one.first_slot) for one in error.reasons] == [
        (0x4_0000, 2, 1),
        (DFA, 1, 4),
        (77, 1, 3),
    ]
    assert "--ops FILE.cl" in str(error)
    assert "--where 'op != 0x6'" in str(error)
    assert "--fault-unknown" in str(error)
    assert error.details()["tasks"] == 4


def test_handles_without_a_buffer() -> None:
    slots = ready_tasks(4, op_handle=[COPY, COPY, SAXPY, NOP], input_handle=3, output_handle=[1, 2, 1, 9])
    error = refused(slots, buffers={1: np.zeros(4, np.uint32)})
    assert {(one.op_name, one.handle, one.count) for one in error.reasons} == {
        ("copy", 3, 2),
        ("copy", 2, 1),
        ("saxpy", 3, 1),
        ("saxpy", "args", 1),
    }
    assert error.tasks == 3
    assert "--buffer 3=FILE.npy" in str(error)


def test_one_handle_in_both_fields_counts_once_and_all_left_out_stand_in_one_condition() -> None:
    error = refused(
        ready_tasks(5, op_handle=[COPY, COPY, COPY, DFA, 0x10FF], input_handle=0, output_handle=0)
    )
    assert {(one.op_handle, one.handle): one.count for one in error.reasons} == {
        (COPY, 0): 3,
        (DFA, None): 1,
        (0x10FF, None): 1,
    }
    assert f"--where 'op != 0x{DFA:x} and op != 0x10ff'" in str(error)
    assert str(error).count("--where") == 1


def test_who_counts() -> None:
    """Paused tasks that are due count; others, and slots that cannot be claimed, do not."""
    slots = ready_tasks(
        7, op_handle=77, state=[4, 4, 4, 2, 3, 7, 99], resume_epoch=[2, 3, NEVER_EPOCH, 0, 0, 0, 0]
    )
    assert refused(slots.copy(), epoch=2).tasks == 1
    assert launch(Ring.from_slots(slots.copy()), device="reference", epoch=1).claims == 0
    assert (
        launch(
            Ring.from_slots(ready_tasks(3, op_handle=[0, 77, 77])), device="reference", where="op == 0"
        ).claims
        == 1
    )
    spent = ready_tasks(3, op_handle=[0, 77, 77], tenant_id=[0, 1, 1])
    assert launch(Ring.from_slots(spent), device="reference", quotas={1: 0}).claims == 1


def test_a_paused_stranger_is_left_alone_when_its_epoch_comes() -> None:
    slots = ready_tasks(3, op_handle=[7, 77, NOP], state=[1, 4, 4], resume_epoch=1, continuation_data=5)
    ring = Ring.from_slots(slots)
    report = launch(ring, device="reference", epoch=0)
    assert (report.claims, report.epoch) == (2, 1)
    assert (ring.slots[1]["state"], ring.slots[1]["continuation_data"]) == (4, 5)


def test_operations_inside_a_packed_slot() -> None:
    slots = ready_tasks(3, op_handle=0x8000_0001)
    words = slots.view(np.uint32).reshape(3, 16)
    for number, inner in enumerate((0, 9, 1)):
        words[number, 4:] = encode_packed([(inner, (0, 0, 0))])
    error = refused(slots)
    assert [(one.inner, one.first_slot) for one in error.reasons] == [(9, 1)]


def test_an_operation_of_one_s_own_and_its_words(tmp_path: Path) -> None:
    """Where the way to a buffer hangs on a word of the slot, that word decides."""
    from vyrectl.engine.backend import Job
    from vyrectl.engine.buffers import BufferTable
    from vyrectl.engine.ops import load_source
    from vyrectl.launching.prepare import start_control
    from vyrectl.launching.unrunnable import Defined, survey

    path = tmp_path / "mine.cl"
    path.write_text(
        f'VYRE_OP({MINE:#x}, two, "x") {{ if (task->pc) return vyre_done(); vyre_words(task, 4, 0, 1, true);'
        " return vyre_done(); }"
    )
    slots = ready_tasks(4, op_handle=MINE, continuation_pc=[0, 1, 0, 2])
    job = Job(slots, start_control(None, None), BufferTable())
    found, _ = survey(job, Defined([load_source(path)]))
    assert [(one.op_name, one.handle, one.count, one.first_slot) for one in found.rows] == [("two", 4, 2, 0)]


def test_going_on_and_the_report_of_why() -> None:
    slots = ready_tasks(5, op_handle=[77, 77, COPY, NOP, 0x1008], param=7, state=[1, 1, 1, 1, 7])
    ring = Ring.from_slots(slots)
    report = launch(ring, device="reference", fault_unknown=True)
    assert report.outcomes["faulted"] == 3
    rows = report.to_record()["faults"]
    assert isinstance(rows, list)
    assert [
        (row["name"], row["op_handle"], row["op_name"], row["count"], row["first_slot"]) for row in rows
    ] == [
        ("unknown_op", 77, None, 2, 0),
        ("bad_handle", COPY, "copy", 1, 2),
    ]


def test_a_session_looks_too() -> None:
    with pytest.raises(UnrunnableTasksError):
        open_session(ready_tasks(2, op_handle=77), device="reference")
    with open_session(ready_tasks(2, op_handle=77), device="reference", fault_unknown=True) as session:
        assert session.slots == 2
