"""The ring that a device is tried with: longer than a chunk, with every kernel of a launch, judged by its report."""

from __future__ import annotations

import pytest

from vyrectl.abi.states import TaskState
from vyrectl.opencl import trial
from vyrectl.opencl.child import Ended
from vyrectl.opencl.diagnosis import Status
from vyrectl.opencl.geometry import GROUP_CHUNK_SLOTS, LANE_CHUNK_SLOTS


def _report(done: int, rung: int) -> Ended:
    return Ended(0, f'{{"done": {done}, "geometry": {{"rung": {rung}}}, "wall_seconds": 0.1}}'.encode())


@pytest.mark.parametrize(
    ("ended", "status", "message"),
    [
        (_report(10_002, 1), Status.OK, "10002 tasks, each done once"),
        (_report(10_000, 1), Status.ERROR, "10000 of 10002 tasks done, exit code 0"),
        (_report(10_000, 3), Status.OK, "10000 tasks, each done once"),
        (_report(9_999, 3), Status.ERROR, "9999 of 10000 tasks done, exit code 0"),
        (Ended(0, b'{"done": 10002}'), Status.ERROR, 'a launch failed with exit code 0: {"done": 10002}'),
        (Ended(5, b"", b'{"message": "gone"}\n'), Status.ERROR, "a launch failed with exit code 5: gone"),
        (Ended(1, b"", b"Trace\nKeyError\n"), Status.ERROR, "a launch failed with exit code 1: KeyError"),
        (Ended(None), Status.ERROR, "no end within 3 s"),
    ],
)
def test_what_becomes_of_a_ring(
    monkeypatch: pytest.MonkeyPatch, ended: Ended, status: Status, message: str
) -> None:
    monkeypatch.setattr(trial, "run_child", lambda arguments, seconds: ended)
    check = trial.run_ring("0:0", 3)
    assert (check.area, check.name, check.status, check.message) == ("device 0:0", "ring", status, message)


def test_the_ring_is_longer_than_two_chunks_of_any_device() -> None:
    tasks = list(trial._tasks(True))
    assert len(tasks) == trial.TASKS > 2 * max(LANE_CHUNK_SLOTS, GROUP_CHUNK_SLOTS)
    assert {task.state for task in tasks} == {TaskState.READY}
    assert {task.op_handle for task in tasks} == {trial.NOP, trial.REQUEUE, trial.FORK_SUM}


def test_on_the_reference_backend() -> None:
    assert trial.run_ring("reference", 60).message == "10002 tasks, each done once"
    assert trial.run_ring("reference", 60, families=False).message == "10000 tasks, each done once"
