"""A ring that is worked on in a mirror (settle.cl) ends as one that is worked on itself, and as the reference's."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import reference
from tests.conformance.cases import Case, InProcess, assert_same
from tests.needs import does_not_apply
from tests.support.ops import NOP, REQUEUE_N, WAIT
from tests.support.rings import ready_tasks
from vyrectl.abi.states import TaskState
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.opencl import backend as backend_module
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.geometry import Geometry, choose_geometry
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.run_kernel import RunKernel
from vyrectl.opencl.session import OpenCLSession
from vyrectl.task.arrays import SlotArray

COUNT = 3000
NO_FIXPOINT = (
    "PoCL 6 cannot compile the GPUs' form of the index, which no launch on a CPU uses, for a few operations: its "
    "LLVM 18 ends the process where its InstCombine reaches no fixpoint"
)

TOGETHER: dict[str, Any] = {"work_group_size": 8, "workers": 3}


class Mirroring(OpenCLBackend):
    """Asks for a mirror, and notes what came of it."""

    mirrored: bool | None = None

    def open(self, job: Job) -> Any:
        session = super().open(replace(job, mirror=True, shared=replace(job.shared, place=None, live=None)))
        if isinstance(session, OpenCLSession):
            self.mirrored = session.program.variant.mirror
        return session

    def _open_whole(self, job: Job) -> OpenCLSession:
        session = super()._open_whole(job)
        variant = session.program.variant
        if variant.only is not None and not variant.index_lanes and "PoCL 6" in self.device.platform_version:
            session.close()
            does_not_apply(NO_FIXPOINT)
        return session


@pytest.fixture(params=["lanes", "groups"])
def mirroring(
    request: pytest.FixtureRequest, device_runner: InProcess, monkeypatch: pytest.MonkeyPatch
) -> InProcess:
    """With either form of the index."""

    def chosen(*given: Any) -> Geometry:
        geometry = choose_geometry(*given)
        if request.param == "lanes" or geometry.driver != "group":
            return geometry
        return replace(
            geometry, index_lanes=False, index_group_size=4, chunk_slots=1024, most_chunk_slots=1024
        )

    monkeypatch.setattr(backend_module, "choose_geometry", chosen)
    device = device_runner.backend.device  # type: ignore[attr-defined]
    return InProcess("mirroring", Mirroring(device), device_runner.most_slots)


def everything(count: int = COUNT) -> SlotArray:
    """Tasks that only end, in all states, with flags and without, of any tenant and priority; and others."""
    random = np.random.default_rng(11)
    slots = ready_tasks(count, op_handle=NOP)
    slots["op_handle"] = random.choice([NOP, NOP, NOP, REQUEUE_N, WAIT, 0x77], count)
    slots["param"] = random.integers(0, 3, count)
    slots["state"] = random.choice([0, 1, 1, 1, 3, 4, 5, 6, 7, 9], count)
    slots["resume_epoch"] = random.choice([0, 5, 0xFFFFFFFF], count)
    slots["flags"] = random.choice([0, 0, 2, 8], count)
    slots["tenant_id"] = random.integers(0, 40, count)
    slots["priority"] = random.integers(0, 7, count)
    slots["age_ticks"] = random.choice([0, 1, 70, 1000], count)
    return slots


def only_ends(count: int = COUNT) -> SlotArray:
    slots = ready_tasks(count, op_handle=NOP)
    slots["priority"], slots["tenant_id"] = np.arange(count) % 5, np.arange(count) % 3
    return slots


@pytest.mark.parametrize(
    "slots", [everything(), only_ends(), only_ends(1)], ids=["mixed", "only ends", "one"]
)
@pytest.mark.parametrize("options", [{}, {"verify": True, "mode": "jit"}, {"mode": "jit"}], ids=str)
def test_it_ends_as_the_reference_does(
    mirroring: InProcess, slots: SlotArray, options: dict[str, Any]
) -> None:
    answer = mirroring.run(Case(slots, options={**TOGETHER, **options}))
    assert mirroring.backend.mirrored is True  # type: ignore[attr-defined]
    assert_same(answer, reference().run(Case(slots)))
    assert answer.lost == 0


def test_tenants_that_are_shut_out_stay_so(mirroring: InProcess) -> None:
    slots, control = everything(), np.zeros(192, np.uint32)
    control[:32:2] = 1
    case = Case(slots, control=control)
    answer = mirroring.run(replace(case, options=TOGETHER))
    assert mirroring.backend.mirrored is True  # type: ignore[attr-defined]
    assert_same(answer, reference().run(case))


@pytest.mark.parametrize("steps", [0, 1, 700])
def test_an_early_end_leaves_nothing_running(mirroring: InProcess, steps: int) -> None:
    slots = only_ends()
    answer = mirroring.run(Case(slots, options={**TOGETHER, "max_steps": steps}))
    states = np.bincount(answer.slots["state"], minlength=8)
    assert answer.report["claims"] == states[TaskState.DONE] <= steps
    assert states[TaskState.READY] + states[TaskState.DONE] == COUNT


def test_shutdown_between_two_runs_leaves_a_ring_that_adds_up(mirroring: InProcess) -> None:
    slots = only_ends()
    job = Job(slots, np.zeros(192, np.uint32), BufferTable(), verify=True, ticket=16, mode="jit", **TOGETHER)
    with closing(mirroring.backend.open(job)) as session:
        session.index()
        assert session.run(300, lambda: None)
        between = session.tally().claims
        assert 0 < between < COUNT
        assert (session.slots()["state"] == int(TaskState.DONE)).sum() == between
        session.run(COUNT, lambda: None)
        assert (session.slots()["state"] == int(TaskState.DONE)).all()
        witness = session.witness()
        assert (witness["claims"] == 1).all()
        assert not witness["violations"].any()


def test_a_warm_up_settles_nothing(mirroring: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the mirror's memory held before the first index."""
    make = DeviceQueue.buffer

    def stained(queue: DeviceQueue, size_bytes: int) -> Any:
        buffer = make(queue, size_bytes)
        queue.write(buffer, np.full(size_bytes, 1, np.uint8))
        return buffer

    monkeypatch.setattr(DeviceQueue, "buffer", stained)
    slots = everything(500)
    job = Job(slots, np.zeros(192, np.uint32), BufferTable(), **TOGETHER)
    with closing(mirroring.backend.open(job)) as session:
        monkeypatch.setattr(RunKernel, "is_warm", False)
        session.warm_up()
        assert (session.slots() == slots).all()


def test_in_shards(mirroring: InProcess) -> None:
    slots = everything(5000)
    answer = mirroring.run(Case(slots, options={**TOGETHER, "shard_slots": 2048}))
    assert_same(answer, reference().run(Case(slots)))


@pytest.mark.parametrize("options", [{"quotas": {0: 5}}, {"trace": 100}, {"fast_index": False}])
def test_nothing_is_mirrored_where_an_end_needs_more(mirroring: InProcess, options: dict[str, Any]) -> None:
    job = Job(only_ends(), np.zeros(192, np.uint32), BufferTable(), **{**TOGETHER, **options})
    with closing(mirroring.backend.open(job)) as session:
        assert not session.program.variant.mirror  # type: ignore[attr-defined]
