"""One worker with tickets of one claims in the order of spec 3.5, like the reference backend and a simulation.

The simulation below goes through the spec's words one claim at a time; a log that an operation writes shows what
happened.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.backends import devices
from tests.conformance.cases import Answer, Case, InProcess, assert_same, zeros
from tests.support.rings import ready_tasks
from vyrectl.engine.ops import load_source
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.engine.reference_env import Env, Outcome, Task, done, requeue, yield_
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.task.arrays import SlotArray

TRACE = 0x2_0000
SOURCE = load_source(Path(__file__).with_name("trace.cl"))
LOG_WORDS = 2000
pytestmark = pytest.mark.timeout(120)


def trace(task: Task, env: Env) -> Outcome:
    """The Python twin of trace.cl."""
    log = env.words(task.output_handle, 0, env.length(task.output_handle), writes=True)
    log[0] += 1
    if log[0] < len(log):
        log[log[0]] = task.task_id
    if task.pc >= task.param:
        return done()
    if task.pc % 2:
        return requeue(task.pc + 1, task.data, (task.priority + 3) % 5)
    return yield_(task.pc + 1, task.data)


@pytest.fixture(scope="module", params=["reference", *devices()])
def tracer(request: pytest.FixtureRequest) -> InProcess:
    if request.param == "reference":
        return InProcess("reference", ReferenceBackend({TRACE: trace}), LOG_WORDS)
    return InProcess(request.param, OpenCLBackend(devices()[request.param]), LOG_WORDS)


def run(tracer: InProcess, slots: SlotArray, age_threshold: int = 32, run_before: int = 0) -> Answer:
    control = np.zeros(192, np.uint32)
    control[3] = 1
    control[135] = run_before
    one_by_one = {"workers": 1, "work_group_size": 1, "ticket": 1}
    options = {**one_by_one, "age_threshold": age_threshold, "ops": [SOURCE]}
    return tracer.run(Case(slots, {0: zeros(LOG_WORDS)}, control, options))


def log_of(answer: Answer) -> list[int]:
    log = answer.buffers[0]
    return [int(task) for task in log[1 : int(log[0]) + 1]]


def simulate(slots: SlotArray, age_threshold: int, run_before: int) -> tuple[list[int], int]:
    """Ids in the order of their claims, and the consecutive claims at Critical or High at the end.

    A task that gives its worker back goes to the end of its class's line and comes again in the same round.
    """
    queues: list[deque[dict[str, int]]] = [deque() for _ in range(5)]

    def line_up(task: dict[str, int]) -> None:
        lift = task["age_ticks"] // age_threshold if age_threshold else 0
        queues[max(0, min(task["priority"], 4) - lift)].append(task)

    for slot in slots:
        line_up({name: int(slot[name]) for name in ("task_id", "priority", "age_ticks", "param")} | {"pc": 0})
    log: list[int] = []
    row = run_before
    while any(queues):
        high = next((queue for queue in queues[:2] if queue), None)
        low = next((queue for queue in queues[2:] if queue), None)
        queue = low if high is None or (row >= 16 and low is not None) else high
        assert queue is not None
        row = 0 if queue is low else row + 1
        task = queue.popleft()
        log.append(task["task_id"])
        if task["pc"] < task["param"]:
            if task["pc"] % 2:
                task["priority"] = (task["priority"] + 3) % 5
                task["age_ticks"] += 1
            task["pc"] += 1
            line_up(task)
    return log, row


def test_sixteen_above_normal_then_one_below(tracer: InProcess) -> None:
    slots = ready_tasks(60, op_handle=TRACE, priority=[0] * 20 + [3] * 5 + [1] * 30 + [2] * 5)
    answer = run(tracer, slots)
    classes = [int(slots["priority"][task - 1]) for task in log_of(answer)]
    assert classes == [0] * 16 + [2] + [0] * 4 + [1] * 12 + [2] + [1] * 16 + [2] + [1] * 2 + [2, 2] + [3] * 5
    assert answer.control[135] == 0


def test_a_row_goes_on_from_the_control_buffer(tracer: InProcess) -> None:
    slots = ready_tasks(8, op_handle=TRACE, priority=[0] * 6 + [4] * 2)
    assert log_of(run(tracer, slots, run_before=14)) == [1, 2, 7, 3, 4, 5, 6, 8]
    assert log_of(run(tracer, slots, run_before=16)) == [7, 1, 2, 3, 4, 5, 6, 8]
    assert log_of(run(tracer, slots, run_before=2**32 - 1)) == [7, 1, 2, 3, 4, 5, 6, 8]


def test_age_lifts_a_task(tracer: InProcess) -> None:
    slots = ready_tasks(4, op_handle=TRACE, priority=[2, 4, 4, 2**32 - 1], age_ticks=[0, 64, 96, 63])
    assert log_of(run(tracer, slots, age_threshold=32)) == [3, 1, 2, 4]
    assert log_of(run(tracer, slots, age_threshold=0)) == [1, 2, 3, 4]


@st.composite
def rings(draw: st.DrawFn) -> SlotArray:
    """Up to 120 tasks, mostly high ones, that yield and requeue."""
    count = draw(st.integers(1, 120))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    high = draw(st.sampled_from((0.0, 0.5, 0.95, 1.0)))
    priority = np.where(
        random.random(count) < high, random.integers(0, 2, count), random.integers(2, 6, count)
    )
    age_ticks = random.choice([0, 0, 31, 32, 95, 128, 2**31], count)
    return ready_tasks(
        count, op_handle=TRACE, priority=priority, param=random.integers(0, 5, count), age_ticks=age_ticks
    )


@settings(max_examples=30)
@given(rings(), st.sampled_from((0, 1, 32)), st.sampled_from((0, 5, 15, 16, 17, 99)))
def test_any_ring(tracer: InProcess, slots: SlotArray, age_threshold: int, run_before: int) -> None:
    answer = run(tracer, slots, age_threshold, run_before)
    log, row = simulate(slots, age_threshold, run_before)
    assert log_of(answer) == log
    assert answer.control[135] == row


def test_a_device_and_the_reference_agree_in_everything(tracer: InProcess) -> None:
    slots = ready_tasks(99, op_handle=TRACE, priority=np.arange(99) % 5, param=np.arange(99) % 4)
    judge = InProcess("reference", ReferenceBackend({TRACE: trace}), LOG_WORDS)
    assert_same(run(tracer, slots), run(judge, slots))
