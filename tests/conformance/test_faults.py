"""A task that asks for something impossible faults with the code for it, and nothing is touched."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.cases import Case, Runner, given, zeros
from tests.support.ops import COPY, FAULT, FILL, MANDELBROT, REQUEUE_N, SAXPY, SCALE, SUM
from tests.support.rings import ready_tasks
from vyrectl.abi import faults
from vyrectl.abi.faults import fault_name
from vyrectl.engine.buffers import Buffer

U32, F32, U32_OUT, F32_OUT, BYTES, ABSENT, VIEW, BAD_VIEW, BIG_VIEW, MANY = range(10)
BEYOND = 2**32 - 1

BUFFERS: dict[int | str, Buffer] = {
    U32: given(np.arange(10, dtype=np.uint32)),
    F32: given(np.ones(10, np.float32)),
    U32_OUT: zeros(10),
    F32_OUT: zeros(10, "<f4"),
    BYTES: zeros(43, "<u1"),
    VIEW: given(np.array([2, 2, 1, 1, 9, 3] + [0] * 6, np.uint32)),
    BAD_VIEW: given(np.array([2, 2, 0, 1, 9, 3] + [0] * 6, np.uint32)),
    BIG_VIEW: given(np.array([2**17, 2**17, 1, 1, 9, 3] + [0] * 6, np.uint32)),
    MANY: zeros(11),
    "args": given(
        np.array(
            [
                (0, 10, 1, 0),
                (0, 11, 1, 0),
                (9, 2, 1, 0),
                (10, 1, 1, 0),
                (BEYOND, 1, 1, 0),
                (0, 2, BEYOND, 0),
                (BEYOND, BEYOND, BEYOND, 0),
                (0, 4, 4, 0),
                (11, 0, 1, 0),
                (0, 2**16 + 1, 2**16, 0),
            ],
            np.uint32,
        )
    ),
}
OUT_OF_RANGE, BAD_HANDLE, BAD_TYPE = faults.OUT_OF_RANGE, faults.BAD_HANDLE, faults.BAD_TYPE

ROWS: list[tuple[int, int, int, int, int, int]] = [
    # op, input, output, param, pc, fault
    (0x2_0000, 0, 0, 0, 0, faults.UNKNOWN_OP),
    (0x100A, 0, 0, 0, 0, faults.UNKNOWN_OP),
    (0xFFFC, 0, 0, 0, 0, faults.UNKNOWN_OP),
    (0x8000_0002, 0, 0, 0, 0, faults.UNKNOWN_OP),
    (6, 0, 0, 0, 0, faults.RESERVED_OP),
    (FAULT, 0, 0, 0xFFFF_FF00, 0, faults.BAD_OUTCOME),
    (FAULT, 0, 0, BEYOND, 0, faults.BAD_OUTCOME),
    *((op, ABSENT, U32_OUT, 0, 0, BAD_HANDLE) for op in (SCALE, COPY, SUM, MANDELBROT)),
    *((op, U32, ABSENT, 0, 0, BAD_HANDLE) for op in (SCALE, COPY, FILL, SUM)),
    *((op, BEYOND, U32_OUT, 0, 0, BAD_HANDLE) for op in (SCALE, COPY, SUM, MANDELBROT)),
    *((op, U32, BEYOND, 0, 0, BAD_HANDLE) for op in (SCALE, COPY, FILL, SUM)),
    (SAXPY, ABSENT, F32_OUT, 0, 0, BAD_HANDLE),
    (SAXPY, F32, 12, 0, 0, BAD_HANDLE),
    (SCALE, U32, F32_OUT, 0, 0, BAD_TYPE),
    (SCALE, F32, U32_OUT, 0, 0, BAD_TYPE),
    (SCALE, BYTES, U32_OUT, 0, 0, BAD_TYPE),
    (COPY, F32, U32_OUT, 0, 0, BAD_TYPE),
    (SUM, F32, U32_OUT, 0, 0, BAD_TYPE),
    (SUM, U32, F32_OUT, 0, 0, BAD_TYPE),
    (SAXPY, U32, F32_OUT, 0, 0, BAD_TYPE),
    (SAXPY, F32, U32_OUT, 0, 0, BAD_TYPE),
    (MANDELBROT, F32, U32_OUT, 0, 0, BAD_TYPE),
    (SCALE, U32, U32, 3, 0, faults.READ_ONLY),
    (COPY, U32, U32, 0, 0, faults.READ_ONLY),
    (FILL, 0, U32, 9, 0, faults.READ_ONLY),
    (SUM, U32, U32, 0, 0, faults.READ_ONLY),
    (SAXPY, F32, F32, 0, 0, faults.READ_ONLY),
    (SCALE, MANY, U32_OUT, 1, 0, OUT_OF_RANGE),
    (SCALE, U32, U32_OUT, 1, 11, OUT_OF_RANGE),
    (SCALE, U32, U32_OUT, 1, BEYOND, OUT_OF_RANGE),
    (COPY, U32, U32_OUT, 11, 0, OUT_OF_RANGE),
    (COPY, U32, MANY, 11, 0, OUT_OF_RANGE),
    (COPY, U32, U32_OUT, BEYOND, 0, OUT_OF_RANGE),
    (COPY, BYTES, BYTES, 11, 0, OUT_OF_RANGE),
    (COPY, U32, U32_OUT, BEYOND, BEYOND - 1, OUT_OF_RANGE),
    (FILL, 0, U32_OUT, 0, 11, OUT_OF_RANGE),
    (SUM, U32, U32_OUT, 10, 0, OUT_OF_RANGE),
    (SUM, U32, U32_OUT, BEYOND, 0, OUT_OF_RANGE),
    (SUM, U32, U32_OUT, 0, 11, OUT_OF_RANGE),
    *(
        (SAXPY, F32, F32_OUT, record, 0, OUT_OF_RANGE)
        for record in (1, 2, 3, 4, 5, 6, 7, 8, 10, 2**30, BEYOND)
    ),
    (SAXPY, F32, F32_OUT, 7, BEYOND, OUT_OF_RANGE),
    (SAXPY, F32, F32_OUT, 9, 2**16, OUT_OF_RANGE),
    (SAXPY, F32, F32_OUT, 6, BEYOND - 1, OUT_OF_RANGE),
    (MANDELBROT, U32, U32_OUT, 0, 0, OUT_OF_RANGE),
    (MANDELBROT, VIEW, U32_OUT, 0, 0, OUT_OF_RANGE),
    (MANDELBROT, VIEW, MANY, 4, 0, faults.BAD_ARGUMENT),
    (MANDELBROT, VIEW, MANY, BEYOND, 0, faults.BAD_ARGUMENT),
    (MANDELBROT, BAD_VIEW, MANY, 0, 0, faults.BAD_ARGUMENT),
    (MANDELBROT, BIG_VIEW, MANY, 0, 0, faults.BAD_ARGUMENT),
    *((op, BEYOND, BEYOND, 1, 0, OUT_OF_RANGE) for op in (1, 2, 3, 4, 5)),
    (1, 5, 192, 0, 0, OUT_OF_RANGE),
    (2, 5, 192, 0, 0, OUT_OF_RANGE),
    (3, 192, 0, 0, 0, OUT_OF_RANGE),
    (3, 0, 32, 0, 0, OUT_OF_RANGE),
    (3, 0, BEYOND - 159, 0, 0, OUT_OF_RANGE),
    (4, 32, 0, 1, 0, OUT_OF_RANGE),
    (4, BEYOND - 159, 0, 1, 0, OUT_OF_RANGE),
    (5, 190, 160, 3, 0, OUT_OF_RANGE),
    (5, 160, 190, 3, 0, OUT_OF_RANGE),
    (5, 160, 170, BEYOND, 0, OUT_OF_RANGE),
    (5, BEYOND, 170, 1, 0, OUT_OF_RANGE),
]


def test_each_fault(runner: Runner) -> None:
    ops, inputs, outputs, params, pcs, codes = np.array(ROWS, np.uint32).T
    slots = ready_tasks(
        len(ROWS),
        op_handle=ops,
        input_handle=inputs,
        output_handle=outputs,
        param=params,
        continuation_pc=pcs,
        flags=9,
    )
    answer = runner.run(Case(slots, BUFFERS))
    got = [fault_name(int(code)) for code in answer.slots["continuation_data"]]
    wanted = [fault_name(int(code)) for code in codes]
    wrong = [(row, g) for row, w, g in zip(ROWS, wanted, got, strict=True) if w != g]
    assert not wrong
    assert (answer.slots["state"] == 7).all()
    assert (answer.slots["flags"] == 9).all()
    assert (answer.slots["continuation_pc"] == pcs).all()
    for handle, buffer in BUFFERS.items():
        assert (answer.buffers[handle] == buffer.array).all()
    untouched = answer.control.copy()
    untouched[64:96] = untouched[135:141] = 0
    assert untouched[160:].tolist() == [0] * 32
    assert not untouched[96:128].any(), "a faulted operation counts as no execution"
    assert untouched[1] == 0


@pytest.mark.parametrize("counter", ["requeue_count", "age_ticks"])
def test_counters_at_their_end(runner: Runner, counter: str) -> None:
    slots = ready_tasks(2, op_handle=REQUEUE_N, param=2)
    slots[counter] = [BEYOND, BEYOND - 1]
    answer = runner.run(Case(slots, options={"age_threshold": 0}))
    assert answer.slots["continuation_data"].tolist() == [faults.COUNTER_OVERFLOW] * 2
    assert answer.slots[counter].tolist() == [BEYOND, BEYOND]
    assert answer.slots["continuation_pc"].tolist() == [0, 1]


def test_yield_count_at_its_end(runner: Runner) -> None:
    buffers: dict[int | str, Buffer] = {0: given(np.arange(9000, dtype=np.uint32)), 1: zeros(1)}
    slots = ready_tasks(2, op_handle=SUM, input_handle=0, output_handle=1)
    slots["yield_count"] = [BEYOND, BEYOND - 1]
    answer = runner.run(Case(slots, buffers))
    assert answer.slots["state"].tolist() == [7, 7]
    assert answer.slots["continuation_data"].tolist() == [faults.COUNTER_OVERFLOW] * 2
    assert answer.slots["continuation_pc"].tolist() == [0, 4096]
    assert answer.slots["yield_count"].tolist() == [BEYOND, BEYOND]


def test_no_buffers_at_all(runner: Runner) -> None:
    ops = [SCALE, COPY, FILL, SAXPY, SUM, MANDELBROT]
    answer = runner.run(Case(ready_tasks(len(ops), op_handle=ops)))
    assert answer.slots["continuation_data"].tolist() == [BAD_HANDLE] * len(ops)
