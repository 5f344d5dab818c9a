"""What a killed launch left of its outputs, under the backend that works on no mapped file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.engine.arena import map_outputs
from vyrectl.engine.buffer_options import parse_buffer_options
from vyrectl.engine.buffers import BufferTable
from vyrectl.task.arrays import SlotArray

SPEC = "0=zeros:uint32:4:o.npy"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlotArray:
    """A ring of two tasks, one of which a killed launch has ended; its output lies in o.npy.partial."""
    monkeypatch.chdir(tmp_path)
    slots = ready_tasks(2, op_handle=[0, 0])
    table = parse_buffer_options([SPEC])
    map_outputs(table, slots)
    table.by_handle[0].array[:] = [7, 0, 0, 0]
    assert table.arena is not None
    for output in table.arena.outputs:
        os.close(output.fd)
    slots["state"][0] = 3
    return slots


def run(slots: SlotArray) -> BufferTable:
    table = parse_buffer_options([SPEC])
    launch(Ring.from_slots(slots), device="reference", buffers=table)
    return table


def test_the_reference_backend_goes_on(left: SlotArray) -> None:
    table = run(left)
    assert np.load("o.npy").tolist() == [7, 0, 0, 0]
    assert not Path("o.npy.partial").exists()
    assert [str(one) for one in table.found] == [
        "o.npy: goes on with o.npy.partial, which a launch of these tasks left".replace(
            "with o", f"with {Path.cwd()}/o"
        )
    ]


def test_or_begins_anew_and_keeps_the_old(left: SlotArray) -> None:
    left["param"][0] = 9
    table = run(left)
    assert np.load("o.npy").tolist() == [0, 0, 0, 0]
    assert [one.goes_on for one in table.found] == [False]
    assert Path("o.npy.partial.1").stat().st_size > 0
    assert "is kept as" in str(table.found[0])


def test_a_launch_of_another_ring_keeps_it_too(left: SlotArray) -> None:
    table = run(ready_tasks(1, op_handle=[0]))
    assert np.load("o.npy").tolist() == [0, 0, 0, 0]
    assert [(one.goes_on, one.left.name) for one in table.found] == [(False, "o.npy.partial.1")]
    assert Path("o.npy.partial.1").read_bytes().count(b"\x07\x00\x00\x00") == 1


def test_results_under_a_name_that_no_output_has_are_named(left: SlotArray) -> None:
    table = parse_buffer_options([SPEC.replace("o.npy", "other.npy")])
    launch(Ring.from_slots(left), device="reference", buffers=table)
    assert np.load("other.npy").tolist() == [0, 0, 0, 0]
    assert Path("o.npy.partial").exists()
    assert [str(one) for one in table.found] == [
        f"{Path.cwd()}/o.npy.partial: a killed launch of these tasks wrote this, and no output goes on with it"
    ]


def test_and_so_are_those_that_another_launch_has_set_aside(left: SlotArray) -> None:
    run(ready_tasks(1, op_handle=[0]))
    table = run(left)
    assert next(str(one) for one in table.found).startswith(
        f"{Path.cwd()}/o.npy.partial.1: a killed launch of these"
    )
