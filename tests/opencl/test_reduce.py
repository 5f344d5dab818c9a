"""Telemetry counted by a device equals the host's, for any ring."""

from __future__ import annotations

import mmap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vyrectl import Ring, launch
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.opencl.devices import Device
from vyrectl.opencl.reduce import Reducer, counts_itself
from vyrectl.opencl.session import OpenCLSession
from vyrectl.opencl.workbench import Workbench
from vyrectl.ring.synthetic import synthesize
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.snapshot import StateTally, tally_slots


@pytest.fixture(scope="module")
def reducer(device: Device) -> Reducer:
    return Reducer(device)


def any_ring(count: int, states: int, seed: int = 1) -> SlotArray:
    """Slots with every word drawn from all of u32, and states below `states`."""
    draws = np.random.default_rng(seed)
    slots = draws.integers(0, 1 << 32, (count, 16), dtype=np.uint32).view(SLOT_DTYPE).reshape(count)
    slots["state"] = draws.integers(0, states, count)
    return slots


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 255, 1007, 4096, 70_001])
@pytest.mark.parametrize("states", [8, 9, 1 << 32])
def test_any_ring(reducer: Reducer, count: int, states: int) -> None:
    slots = any_ring(count, states)
    assert reducer.tally(slots) == tally_slots(slots)


@pytest.mark.parametrize("state", [0, 7, 8])
def test_more_of_one_state_than_a_small_counter_holds(reducer: Reducer, state: int) -> None:
    slots = np.zeros(300_000, SLOT_DTYPE)
    slots["state"] = state
    slots["requeue_count"] = 0xFFFF_FFFF
    tally = reducer.tally(slots)
    assert tally == tally_slots(slots)
    assert tally.total_requeues == 300_000 * 0xFFFF_FFFF


@pytest.mark.parametrize("at", [0, 1, 12_345, 59_999])
def test_the_first_unknown_state_is_named(reducer: Reducer, at: int) -> None:
    slots = np.zeros(60_000, SLOT_DTYPE)
    slots["state"][at:] = 0xFFFF_FFFF
    slots["state"][at] = 99
    assert reducer.tally(slots).first_unknown == (at, 99)


def test_a_mapped_file_is_counted_where_it_lies(reducer: Reducer, tmp_path: Path) -> None:
    slots = any_ring(5000, 9)
    path = tmp_path / "ring.bin"
    slots.tofile(path)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = np.frombuffer(mapped, SLOT_DTYPE)
        assert not view.flags.writeable
        assert reducer.tally(view) == tally_slots(slots)
        del view


def test_many_work_items_a_group(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape that GPUs get, on whatever device there is."""
    for size in (13, 64, 256):
        reducer = Reducer(Workbench(device))
        monkeypatch.setattr(reducer, "_geometry", lambda count, size=size: (7, size))
        for count in (1, 300, 40_000):
            slots = any_ring(count, 9, seed=size)
            assert reducer.tally(slots) == tally_slots(slots)
    assert reducer.device_seconds > 0


def test_a_launch_takes_the_device_s_count(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in the session's own context: PoCL takes a buffer of another one, drivers of GPUs refuse it."""
    ring = Ring.from_slots(synthesize(3000, 5))
    counted: list[StateTally] = []

    class Seen(OpenCLSession):
        def count_states(self) -> StateTally | None:
            monkeypatch.setattr("vyrectl.opencl.session.Reducer", self._reducer)
            found = super().count_states()
            assert found is not None
            counted.append(found)
            return found

        def _reducer(self, bench: Workbench) -> Reducer:
            assert self._memory.ring.context == bench.context
            return Reducer(bench)

    monkeypatch.setattr("vyrectl.opencl.session.counts_itself", lambda device, slots: True)
    monkeypatch.setattr("vyrectl.opencl.backend.OpenCLSession", Seen)
    report = launch(ring, device=device.id)
    assert counted == [tally_slots(ring.slots)]
    assert report.states_after == counted[0].counts


def test_who_counts(device: Device) -> None:
    cpu, gpu = replace(device, kind="cpu"), replace(device, kind="gpu")
    assert not counts_itself(cpu, 1 << 24)
    assert counts_itself(gpu, 1 << 24)
    assert not counts_itself(gpu, 1 << 20)
