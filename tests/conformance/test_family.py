"""Children on every backend: the shipped operations equal numpy, whoever runs what, with slots or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conformance.backends import devices, reference
from tests.conformance.cases import Answer, Case, InProcess, Runner, assert_same, lent
from tests.conformance.cases import given as handed
from tests.support.ops import FORK_SUM, QUICKSORT, STENCIL
from tests.support.ops import STENCIL_STRIP as STRIP
from tests.support.rings import ready_tasks
from vyrectl import SLOT_DTYPE
from vyrectl.abi.faults import LOST_CHILDREN
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.engine.ops import scan_source
from vyrectl.task.arrays import SlotArray

EMPTY, READY, DONE, PAUSED, FAULTED = 0, 1, 3, 4, 7
IN_ORDER = {"workers": 1, "work_group_size": 1, "ticket": 1}
GEOMETRIES: tuple[dict[str, int], ...] = ({}, IN_ORDER, {"workers": 2, "work_group_size": 4})

SPAWNER = """
VYRE_SPAWNING_OP(0x20000, broad, "param children that do nothing, then done; data = how many there are") {
    uint made = 0u;
    if (task->pc) return task->data == task->param ? vyre_done() : vyre_fault(task->data);
    for (; made < task->param; ++made)
        if (vyre_spawn(task, 0x0u, made % 7u, 0u, 0u, 0u) == VYRE_FULL) break;
    return vyre_join(1u, made);
}
VYRE_OP(0x20001, unmarked, "spawns and may not") {
    vyre_spawn(task, 0x0u, 0u, 0u, 0u, 0u);
    return vyre_done();
}
VYRE_SPAWNING_OP(0x20002, careless, "leaves its children alone") {
    vyre_spawn(task, 0x1008u, task->priority, 0u, 0u, 5u);
    return vyre_done();
}
"""
OWN = scan_source(SPAWNER, Path("broad.cl"))
"""Where devices of this process run families it is in the program, so that one does for all."""

Words = NDArray[np.uint32]

pytestmark = pytest.mark.timeout(300)


def alone(op: int, free: int, **fields: int) -> SlotArray:
    """One Ready task and so many Empty slots around it."""
    slots = np.zeros(free + 1, SLOT_DTYPE)
    slots[free // 2] = ready_tasks(1, op_handle=op, **fields)[0]
    return slots


def random_words(count: int, seed: int = 3) -> Words:
    """Words of every size."""
    return np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint64).astype("<u4")


def stepped(words: Words, steps: int) -> Words:
    """What stencil should make of a circle of words."""
    for _ in range(steps):
        words = np.roll(words, 1) + words + np.roll(words, -1)
    return words


def run(runner: Runner, slots: SlotArray, geometry: dict[str, int], *buffers: Any, **options: Any) -> Answer:
    """A verified launch with these buffers."""
    ops = {"ops": [OWN]} if runner.name in devices() else {}
    options = {"verify": True, **ops, **geometry, **options}
    return runner.run(Case(slots, dict(enumerate(buffers)), options=options))


def has_children(answer: Answer) -> bool:
    """Whether workers may hand work to one another there; without that no slot is ever free."""
    geometry = answer.report["geometry"]
    return geometry.get("rung", 1) < 3 or all(geometry[name] == 1 for name in IN_ORDER)


def is_finished(answer: Answer) -> bool:
    """Drained, and every task Done."""
    return answer.report["ended"] == "drained" and bool(np.isin(answer.slots["state"], (EMPTY, DONE)).all())


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=("default", "in-order", "groups"))
def test_sum_sort_and_stencil_equal_numpy(runner: Runner, geometry: dict[str, int]) -> None:
    words = random_words(9001)
    sums = lent(np.zeros(7, "<u4"))
    answer = run(runner, alone(FORK_SUM, 20, output_handle=1), geometry, handed(words), sums)
    assert is_finished(answer)
    assert answer.report["spawned"] == (6 if has_children(answer) else 0)
    assert answer.report["paused"] == answer.report["resumed"] == (3 if has_children(answer) else 1)
    assert answer.buffers[1][0] == words.sum(dtype=np.uint64) % 2**32

    answer = run(runner, alone(QUICKSORT, 200), geometry, lent(words[:250].copy()))
    assert is_finished(answer)
    assert (answer.buffers[0] == np.sort(words[:250])).all()

    planes = np.stack([words[:1200], np.zeros(1200, "<u4")])
    answer = run(runner, alone(STENCIL, 30, param=3), geometry, lent(planes))
    assert is_finished(answer)
    assert answer.report["epoch"] == 3
    assert answer.report["spawned"] == (9 if has_children(answer) else 0)
    assert (answer.buffers[0][1] == stepped(words[:1200], 3)).all()


def test_children_bear_the_words_of_their_family(runner: Runner) -> None:
    words = random_words(8192)
    slots = alone(FORK_SUM, 4, output_handle=1, tenant_id=3, priority=1, task_id=70)
    answer = run(runner, slots, IN_ORDER, handed(words), lent(np.zeros(3, "<u4")))
    tasks = answer.slots[answer.slots["state"] == DONE]
    children = tasks[tasks["parent_task_id"] == 70]
    assert (len(tasks), len(children)) == (3, 2)
    assert (children["tenant_id"] == 3).all()
    assert (children["priority"] == 1).all()
    assert sorted(children["param"].tolist()) == [1, 2]
    at = np.flatnonzero(answer.slots["parent_task_id"] == 70)
    assert (answer.slots["task_id"][at] == 71 + at).all()


@pytest.mark.parametrize("free", [0, 3])
def test_without_slots_a_task_does_the_work_itself(runner: Runner, free: int) -> None:
    words = random_words(9001)
    answer = run(runner, alone(FORK_SUM, free, output_handle=1), {}, handed(words), lent(np.zeros(7, "<u4")))
    assert is_finished(answer)
    assert answer.report["spawned"] == (free if has_children(answer) else 0)
    assert answer.buffers[1][0] == words.sum(dtype=np.uint64) % 2**32
    answer = run(runner, alone(QUICKSORT, free), {}, lent(words[:150].view("<i4").copy()))
    assert is_finished(answer)
    assert (answer.buffers[0] == np.sort(words[:150].view("<i4"))).all()
    planes = np.stack([words[:1500], np.zeros(1500, "<u4")])
    answer = run(runner, alone(STENCIL, free, param=2), {}, lent(planes))
    assert is_finished(answer)
    assert (answer.buffers[0][0] == stepped(words[:1500], 2)).all()


def test_one_worker_leaves_the_words_that_the_reference_leaves(device_runner: InProcess) -> None:
    words = random_words(30_000)
    slots = np.zeros(60, SLOT_DTYPE)
    slots[5] = ready_tasks(1, op_handle=FORK_SUM, output_handle=1, task_id=9)[0]
    slots[40] = ready_tasks(1, op_handle=QUICKSORT, output_handle=2, task_id=4, priority=0)[0]
    slots[59] = ready_tasks(1, op_handle=STENCIL, output_handle=3, param=2, task_id=5)[0]
    buffers = {
        0: handed(words),
        1: lent(np.zeros(15, "<u4")),
        2: lent(words[:600].copy()),
        3: lent(np.stack([words[:1100], words[:1100]])),
    }
    case = Case(slots, buffers, options=IN_ORDER)
    assert_same(device_runner.run(case), reference().run(case))


@pytest.mark.parametrize("geometry", [IN_ORDER, {"workers": 2}], ids=("in-order", "two"))
def test_a_family_that_was_interrupted_goes_on(runner: Runner, geometry: dict[str, int]) -> None:
    words = random_words(9001)
    data, sums = handed(words), lent(np.zeros(7, "<u4"))
    for steps in (1, 6):
        slots = alone(FORK_SUM, 20, output_handle=1)
        answer = run(runner, slots, geometry, data, sums, max_steps=steps)
        again = run(runner, answer.slots, geometry, data, lent(answer.buffers[1]))
        assert is_finished(again)
        assert again.buffers[1][0] == words.sum(dtype=np.uint64) % 2**32
        if has_children(answer):
            assert answer.report["ended"] == "max_steps"
            assert answer.report["claims"] + again.report["claims"] == 7 + 3


def test_families_that_nobody_can_tell_apart_end(runner: Runner) -> None:
    slots = ready_tasks(6, op_handle=0, parent_task_id=1)
    slots["task_id"][:2], slots["op_handle"][:2] = 1, FORK_SUM
    slots["state"][:2], slots["resume_epoch"][:2], slots["continuation_pc"][:2] = PAUSED, NEVER_EPOCH, 1
    answer = runner.run(Case(slots))
    assert answer.slots["state"].tolist() == [FAULTED, FAULTED, *[DONE] * 4]
    assert answer.slots["continuation_data"][:2].tolist() == [LOST_CHILDREN] * 2


def test_a_ring_may_be_built_with_a_family_in_it(runner: Runner) -> None:
    slots = ready_tasks(4, op_handle=0, parent_task_id=1)
    slots["op_handle"][0], slots["output_handle"][0], slots["parent_task_id"][0] = STENCIL, 0, 0
    slots["state"][0], slots["resume_epoch"][0], slots["param"][0] = PAUSED, NEVER_EPOCH, 0
    answer = runner.run(Case(slots, {0: lent(np.zeros(8, "<u4"))}, options={"verify": True}))
    assert is_finished(answer)
    assert answer.report["resumed"] == 1


def test_only_chosen_tasks_run_and_their_children_with_them(runner: Runner) -> None:
    words = random_words(9001)
    slots = alone(FORK_SUM, 20, output_handle=1)
    slots[0] = ready_tasks(1, task_id=99)[0]
    answer = runner.run(
        Case(
            slots,
            {0: handed(words), 1: lent(np.zeros(7, "<u4"))},
            options={"where": "op == fork_sum", "verify": True},
        )
    )
    assert answer.slots["state"][0] == READY
    assert answer.report["remaining"] == 0
    assert answer.buffers[1][0] == words.sum(dtype=np.uint64) % 2**32


def test_arguments_that_make_no_sense_are_faults(runner: Runner) -> None:
    slots = ready_tasks(
        7, output_handle=0, op_handle=[FORK_SUM, FORK_SUM, QUICKSORT, QUICKSORT, STENCIL, STRIP, STRIP]
    )
    slots["input_handle"] = [0, 7, 3, 9, 0, 2, 0]
    slots["output_handle"] = [0, 0, 0, 5, 5, 0, 0]
    slots["param"] = [8, 0, 6, 1, 1, 0, 1]
    answer = runner.run(Case(slots, {0: lent(np.zeros(8, "<u4"))}))
    assert (answer.slots["state"] == FAULTED).all()
    names = (
        "bad_argument",
        "bad_handle",
        "out_of_range",
        "bad_handle",
        "bad_handle",
        "bad_argument",
        "bad_argument",
    )
    from vyrectl.abi.faults import fault_name

    assert tuple(map(fault_name, answer.slots["continuation_data"].tolist())) == names


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1))
def test_forged_families_end_and_leave_the_rest_alone(device_runner: InProcess, seed: int) -> None:
    random = np.random.default_rng(seed)
    slots = np.zeros(40, SLOT_DTYPE)
    slots["state"] = random.choice([0, 1, 1, 3, 4, 5, 7, 99], 40)
    slots["op_handle"] = random.choice([0, FORK_SUM, QUICKSORT, STENCIL, STRIP], 40)
    slots["task_id"] = random.integers(0, 12, 40)
    slots["parent_task_id"] = random.integers(0, 12, 40)
    slots["resume_epoch"] = random.choice([0, NEVER_EPOCH], 40)
    slots["continuation_pc"] = random.integers(0, 3, 40)
    slots["output_handle"] = random.integers(0, 4, 40)
    slots["param"] = random.integers(0, 6, 40)
    buffers = {h: lent(random_words(9 + h * 40, h)) for h in range(3)}
    case = Case(slots, buffers, options={**IN_ORDER, "max_steps": 400})
    assert_same(device_runner.run(case), reference().run(case))
    for geometry in GEOMETRIES:
        answer = run(device_runner, slots, geometry, *buffers.values(), max_steps=400)
        odd = slots["state"] == 99
        assert (answer.slots[odd] == slots[odd]).all()


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=("default", "in-order", "groups"))
def test_many_children_of_one(device_runner: InProcess, geometry: dict[str, int]) -> None:
    slots = np.zeros(6000, SLOT_DTYPE)
    slots[100] = ready_tasks(1, op_handle=0x20000, param=5000)[0]
    slots[200] = ready_tasks(1, op_handle=0x20001, task_id=2)[0]
    slots[300] = ready_tasks(1, op_handle=0x20002, task_id=3)[0]
    answer = run(device_runner, slots, geometry)
    assert answer.report["ended"] == "drained"
    assert answer.report["spawned"] == 5001
    assert answer.slots["state"][[100, 200, 300]].tolist() == [DONE, FAULTED, DONE]
    assert (answer.report["done"], answer.report["faulted"]) == (5002, 2)
    ids = answer.slots["task_id"][answer.slots["state"] != EMPTY]
    assert len(np.unique(ids)) == len(ids)
