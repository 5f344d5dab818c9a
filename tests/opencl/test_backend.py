"""How a job is spread over a device, and what a device refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.cases import Case, InProcess, assert_same_slots, lent, make_slots
from tests.opencl.fakes import device
from vyrectl.abi.limits import MAX_SLOTS, U32_MAX
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import DeviceError
from vyrectl.opencl.backend import MOST_WORK_ITEMS, Geometry, OpenCLBackend, choose_geometry

REQUEUE_N = 0x1007


def job(count: int, **options: Any) -> Job:
    return Job(make_slots(count), np.zeros(160, np.uint32), BufferTable(), **options)


def test_geometry_of_a_cpu_and_a_gpu() -> None:
    cpu = choose_geometry(device(kind="cpu", compute_units=8), job(100_000))
    gpu = choose_geometry(device(kind="gpu", compute_units=100, max_work_group_size=1024), job(1_000_000))
    assert (cpu.workers, cpu.work_group_size, cpu.ticket) == (16, 1, 64)
    assert (gpu.workers, gpu.work_group_size, gpu.ticket) == (800, 256, 4)


def test_a_small_ring_takes_few_workers() -> None:
    assert choose_geometry(device(kind="cpu", compute_units=8), job(65)).workers == 2
    assert choose_geometry(device(kind="gpu", compute_units=100), job(1)).workers == 1


def test_what_the_job_says_goes_first() -> None:
    chosen = choose_geometry(device(), job(10, workers=3, work_group_size=7, ticket=11))
    assert (chosen.workers, chosen.work_group_size, chosen.ticket) == (3, 7, 11)


def test_a_work_group_that_is_too_large() -> None:
    with pytest.raises(DeviceError, match="a work-group of 257 is more than the device's 256"):
        choose_geometry(device(max_work_group_size=256), job(1, work_group_size=257))


@given(
    st.integers(1, U32_MAX),
    st.integers(1, 4096),
    st.integers(1, U32_MAX),
    st.integers(0, MAX_SLOTS),
    st.integers(0, MAX_SLOTS),
)
def test_no_counter_wraps(workers: int, size: int, ticket: int, begin: int, limit: int) -> None:
    begin, limit = min(begin, limit), max(begin, limit)
    work_items, chosen = Geometry(workers, size, ticket, 2048).spread(begin, limit)
    assert 1 <= chosen <= ticket
    assert size <= work_items <= max(size, MOST_WORK_ITEMS)
    assert work_items % size == 0
    assert limit + work_items * chosen <= U32_MAX


@pytest.mark.parametrize("ticket", [1, 5, 4097, 2**31, U32_MAX])
def test_tickets_of_any_size_over_several_slices(backend: OpenCLBackend, ticket: int) -> None:
    slots = make_slots(9000, op_handle=REQUEUE_N, param=2, priority=np.arange(9000) % 5)
    runner = InProcess(backend.name, backend, 9000)
    answer = runner.run(Case(slots, options={"ticket": ticket, "workers": 5}))
    assert (answer.report["claims"], answer.report["rounds"], answer.lost) == (27_000, 3, 0)
    assert (answer.slots["state"] == 3).all()


def test_too_much_for_one_allocation(backend: OpenCLBackend) -> None:
    small = replace(backend.device, max_allocation_bytes=640)
    cramped = InProcess("cramped", OpenCLBackend(small), 10)
    with pytest.raises(DeviceError, match="the ring takes 704 bytes and the device gives at most 640"):
        cramped.run(Case(make_slots(11)))
    with pytest.raises(DeviceError, match="the buffers take 768 bytes"):
        cramped.run(Case(make_slots(1), {0: lent(np.zeros(641, np.uint8))}))


def test_facts_and_times(backend: OpenCLBackend) -> None:
    answer = InProcess(backend.name, backend, 64).run(
        Case(make_slots(64), options={"workers": 2, "ticket": 3})
    )
    geometry = answer.report["geometry"]
    assert (geometry["workers"], geometry["ticket"]) == (2, 3)
    assert geometry["rung"] == backend.program().rung.number
    assert 0 < answer.report["device_seconds"] <= answer.report["wall_seconds"]


def test_programs_are_built_once(backend: OpenCLBackend) -> None:
    assert backend.program() is backend.program()
    assert backend.program(verify=True) is not backend.program()


def test_two_jobs_at_a_time_do_not_mix(backend: OpenCLBackend) -> None:
    """Sessions share a program and a queue and nothing else."""
    first = backend.open(job(50))
    second = backend.open(job(30))
    assert first.index().claimable == 50
    assert second.index().claimable == 30
    first.close()
    assert_same_slots(second.slots(), make_slots(30))
    second.close()
    second.close()
