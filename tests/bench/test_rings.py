"""The rings that are drained: always the same, on whole cache lines, made new for each turn."""

from __future__ import annotations

import mmap

import numpy as np
import pytest

from tests.opencl.fakes import GIB
from tests.opencl.fakes import device as fake_device
from vyrectl.bench.rings import Stage, bench_ops, fits, five_priorities, op_id
from vyrectl.engine.ops import op_codes
from vyrectl.opencl.workbench import Workbench


def test_five_priorities_evenly_and_the_same_every_time() -> None:
    slots = five_priorities(10_000)
    assert (slots == five_priorities(10_000)).all()
    assert (slots["state"] == 1).all()
    counts = np.bincount(slots["priority"])
    assert len(counts) == 5
    assert counts.min() > 1800
    assert (slots["task_id"] == np.arange(10_000)).all()


def test_no_slot_lies_across_two_cache_lines() -> None:
    assert five_priorities(7).ctypes.data % mmap.PAGESIZE == 0


@pytest.mark.parametrize(
    ("slots", "memory", "piece", "fit"),
    [
        (1 << 24, 8 * GIB, 2 * GIB, True),
        (1 << 24, 8 * GIB, GIB - 1, False),
        (1 << 24, 2 * GIB, GIB, False),
        (1 << 10, GIB // 4, GIB // 16, True),
    ],
)
def test_fits(slots: int, memory: int, piece: int, fit: bool) -> None:
    device = fake_device(memory_bytes=memory, max_allocation_bytes=piece)
    assert fits(device, slots) is fit


def test_the_bench_brings_operations_of_its_own() -> None:
    names = {op.name for op in bench_ops().ops}
    assert names == {"yield_n", "mixed", "stamp"}
    assert not names & set(op_codes())
    assert op_id("yield_n") >= 0x20000


@pytest.mark.parametrize("in_place", [False, True])
def test_a_stage_starts_every_turn_anew(bench: Workbench, in_place: bool) -> None:
    stage = Stage(bench, 100, in_place=in_place and bench.device.is_cpu)
    stage.renew(op=9, param=3)
    assert set(stage.slots["op_handle"].tolist()) == {9}
    assert set(stage.slots["param"].tolist()) == {3}
    for _ in range(2):
        stage.slots[:] = 0
        stage.renew_buffer()
        assert (stage.read_buffer() == five_priorities(100)).all()
    stage.close()
