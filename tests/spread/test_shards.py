"""Shards run one by one and merged leave what one device leaves, word for word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.backends import devices
from vyrectl import Ring, launch
from vyrectl.abi import control as control_abi
from vyrectl.abi.opcodes import ATOMIC_ADD, NOP, PRINTF
from vyrectl.engine.backend import Tally, new_debug_log
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.errors import OutputConflictError
from vyrectl.launching.driven import Driven
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import start_control
from vyrectl.launching.rounds import Course
from vyrectl.ring.synthetic import synthesize
from vyrectl.spread.cut import cut
from vyrectl.spread.finished import Finished, Writes
from vyrectl.spread.merge import Merge
from vyrectl.spread.roster import Roster
from vyrectl.spread.work import Setup, ShardRunner, Site, Visit, written
from vyrectl.task.arrays import SlotArray

EXACT = tuple(
    word
    for region in control_abi.REGIONS
    for word in range(region.first, region.end)
    if region is not control_abi.PRIORITY_STARVATION
)
"""Words of the control buffer that add up; how many claims above Normal came last is no count."""


def buffers(size: int) -> BufferTable:
    return BufferTable({1: Buffer(np.zeros(size, np.uint32), writable=True)})


def ring(seed: int, slots: int) -> SlotArray:
    """Tasks of many kinds, none of which goes by the order."""
    made = synthesize(slots, seed).copy()
    some = np.random.default_rng(seed).random(slots) < 0.3
    made["op_handle"][some] = np.random.default_rng(seed + 1).choice([NOP, ATOMIC_ADD, PRINTF], some.sum())
    adds = made["op_handle"] == ATOMIC_ADD
    made["output_handle"][adds] = control_abi.OBSERVABLE_FIRST + made["task_id"][adds] % 8
    return made


def in_shards(
    slots: SlotArray, devices: list[str], shard_slots: int, steps: int | None = None
) -> tuple[SlotArray, Merge, int]:
    """The ring cut and run, a shard after another on changing devices."""
    table = buffers(8)
    setup = Setup(options=LaunchOptions(epoch=2), buffers=buffers(8), returned=(1,))
    runners = [ShardRunner(device, setup) for device in devices]
    given, visits, carried = slots.copy(), 0, dict[int, Finished]()
    merge = Merge(table, start_control(None, 2), new_debug_log(64))
    roster = Roster(cut(len(slots), len(devices), shard_slots), steps)
    while (order := roster.next(len(devices))) is not None:
        part = slice(order.shard.first, order.shard.end)
        memory = given[part].copy()
        task = Visit(
            shard=order.shard,
            slots=given[part],
            steps=order.steps,
            carried=carried.get(order.shard.number),
        )
        finished = Finished.read(runners[visits % len(runners)].run(task, Site(memory)).to_bytes())
        visits += 1
        merge.add(finished)
        carried[order.shard.number] = finished
        given[part] = memory
        has_more = finished.driven.course.ended == "max_steps"
        roster.take(order.shard.number, finished.driven.tally.claims, has_more=has_more)
    return given, merge, visits


def test_words() -> None:
    """One device and many shards, on the reference backend and on a device of each kind."""
    whole = ring(5, 1000)
    alone = launch(Ring.from_slots(whole), device="reference", epoch=2, buffers={1: np.zeros(8, np.uint32)})
    cpus = [one.id for one in devices().values() if one.is_cpu and not one.is_simulator][:1]
    given, merge, _ = in_shards(ring(5, 1000), ["reference", *cpus], 192)
    assert given.tobytes() == whole.tobytes()
    assert merge.tally.by_op == alone.tally.by_op
    assert merge.control[list(EXACT)].tolist() == alone.control[list(EXACT)].tolist()


@settings(max_examples=15)
@given(st.integers(0, 99), st.integers(1, 700), st.integers(1, 5), st.integers(1, 400))
def test_any_cut_ends_with_the_same_words(seed: int, slots: int, devices: int, shard_slots: int) -> None:
    whole = ring(seed, slots)
    alone = launch(Ring.from_slots(whole), device="reference", epoch=2, buffers={1: np.zeros(8, np.uint32)})
    given, merge, _ = in_shards(ring(seed, slots), ["reference"] * devices, shard_slots)
    assert given.tobytes() == whole.tobytes()
    assert merge.control[list(EXACT)].tolist() == alone.control[list(EXACT)].tolist()
    observed = slice(control_abi.OBSERVABLE_FIRST, control_abi.OBSERVABLE_FIRST + 8)
    assert merge.control[observed].tolist() == alone.control[observed].tolist()
    assert merge.tally.claims == alone.claims
    assert merge.course.indexed == alone.indexed
    assert merge.course.resumed == alone.resumed
    assert int(merge.debug_log[0]) == int(alone.debug_log[0])
    held = 1 + min(int(alone.debug_log[0]), 256)
    words = (
        np.sort(log[1:held].reshape(-1, 4).view("u4,u4,u4,u4").ravel())
        for log in (merge.debug_log, alone.debug_log)
    )
    if held < 257:
        one, other = words
        assert one.tolist() == other.tolist()


@settings(max_examples=10)
@given(st.integers(0, 99), st.integers(1, 500), st.integers(0, 900))
def test_a_budget_of_claims_is_exact(seed: int, slots: int, steps: int) -> None:
    whole = ring(seed, slots)
    alone = launch(Ring.from_slots(whole), device="reference", epoch=2, buffers={1: np.zeros(8, np.uint32)})
    given, merge, _ = in_shards(ring(seed, slots), ["reference"] * 3, 64, steps)
    assert merge.tally.claims == min(steps, alone.claims)
    if steps >= alone.claims:
        assert given.tobytes() == whole.tobytes()


def finished(shard: int, writes: Writes) -> Finished:
    control = np.zeros(len(start_control(None, None)), np.uint32)
    driven = Driven(Course(rounds=1, indexed=1), Tally(), control, new_debug_log(2), {})
    return Finished(shard, "x", driven, {0: writes})


@pytest.mark.parametrize("kind", ["u1", "f4", "u8", "c16"])
def test_one_element_written_differently_is_named(kind: str, tmp_path: Any) -> None:
    start = np.zeros(16, kind)
    one, other = start.copy(), start.copy()
    one[3:6] = 7
    other[5:8] = 7
    table = BufferTable({0: Buffer(start, writable=True, output=tmp_path / "out.npy")})
    merge = Merge(table, start_control(None, None), new_debug_log(2))
    merge.add(finished(0, written(np.zeros(16, kind), one)))
    merge.add(finished(1, written(np.zeros(16, kind), other)))  # the same value is no conflict
    assert start[3:8].tolist() == [7] * 5
    third = np.zeros(16, kind)
    third[7] = 9
    with pytest.raises(OutputConflictError, match="element 7 of buffer 0") as caught:
        merge.add(finished(2, written(np.zeros(16, kind), third)))
    assert caught.value.details() == {"buffer": 0, "index": 7, "shards": [1, 2]}


def test_not_a_number_is_a_value_too() -> None:
    before, after = np.full(4, np.nan, np.float32), np.full(4, np.nan, np.float32)
    after[2] = 1
    assert written(before, after).at.tolist() == [2]


def test_bytes_that_are_no_shard() -> None:
    from vyrectl.errors import InvalidInputError

    for data in (b"", b"PK\x03\x04", b"\x80\x04N."):
        with pytest.raises(InvalidInputError):
            Finished.read(data)
