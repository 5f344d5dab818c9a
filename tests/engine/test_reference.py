"""What only the reference backend can be asked: operations given as Python, and its refusal of OpenCL C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.cases import Case, InProcess, given, zeros
from tests.support.bits import float_bits
from tests.support.rings import ready_tasks
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import scan_source
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.engine.reference_env import Env, OpFault, Outcome, Task, done, requeue
from vyrectl.errors import DeviceError

MINE = scan_source('VYRE_OP(0x20000, mine, "x") { return vyre_done(); }', Path("mine.cl"))


def test_opencl_c_without_a_python_twin_is_refused() -> None:
    job = Job(ready_tasks(1), np.zeros(160, np.uint32), BufferTable(), ops=(MINE,))
    with pytest.raises(DeviceError, match="cannot run 'mine', which is OpenCL C") as caught:
        ReferenceBackend().open(job)
    assert caught.value.where == "mine.cl, line 1"


def test_a_python_body_runs() -> None:
    def double(task: Task, env: Env) -> Outcome:
        source = env.words(task.input_handle, 0, 3, writes=False)
        env.words(task.output_handle, 0, 3, writes=True)[:] = source * 2
        return done()

    runner = InProcess("mine", ReferenceBackend({0x2_0000: double}), 1)
    buffers = {0: given(np.arange(3, dtype=np.uint32)), 1: zeros(3)}
    case = Case(ready_tasks(1, op_handle=0x2_0000, output_handle=1), buffers, options={"ops": [MINE]})
    answer = runner.run(case)
    assert answer.buffers[1].tolist() == [0, 2, 4]
    assert answer.slots["state"][0] == 3


def test_a_priority_that_the_wire_cannot_hold() -> None:
    runner = InProcess("mine", ReferenceBackend({0x2_0000: lambda task, env: requeue(0, 0, 5)}), 1)
    answer = runner.run(Case(ready_tasks(1, op_handle=0x2_0000)))
    assert (answer.slots["state"][0], answer.slots["continuation_data"][0]) == (7, 0xFFFF_FF07)


def test_a_task_gives_its_words_by_name() -> None:
    task = Task(3, {"param": 5, "continuation_pc": 6, "continuation_data": 7})
    assert (task.param, task.pc, task.data) == (5, 6, 7)
    with pytest.raises(AttributeError, match="no_such"):
        _ = task.no_such


def test_bits_of_floats() -> None:
    assert (float_bits(1.0), float_bits(-2.5), float_bits(0.1)) == (0x3F80_0000, 0xC020_0000, 0x3DCC_CCCD)


def test_a_fault_says_its_name() -> None:
    assert str(OpFault(0xFFFF_FF03)) == "out_of_range"
