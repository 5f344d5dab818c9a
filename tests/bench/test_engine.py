"""Drains with the engine: counted, split into parts, and refused when the engine is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opencl.fakes import GIB
from tests.opencl.fakes import device as fake_device
from vyrectl.bench.engine import PARTS, Workload
from vyrectl.bench.groups import Saxpy, element_count
from vyrectl.bench.rings import bench_ops, five_priorities, op_id
from vyrectl.engine.backend import RoundIndex
from vyrectl.errors import VerifyError
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.session import OpenCLSession
from vyrectl.task.arrays import SlotArray

COUNT = 1000


def ring(op: str, param: int) -> SlotArray:
    slots = five_priorities(COUNT)
    slots["op_handle"], slots["param"] = op_id(op), param
    return slots


@pytest.mark.parametrize(
    ("op", "param", "claims"),
    [("yield_n", 3, 4 * COUNT), ("yield_n", 0, COUNT), ("mixed", 3, 4 * COUNT + 250)],
)
def test_claims_of_a_load(backend: OpenCLBackend, op: str, param: int, claims: int) -> None:
    load = Workload(backend, lambda: ring(op, param), claims, ops=(bench_ops(),))
    turn = load.drain()
    assert turn.device_seconds > 0
    assert turn.wall_seconds > turn.parts["run_wall_seconds"] > 0
    assert tuple(turn.parts) == PARTS
    assert turn.parts["passes"] >= 1
    assert turn.parts["runs"] >= 1
    inside = (
        sum(turn.parts[name] for name in PARTS if name.endswith("wall_seconds"))
        - turn.parts["open_wall_seconds"]
    )
    assert inside == pytest.approx(turn.wall_seconds)
    assert load.facts["workers"] >= 1


def test_the_parts_on_the_device_add_up(backend: OpenCLBackend) -> None:
    turn = Workload(backend, lambda: five_priorities(COUNT), COUNT).drain()
    on_device = turn.parts["index_device_seconds"] + turn.parts["run_device_seconds"]
    assert on_device == pytest.approx(turn.device_seconds)


def test_a_drain_that_claims_too_few_measures_nothing(backend: OpenCLBackend) -> None:
    load = Workload(backend, lambda: ring("yield_n", 3), 4 * COUNT + 1, ops=(bench_ops(),))
    with pytest.raises(VerifyError, match="4000 claims and 4001 were due"):
        load.drain()


@pytest.mark.parametrize("apart", [False, True])
def test_passes_are_waited_for_where_they_are_timed_apart(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    index, passes = OpenCLSession.index, []

    def counted(session: OpenCLSession) -> RoundIndex:
        passes.append(session)
        return index(session)

    monkeypatch.setattr(OpenCLSession, "index", counted)
    turn = Workload(backend, lambda: five_priorities(COUNT), COUNT, apart=apart).drain()
    assert turn.device_seconds > 0
    assert bool(passes) == bool(turn.parts) == apart


def test_index_and_open(backend: OpenCLBackend) -> None:
    load = Workload(backend, lambda: five_priorities(COUNT), COUNT)
    assert load.index().device_seconds > 0
    assert load.open_anew(lambda: OpenCLBackend(backend.device)).wall_seconds > 0


def test_group_tasks_equal_numpy(backend: OpenCLBackend) -> None:
    load = Saxpy(1 << 14).workload(backend, 1024)
    assert load.claims == 16
    assert load.drain().wall_seconds > 0


def test_group_tasks_that_compute_something_else_measure_nothing(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = Saxpy(1 << 12)
    wrong: Any = numbers.x
    monkeypatch.setattr(Saxpy, "expected", lambda self: wrong)
    with pytest.raises(VerifyError, match="disagree"):
        numbers.workload(backend, 1024)


@pytest.mark.parametrize(
    ("memory", "piece", "count"),
    [(8 * GIB, 2 * GIB, 1 << 24), (8 * GIB, GIB // 8, 1 << 23), (GIB // 4, GIB // 4, 1 << 22)],
)
def test_the_buffers_fit(memory: int, piece: int, count: int) -> None:
    device = fake_device(memory_bytes=memory, max_allocation_bytes=piece)
    assert element_count(device, 1 << 24) == count
