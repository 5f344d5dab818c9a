"""How a job is spread over a device, and what a device refuses."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.cases import Case, InProcess, assert_same, assert_same_slots, lent
from tests.opencl.fakes import device
from tests.support.ops import REQUEUE_N
from tests.support.rings import ready_tasks
from vyrectl.abi.limits import MAX_SLOTS, U32_MAX
from vyrectl.engine.backend import Job, RingPart
from vyrectl.engine.buffers import BufferTable
from vyrectl.errors import DeviceError, UsageError
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device
from vyrectl.opencl.geometry import MOST_WORKERS, Geometry, choose_geometry, choose_variant, wanted_ops
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.ordering import CPU_SCAN_LANES
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.source import Variant, op_order


def job(count: int, **options: Any) -> Job:
    return Job(ready_tasks(count), np.zeros(160, np.uint32), BufferTable(), **options)


def choose(on: Device, todo: Job) -> Geometry:
    return choose_geometry(on, todo, op_order())


def test_geometry_of_a_cpu_and_a_gpu() -> None:
    cpu = choose(device(kind="cpu", compute_units=8), job(100_000))
    gpu = choose(device(kind="gpu", compute_units=100, max_work_group_size=1024), job(1_000_000))
    assert (cpu.driver, cpu.workers, cpu.work_group_size, cpu.ticket) == ("lane", 16, 1, 256)
    assert (gpu.driver, gpu.workers, gpu.work_group_size, gpu.ticket) == ("group", 400, 256, 512)
    assert (cpu.index_lanes, gpu.index_lanes) == (True, False)


def test_tickets_without_group_operations_keep_every_work_item_busy() -> None:
    gpu = device(kind="gpu", compute_units=100)
    assert choose_geometry(gpu, job(1000), op_order()).ticket == 32
    assert choose_geometry(gpu, job(70_000), op_order()).ticket == 256
    together = ready_tasks(1000, op_handle=0x1003)
    assert choose_geometry(gpu, replace(job(1000), slots=together), op_order()).ticket == 1


def test_every_work_group_gets_a_ticket_before_any_gets_two() -> None:
    gpu = device(kind="gpu", compute_units=132)
    for count in (120_000, 131_072):
        chosen = choose(gpu, job(count))
        assert (chosen.ticket, chosen.workers) == (256, -(-count // 256))
    assert choose(gpu, job(1_000_000)).ticket == 512


def test_a_small_ring_takes_few_workers() -> None:
    assert choose(device(kind="cpu", compute_units=8), job(3)).workers == 3
    assert choose(device(kind="cpu", compute_units=8), job(257)).ticket == 4
    assert choose(device(kind="gpu", compute_units=100), job(1)).workers == 1


def test_one_worker_with_tickets_of_one_keeps_the_exact_order() -> None:
    for kind in ("cpu", "gpu"):
        assert choose(device(kind=kind), job(10, workers=1, ticket=1)).driver == "exact"
        assert choose(device(kind=kind), job(10, workers=1, ticket=1, work_group_size=1)).driver == "exact"
        assert choose(device(kind=kind), job(10, workers=1, ticket=1, work_group_size=2)).driver == "group"
        assert choose(device(kind=kind), job(10, workers=1, ticket=2)).driver != "exact"


def test_what_the_job_says_goes_first() -> None:
    chosen = choose(device(), job(100, workers=3, work_group_size=7, ticket=11))
    assert (chosen.workers, chosen.work_group_size, chosen.ticket) == (3, 7, 11)


def test_a_work_group_that_is_too_large() -> None:
    with pytest.raises(UsageError, match="a work-group of 257 is more than the device's 256"):
        choose(device(max_work_group_size=256), job(1, work_group_size=257))


@given(
    st.sampled_from(("cpu", "gpu")),
    st.integers(0, 5000),
    st.integers(1, U32_MAX),
    st.sampled_from((None, 1, 2, 64)),
    st.integers(1, U32_MAX),
)
def test_no_counter_wraps(kind: str, count: int, workers: int, size: int | None, ticket: int) -> None:
    chosen = choose(device(kind=kind), job(count, workers=workers, work_group_size=size, ticket=ticket))
    assert 1 <= chosen.ticket <= min(ticket, max(count, 1))
    assert 1 <= chosen.workers <= min(workers, max(count, 1), MOST_WORKERS)


def test_the_largest_ring_does_not_wrap_either() -> None:
    """Only the number of slots counts, so that a view of one slot stands for them all."""
    slots = np.broadcast_to(ready_tasks(1), MAX_SLOTS)
    for kind in ("cpu", "gpu"):
        chosen = choose(device(kind=kind), replace(job(1), slots=slots, workers=U32_MAX, ticket=U32_MAX))
        assert MAX_SLOTS + chosen.ticket + chosen.workers <= U32_MAX
        assert chosen.ticket <= 1 << 20
        assert chosen.workers == MOST_WORKERS


@pytest.mark.parametrize("ticket", [1, 5, 4097, 2**31, U32_MAX])
@pytest.mark.parametrize("shape", [{"workers": 5}, {"workers": 3, "work_group_size": 4}, {"workers": 1}])
def test_tickets_of_any_size_over_several_slices(
    backend: OpenCLBackend, ticket: int, shape: dict[str, int]
) -> None:
    slots = ready_tasks(9000, op_handle=REQUEUE_N, param=2, priority=np.arange(9000) % 5)
    runner = InProcess(backend.name, backend, 9000)
    answer = runner.run(Case(slots, options={"ticket": ticket, **shape}))
    assert (answer.report["claims"], answer.report["ended"], answer.lost) == (27_000, "drained", 0)
    assert (answer.slots["state"] == 3).all()


def test_only_the_operations_of_the_ring_are_compiled_for_jit() -> None:
    slots = ready_tasks(6, op_handle=[0x1007, 0, 0x1007, 0, 0x9999, 0])
    todo = Job(slots, np.zeros(160, np.uint32), BufferTable(), mode="jit")
    cpu, gpu = device(), device(kind="gpu")
    ops, only = wanted_ops(cpu, todo)
    assert only == frozenset((0, 0x1007))
    assert {op.id for op in ops} == only
    assert wanted_ops(gpu, replace(todo, mode="interpreter")) == (op_order(), None)
    assert wanted_ops(cpu, replace(todo, mode="auto")) == (op_order(), None)
    assert wanted_ops(gpu, replace(todo, mode="auto")) == (ops, only)
    long_ring = np.resize(slots, 4096)
    assert wanted_ops(cpu, replace(todo, slots=long_ring, mode="auto"))[1] == only


def test_parts_of_a_ring_are_run_by_the_program_of_the_whole() -> None:
    cpu, gpu = device(), device(kind="gpu", compute_units=132, memory_bytes=1 << 37)
    for on, count in ((cpu, 5000), (gpu, 1 << 17), (gpu, 1 << 12)):
        whole = job(count)
        part = replace(whole, slots=whole.slots[: count // 8], part=RingPart(64, ring_slots=count))
        made = []
        for one in (whole, part):
            ops, only = wanted_ops(on, one)
            made.append(choose_variant(on, one, choose_geometry(on, one, ops), only))
        assert made[0] == made[1]
        assert made[0].mirror is (count == 1 << 17)


def test_jit_and_interpreter_leave_the_same(backend: OpenCLBackend) -> None:
    slots = ready_tasks(300, op_handle=[REQUEUE_N, 0, 0x9999] * 100, param=2)
    runner = InProcess(backend.name, backend, 300)
    one, other = (runner.run(Case(slots, options={"mode": mode})) for mode in ("jit", "interpreter"))
    assert_same(one, other)


def test_too_much_for_one_allocation(backend: OpenCLBackend) -> None:
    small = replace(backend.device, max_allocation_bytes=640)
    cramped = InProcess("cramped", OpenCLBackend(small), 10)
    with pytest.raises(DeviceError, match="the buffers take 2048 bytes"):
        cramped.run(Case(ready_tasks(1), {0: lent(np.zeros(641, np.uint8))}))


def test_facts_and_times(backend: OpenCLBackend) -> None:
    answer = InProcess(backend.name, backend, 64).run(
        Case(ready_tasks(64), options={"workers": 2, "ticket": 3})
    )
    geometry = answer.report["geometry"]
    assert (geometry["workers"], geometry["ticket"]) == (2, 3)
    assert geometry["rung"] == backend.program().rung.number
    assert 0 < answer.report["device_seconds"] <= answer.report["wall_seconds"]


def test_programs_are_built_once(backend: OpenCLBackend) -> None:
    assert backend.program() is backend.program()
    assert backend.program(variant=Variant(verify=True)) is not backend.program()


def test_two_jobs_at_a_time_do_not_mix(backend: OpenCLBackend) -> None:
    """Sessions share a program and nothing else."""
    first = backend.open(job(50))
    second = backend.open(job(30))
    assert first.index().claimable == 50
    assert second.index().claimable == 30
    first.close()
    assert_same_slots(second.slots(), ready_tasks(30))
    second.close()
    second.close()


def test_where_the_lists_of_chunks_meet_more_than_one_work_item_meets(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lone work-item at the scan's barriers ends the process in PoCL 6's compiler."""
    sizes: dict[str, int] = {}
    enqueued = DeviceQueue.enqueue

    def enqueue(
        queue: DeviceQueue, kernel: BuiltKernel, work_items: int, local: int, /, **given: object
    ) -> None:
        sizes[kernel.name] = local
        enqueued(queue, kernel, work_items, local, **given)

    monkeypatch.setattr(DeviceQueue, "enqueue", enqueue)
    with closing(backend.open(job(10_000))) as session:
        session.index()
    assert sizes["vyre_index_scan"] >= min(CPU_SCAN_LANES, backend.device.max_work_group_size)
