"""Every operation that ships does on each backend what plain numpy says, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.backends import reference
from tests.conformance.cases import (
    Answer,
    Buffers,
    Case,
    InProcess,
    Runner,
    assert_same_words,
    given,
    lent,
    zeros,
)
from tests.support.bits import float_bits
from tests.support.mandelbrot import mandelbrot_counts
from tests.support.rings import ready_tasks
from vyrectl.bench.mandelbrot import COUNTS_HANDLE, Picture

pytestmark = pytest.mark.timeout(120)
NOP, SCALE, COPY, FILL, SAXPY, SUM, SPIN, WAIT, REQUEUE_N, FAULT = 0, *range(0x1000, 0x1009)
TURN = 65_536


def long_enough(runner: Runner) -> int:
    """Elements of a test array: more than a turn takes, except where every access is checked."""
    return 70_001 if runner.most_slots > 1024 else 301


def floats(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Numbers of every size, with infinities, zeros of both signs and the smallest ones."""
    random = np.random.default_rng(seed)
    numbers = (random.standard_normal(count) * 10.0 ** random.integers(-12, 12, count)).astype(np.float32)
    numbers[:5] = np.inf, -np.inf, -0.0, 1e-45, np.finfo(np.float32).max
    return numbers


def words(count: int, seed: int = 2) -> NDArray[np.uint32]:
    return np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint32)


def one_task(runner: Runner, buffers: Buffers, **fields: int) -> Answer:
    """Run one task with input 0 and output 1; it must end as Done."""
    slots = ready_tasks(1, input_handle=0, output_handle=1, **fields)
    answer = runner.run(Case(slots, buffers))
    assert (answer.slots["state"][0], answer.report["ended"]) == (3, "drained")
    return answer


@pytest.mark.parametrize("factor", [1.5, -3.25e-20, 3e38])
def test_scale_of_floats(runner: Runner, factor: float) -> None:
    x = floats(long_enough(runner))
    table = {0: given(x), 1: zeros(len(x), "<f4")}
    answer = one_task(runner, table, op_handle=SCALE, param=float_bits(factor))
    with np.errstate(all="ignore"):
        assert_same_words(answer.buffers[1], x * np.float32(factor))


@pytest.mark.parametrize("dtype", ["<u4", "<i4"])
def test_scale_of_integers(runner: Runner, dtype: str) -> None:
    x = words(long_enough(runner)).view(dtype)
    table = {0: given(x), 1: zeros(len(x), dtype)}
    answer = one_task(runner, table, op_handle=SCALE, param=0x8000_0005)
    assert_same_words(answer.buffers[1], (x.view("<u4") * np.uint32(0x8000_0005)).view(dtype))


@pytest.mark.parametrize("dtype", ["<u4", "<i4", "<f4", "<f8"])
def test_copy_of_everything_and_of_a_part(runner: Runner, dtype: str) -> None:
    x = words(long_enough(runner) // 2 * 2).view(dtype)
    whole = one_task(runner, {0: given(x), 1: zeros(len(x), dtype)}, op_handle=COPY)
    assert whole.buffers[1].tobytes() == x.tobytes()
    part = one_task(runner, {0: given(x), 1: zeros(len(x), dtype)}, op_handle=COPY, param=101)
    assert part.buffers[1].tobytes()[:404] == x.tobytes()[:404]
    assert not any(part.buffers[1].tobytes()[404:])


def test_fill(runner: Runner) -> None:
    answer = one_task(runner, {1: zeros(long_enough(runner), "<f4")}, op_handle=FILL, param=0xDEAD_BEEF)
    assert (answer.buffers[1].view("<u4") == 0xDEAD_BEEF).all()


def test_long_arrays_are_worked_off_in_turns(runner: Runner) -> None:
    count = long_enough(runner)
    answer = one_task(runner, {0: given(words(count)), 1: zeros(count)}, op_handle=COPY)
    turns = -(-count // TURN)
    assert (answer.report["yielded"], answer.slots["yield_count"][0]) == (turns - 1, turns - 1)
    assert answer.slots["continuation_pc"][0] == TURN * (turns - 1)
    assert answer.slots["flags"][0] == 0


@pytest.mark.parametrize("stride", [1, 3])
def test_saxpy_in_pieces(runner: Runner, stride: int) -> None:
    count = long_enough(runner)
    x, y = floats(count, seed=3), floats(count, seed=4)
    factors = np.array([1.5, -2.0, 0.1], np.float32)
    pieces = np.array_split(np.arange(0, count, stride), 3)
    records = [
        (int(at[0]), len(at), stride, float_bits(float(a))) for at, a in zip(pieces, factors, strict=True)
    ]
    slots = ready_tasks(3, op_handle=SAXPY, input_handle=0, output_handle=1, param=[2, 0, 1])
    table = {0: given(x), 1: lent(y), "args": given(np.array(records, np.uint32))}
    answer = runner.run(Case(slots, table))
    expected = y.copy()
    with np.errstate(all="ignore"):
        for at, a in zip(pieces, factors, strict=True):
            expected[at] = a * x[at] + y[at]
    assert (answer.slots["state"] == 3).all()
    assert_same_words(answer.buffers[1], expected)


@pytest.mark.parametrize("dtype", ["<u4", "<i4"])
def test_sum_modulo_two_to_the_32(runner: Runner, dtype: str) -> None:
    x = words(long_enough(runner) // 3, seed=5)
    answer = one_task(runner, {0: given(x.view(dtype)), 1: zeros(4)}, op_handle=SUM, param=2)
    assert answer.buffers[1].tolist() == [0, 0, int(x.sum(dtype=np.uint64)) % 2**32, 0]
    assert answer.report["yielded"] == (len(x) - 1) // 4096


def test_sum_of_nothing_is_zero(runner: Runner) -> None:
    table = {0: given(words(0)), 1: lent(np.full(1, 9, np.uint32))}
    assert one_task(runner, table, op_handle=SUM).buffers[1].tolist() == [0]


def test_mandelbrot_tiles_of_a_small_picture(runner: Runner) -> None:
    sides = (60, 44, 16, 10) if runner.most_slots > 1024 else (12, 9, 5, 4)
    picture = Picture(*sides, iterations=50, turn=13)
    answer = runner.run(Case(picture.slots(), picture.buffers().by_handle))
    assert (answer.slots["state"] == 3).all()
    assert (answer.buffers[COUNTS_HANDLE][0] == mandelbrot_counts(picture)).all()
    assert answer.report["yielded"] == 3 * picture.tiles


def test_the_picture_of_the_demo(device_runner: InProcess) -> None:
    picture = Picture()
    answer = device_runner.run(Case(picture.slots(), picture.buffers().by_handle))
    assert (answer.buffers[COUNTS_HANDLE][0] == mandelbrot_counts(picture)).all()


def test_spin_yields_its_generator(device_runner: InProcess) -> None:
    """The reference backend leaves out the last turn's steps, so that a long enough task tells them apart."""
    case = Case(ready_tasks(2, op_handle=SPIN, param=[2**20 + 5, 3], task_id=[7, 8]))
    answer = device_runner.run(case)
    assert answer.slots["continuation_pc"].tolist() == [2**20, 0]
    assert answer.slots["continuation_data"][0] == generator(7, 2**20)
    assert answer.slots["yield_count"].tolist() == [1, 0]
    assert (reference().run(case).slots == answer.slots).all()


def generator(task_id: int, steps: int) -> int:
    """The xorshift that `spin` runs."""
    x = task_id * 2_654_435_761 % 2**32 | 1
    for _ in range(steps):
        x ^= x << 13 & 0xFFFF_FFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFF_FFFF
    return x


def test_spin_stops_at_a_dead_generator(runner: Runner) -> None:
    slots = ready_tasks(1, op_handle=SPIN, param=5, continuation_pc=2, continuation_data=0)
    answer = runner.run(Case(slots))
    assert (answer.slots["state"][0], answer.slots["continuation_data"][0]) == (7, 1)


def test_wait_pauses_until_its_epoch(runner: Runner) -> None:
    slots = ready_tasks(3, op_handle=WAIT, param=[2, 3, 2**32 - 1], flags=16, continuation_data=9)
    early = runner.run(Case(slots, options={"epoch": 2}))
    assert early.slots["state"].tolist() == [3, 4, 4]
    assert early.slots["flags"].tolist() == [0, 17, 17]
    assert early.slots["resume_epoch"].tolist() == [2, 3, 2**32 - 1]
    assert (early.report["paused"], early.report["resumed"], early.report["left_alone"]["paused"]) == (
        3,
        1,
        2,
    )
    late = runner.run(Case(early.slots, options={"epoch": 2**32 - 1}))
    assert late.slots["state"].tolist() == [3, 3, 4]
    assert late.slots["continuation_data"].tolist() == [9, 9, 9]


def test_requeue_n_sinks_one_class_each_time(runner: Runner) -> None:
    slots = ready_tasks(3, op_handle=REQUEUE_N, param=[3, 0, 9], priority=[0, 1, 2**32 - 1])
    answer = runner.run(Case(slots, options={"age_threshold": 0}))
    assert answer.slots["state"].tolist() == [3, 3, 3]
    assert answer.slots["priority"].tolist() == [3, 1, 4]
    assert answer.slots["requeue_count"].tolist() == answer.slots["age_ticks"].tolist() == [3, 0, 9]
    assert answer.slots["continuation_pc"].tolist() == [3, 0, 9]
    claims = {"critical": 1, "high": 2, "normal": 1, "low": 1, "idle": 9, "unknown": 1}
    assert answer.report["by_priority"] == claims


def test_fault_keeps_the_flags(runner: Runner) -> None:
    slots = ready_tasks(2, op_handle=FAULT, param=[77, 0xFFFF_FEFF], flags=0x1F, continuation_pc=4)
    answer = runner.run(Case(slots))
    assert answer.slots["state"].tolist() == [7, 7]
    assert answer.slots["continuation_data"].tolist() == [77, 0xFFFF_FEFF]
    assert answer.slots["flags"].tolist() == [0x1F, 0x1F]
    assert answer.slots["continuation_pc"].tolist() == [4, 4]


def test_one_operation_by_its_line_of_the_report(runner: Runner) -> None:
    slots = ready_tasks(5, op_handle=[NOP, NOP, REQUEUE_N, FAULT, 0x9999], param=1)
    report = runner.run(Case(slots)).report
    nothing = dict.fromkeys(("done", "yielded", "paused", "requeued", "faulted"), 0)
    assert report["by_op"] == [
        {"op_handle": NOP, "op_name": "nop", **nothing, "done": 2},
        {"op_handle": REQUEUE_N, "op_name": "requeue_n", **nothing, "done": 1, "requeued": 1},
        {"op_handle": FAULT, "op_name": "fault", **nothing, "faulted": 1},
        {"op_handle": None, "op_name": None, **nothing, "faulted": 1},
    ]


def test_inputs_stay_as_they_are(runner: Runner) -> None:
    x = words(50)
    answer = one_task(runner, {0: given(x), 1: zeros(50)}, op_handle=COPY)
    assert (answer.buffers[0] == x).all()
