"""What the bench sets beside the engine does the engine's work: every way to sweep, one enqueue a task, plain saxpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from vyrectl.abi.faults import UNKNOWN_OP
from vyrectl.bench.ceilings import Ceilings, SweepShape, copy, host_sum, listed_sweeps, snapshot, sweeps
from vyrectl.bench.groups import Saxpy
from vyrectl.bench.rings import Stage
from vyrectl.errors import VerifyError
from vyrectl.opencl.devices import Device
from vyrectl.opencl.workbench import Workbench

COUNT = 1003
WAYS = (
    SweepShape("item", 1, 0, 64),
    SweepShape("item", 1, 0, 64, looks=True),
    SweepShape("once", 8, 0, 16),
    SweepShape("once", 8, 0, 16, looks=True),
    SweepShape("share", 0, 3, 1),
    SweepShape("share", 0, 2, 16),
    SweepShape("batch", 0, 3, 1, looks=True),
    SweepShape("batch", 0, 2, 16),
)


@pytest.fixture(scope="module")
def ceilings(bench: Workbench) -> Ceilings:
    return Ceilings(bench)


@pytest.fixture
def stage(bench: Workbench) -> Iterator[Stage]:
    stage = Stage(bench, COUNT, in_place=bench.device.is_cpu)
    yield stage
    stage.close()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_sweep_finishes_what_may_be_claimed_and_nothing_else(
    ceilings: Ceilings, stage: Stage, way: SweepShape
) -> None:
    turn = ceilings.sweep(stage, way)
    stage.close()
    states = np.arange(COUNT, dtype=np.uint32) % 11
    stage.template["state"] = states
    stage.template["flags"] = 2
    stage.template["op_handle"][states == 6] = 0x777
    stage.count = COUNT - 5
    turn()
    after = stage.read_buffer()
    assert (after[stage.count :] == stage.template[stage.count :]).all()
    states[stage.count :] = 0
    claimed = np.isin(states, (1, 5, 6))
    assert (after[~claimed] == stage.template[~claimed]).all()
    assert set(after["state"][np.isin(states, (1, 5))].tolist()) == {3}
    assert set(after["flags"][np.isin(states, (1, 5))].tolist()) == {0}
    assert set(after["state"][states == 6].tolist()) == {7}
    assert set(after["continuation_data"][states == 6].tolist()) == {UNKNOWN_OP}


def test_a_sweep_that_leaves_tasks_is_not_timed(ceilings: Ceilings, stage: Stage) -> None:
    stage.template["state"][5] = 2
    with pytest.raises(VerifyError, match=f"finished {COUNT - 1} of {COUNT} tasks"):
        ceilings.sweep(stage, WAYS[0])


def test_the_ways_of_a_device_all_work(ceilings: Ceilings, stage: Stage, device: Device) -> None:
    for way in sweeps(device):
        turn = ceilings.sweep(stage, way)()
        assert turn.device_seconds > 0
        assert turn.wall_seconds >= turn.device_seconds


def test_a_sweep_in_class_order_takes_every_task_once(
    ceilings: Ceilings, stage: Stage, device: Device
) -> None:
    for way in (*listed_sweeps(device), SweepShape("listed", 0, 3, 16, looks=True)):
        turn = ceilings.sweep_listed(stage, way)()
        assert turn.device_seconds > 0
        after = stage.read_buffer()
        assert (after["state"] == 3).all()
        assert (after["priority"] == stage.template["priority"]).all()


def test_one_enqueue_a_task(ceilings: Ceilings, stage: Stage) -> None:
    turn = ceilings.enqueue_each(stage)()
    assert turn.wall_seconds > 0
    assert (stage.read_buffer()["state"] == 3).all()


@pytest.mark.parametrize("lanes", [1, 4])
def test_plain_saxpy_equals_numpy(ceilings: Ceilings, lanes: int) -> None:
    numbers = Saxpy(4096)
    assert ceilings.saxpy(lanes, numbers)().device_seconds > 0
    numbers.y = -numbers.y
    assert not np.array_equal(numbers.expected(), Saxpy(4096).expected())


def test_bytes(stage: Stage) -> None:
    assert copy(stage)().device_seconds > 0
    assert host_sum(stage)().wall_seconds > 0
    assert snapshot(stage)().device_seconds > 0
