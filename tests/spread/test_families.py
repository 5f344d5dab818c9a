"""Families in shards: none is cut, each has room for children, and all ends as on one device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.backends import needs_cpu
from tests.spread.commands import read, run, write
from tests.support.ops import FORK_SUM, NOP, PRINTF, STENCIL, WAIT
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.opcodes import STORE_U32
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.family import count_families
from vyrectl.errors import UsageError
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import start_control
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.spread.cut import cut
from vyrectl.spread.families import deal, family_of
from vyrectl.spread.launch import spread_file
from vyrectl.spread.memory import SpreadMemory
from vyrectl.task.arrays import SlotArray

pytestmark = pytest.mark.timeout(120)

SPAWNING = frozenset({FORK_SUM})
LEAVES = 4
WORDS = LEAVES * 4096
CHILDREN = 2 * (LEAVES - 1)
"""Of a root over so many words."""


def job(slots: SlotArray, *ops: Any) -> Job:
    return Job(slots, start_control(None, None), BufferTable(), ops=ops)


def mixed(seed: int, slots: int = 600) -> SlotArray:
    """Roots, tasks that wait at a join with children all over the ring, orphans, twins, Empty slots."""
    random = np.random.default_rng(seed)
    made = np.zeros(slots, SLOT_DTYPE)
    made["state"] = random.choice([0, 1, 3, 4, 5], slots, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    made["op_handle"] = random.choice([NOP, FORK_SUM], slots, p=[0.8, 0.2])
    made["task_id"] = random.integers(0, slots, slots)
    related = random.random(slots) < 0.5
    made["parent_task_id"][related] = random.integers(0, slots, slots)[related]
    made["param"] = random.integers(0, 2 * LEAVES - 1, slots)
    made["output_handle"], made["priority"] = 1, 2
    paused = made["state"] == 4
    made["resume_epoch"][paused] = NEVER_EPOCH
    made["continuation_pc"][paused] = 1
    made[made["state"] == 0] = np.zeros((), SLOT_DTYPE)
    return made


@given(st.integers(0, 1 << 32), st.integers(1, 700), st.integers(1, 4), st.none() | st.just(64))
def test_no_family_is_cut_and_each_has_room(seed: int, slots: int, devices: int, wanted: int | None) -> None:
    ring = mixed(seed, slots)
    try:
        dealt = deal(job(ring), devices, wanted, "ring.bin")
    except UsageError:
        assert wanted is not None
        assert np.unique(family_of(ring, SPAWNING), return_counts=True)[1].max() > wanted
        return
    assert [one.first for one in dealt.shards] == [0, *(one.end for one in dealt.shards[:-1])]
    assert dealt.shards[-1].end == slots
    assert len(dealt.shards) <= len(cut(slots, devices, wanted))
    if dealt.order is None:
        return
    assert (np.sort(dealt.order) == np.arange(slots)).all()
    at = np.empty(slots, int)
    for one in dealt.shards:
        at[dealt.order[one.first : one.end]] = one.number
        assert one.reach == (dealt.order[one.first], dealt.order[one.end - 1])
    families = family_of(ring, SPAWNING)
    assert (at == at[families]).all()
    bears = (ring["op_handle"] == FORK_SUM) & ~np.isin(ring["state"], [0, 3, 6])
    empties = np.bincount(at[ring["state"] == 0], minlength=len(dealt.shards))
    if (ring["state"] == 0).sum() >= len(dealt.shards):
        assert all(empties[one] for one in set(at[bears].tolist()))


@given(st.integers(0, 1 << 32))
def test_who_waits_for_whom_is_one_family(seed: int) -> None:
    ring = mixed(seed)
    families = family_of(ring, SPAWNING)
    links = count_families(ring.copy(), SPAWNING)
    children = np.flatnonzero(links.parents >= 0)
    assert (families[children] == families[links.parents[children]]).all()
    assert (families <= np.arange(len(ring))).all()
    assert (families[families] == families).all()


def test_a_long_line_is_one_family() -> None:
    line = ready_tasks(300, op_handle=FORK_SUM)
    line["task_id"] = np.random.default_rng(1).permutation(300) + 1
    line["parent_task_id"] = line["task_id"] - 1
    assert not family_of(line, SPAWNING).any()


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("words") / "words.npy"
    np.save(path, np.arange(WORDS, dtype=np.uint32))
    return path


def roots(count: int, slots: int) -> SlotArray:
    """Roots in front, each with a sum of its own, and everything else Empty."""
    made = ready_tasks(slots)
    made[count:] = np.zeros((), SLOT_DTYPE)
    made["op_handle"][:count], made["output_handle"][:count] = FORK_SUM, np.arange(1, count + 1)
    made["task_id"][:count] = np.arange(1, count + 1)
    return made


def sums(folder: Path, count: int) -> list[str]:
    return [f"{h}=zeros:uint32:{2 * LEAVES - 1}:{folder}/{h}.npy" for h in range(1, count + 1)]


def spread(ring: Path, buffers: list[str], **options: Any) -> LaunchRecord:
    asked = LaunchOptions(**{"device": "reference,reference,reference", **options})
    record, _ = spread_file(
        FileLaunch(ring=ring, options=asked, buffers=tuple(buffers)), lambda message: None
    )
    return record


@pytest.mark.parametrize("steps", [None, 40])
def test_children_are_made_in_every_shard(tmp_path: Path, words: Path, steps: int | None) -> None:
    count = 6
    ring = write(tmp_path / "ring.bin", roots(count, 400))
    buffers = [f"0={words}", *sums(tmp_path, count)]
    report, spawned, claims, resumed = None, 0, 0, 0
    while report is None or report["ended"] == "max_steps":
        report = spread(ring, buffers, verify=True, max_steps=steps)
        spawned, claims = spawned + report["spawned"], claims + report["claims"]
        resumed += report["resumed"]
        buffers = [f"0={words}", *(f"{h}={tmp_path}/{h}.npy:{tmp_path}/{h}.npy" for h in range(1, count + 1))]
    assert (report["ended"], spawned) == ("drained", count * CHILDREN)
    assert claims == count * (CHILDREN + LEAVES)
    assert resumed == count * CHILDREN // 2, "a join is counted once"
    after = read(ring)
    assert int((after["state"] == 3).sum()) == count * (1 + CHILDREN)
    tasks = after[after["state"] != 0]
    assert len(np.unique(tasks["task_id"])) == len(tasks)
    assert np.isin(tasks["parent_task_id"][tasks["parent_task_id"] > 0], tasks["task_id"]).all()
    for handle in range(1, count + 1):
        assert np.load(tmp_path / f"{handle}.npy")[0] == np.arange(WORDS, dtype=np.uint32).sum(
            dtype=np.uint32
        )
    if steps is None:
        assert sum(one["shards"] > 0 for one in report["devices"]) == 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_there_ends_as_on_one_device(tmp_path: Path, words: Path, seed: int) -> None:
    ring = mixed(seed)
    alone = ring.copy()
    table: dict[int | str, Any] = {0: np.load(words), 1: np.zeros(2 * LEAVES - 1, np.uint32)}
    report = launch(Ring.from_slots(alone), device="reference", buffers=table)
    path = write(tmp_path / "ring.bin", ring)
    record = spread(path, [f"0={words}", f"1=zeros:uint32:{2 * LEAVES - 1}"])
    after, there = read(path), ring["state"] != 0
    assert (after[there] == alone[there]).all()
    assert (record["claims"], record["spawned"]) == (report.tally.claims, report.tally.spawned)
    shown = ["state", "op_handle", "param", "continuation_data"]
    made = [np.sort(one[~there][shown]) for one in (after, alone)]
    assert (made[0] == made[1]).all()
    of_those = [one["parent_task_id"][~there & (one["parent_task_id"] < len(ring))] for one in (after, alone)]
    assert (np.sort(of_those[0]) == np.sort(of_those[1])).all()


def test_slots_keep_their_names(tmp_path: Path, words: Path) -> None:
    """In the trace, the debug log and what is refused, slots are called as in the ring."""
    slots = roots(4, 400)
    slots[300:310] = ready_tasks(10, op_handle=PRINTF)
    ring = write(tmp_path / "ring.bin", slots)
    options = [word for one in (f"0={words}", *sums(tmp_path, 4)) for word in ("--buffer", one)]
    kept = ("--trace", tmp_path / "trace.json", "--debug-log", tmp_path / "log.bin")
    code, report, said = run(ring, "--device", "reference,reference", *options, *kept)
    assert code == 0, said
    trace = json.loads((tmp_path / "trace.json").read_text())
    traced = {
        one["args"]["slot"] for one in trace["traceEvents"] if one["ph"] == "X" and one["name"] != "claim"
    }
    assert traced == set(np.flatnonzero(read(ring)["state"]).tolist())
    log = np.fromfile(tmp_path / "log.bin", "<u4")
    assert sorted((log[1 : 1 + 40].reshape(-1, 4)[:, 3] // 16).tolist()) == list(range(300, 310))
    assert report["spawned"] == 4 * CHILDREN


def test_full_shards_are_told(tmp_path: Path, words: Path) -> None:
    """Children of one root need more Empty slots than its shard has."""
    slots = roots(2, 134)
    slots["param"][1] = LEAVES - 1  # a leaf, which makes no child
    slots[10:] = ready_tasks(124)
    ring = write(tmp_path / "ring.bin", slots)
    options = [word for one in (f"0={words}", *sums(tmp_path, 2)) for word in ("--buffer", one)]
    code, report, said = run(ring, "--device", "reference,reference", *options)
    assert code == 0, said
    assert report["spawned"] == 4
    assert "every Empty slot was used" in said
    assert np.load(tmp_path / "1.npy")[0] == np.arange(WORDS, dtype=np.uint32).sum(dtype=np.uint32)


def test_a_family_that_fits_no_shard_is_named() -> None:
    slots = ready_tasks(400, op_handle=FORK_SUM)
    slots["task_id"] = np.arange(1, 401)
    slots["parent_task_id"][20:320:3] = 5
    with pytest.raises(
        UsageError, match="task in slot 4 has 101 tasks in slots 4 to 317, and a shard has 64"
    ) as caught:
        deal(job(slots), 2, 64, "ring.bin")
    assert caught.value.fix == "Give --shard-slots 128 or more, or leave it out"
    assert deal(job(slots), 2, 128, "ring.bin").order is not None


def test_the_control_buffer_is_no_part_of_a_shard(tmp_path: Path) -> None:
    slots = ready_tasks(200)
    slots["op_handle"][150] = STENCIL
    ring = write(tmp_path / "ring.bin", slots)
    code, error, _ = run(ring, "--device", "reference,reference", "--fault-unknown")
    assert (code, error["error"]) == (2, "usage"), error
    assert error["message"].startswith("stencil in slot 150 goes by words of the control buffer")


OWN = """
static uint number(const vyre_task *task) { return task->slot; }
VYRE_SPAWNING_OP(0x20002, twice, "runs op param as two children") {
    if (task->pc) return vyre_done();
    for (uint i = 0; i < 2u; ++i)
        if (vyre_spawn(task, task->param, task->priority, WHICH, 160u, i) == VYRE_FULL) return vyre_fault(1u);
    return vyre_join(1u, 0u);
}
"""


def test_an_operation_that_goes_by_its_slot_keeps_slots_where_they_are(tmp_path: Path) -> None:
    from vyrectl.engine.ops import scan_source

    source = scan_source(OWN.replace("WHICH", "number(task)"), tmp_path / "own.cl")
    slots = ready_tasks(256, op_handle=0x20002)
    slots["task_id"] = np.arange(1, 257)
    with_room = slots.copy()
    with_room[3::4] = np.zeros((), SLOT_DTYPE)
    assert deal(job(with_room, source), 2, 64, "ring.bin").order is None
    slots[255] = np.zeros((), SLOT_DTYPE)
    with pytest.raises(
        UsageError, match=r"slot 0 may have children, shard 0 \(slots 0 to 63\) has no Empty slot"
    ):
        deal(job(slots, source), 2, 64, "ring.bin")
    with_room["parent_task_id"][70] = with_room["task_id"][60]
    with pytest.raises(
        UsageError, match=r"task in slot 60 has 2 tasks in slots 60 to 70, more than one shard"
    ) as caught:
        deal(job(with_room, source), 2, 64, "ring.bin")
    assert "--shard-slots 128 holds them" in str(caught.value.fix)
    assert "twice goes by the number of its slot" in str(caught.value)


@needs_cpu()
def test_a_child_that_goes_by_the_control_buffer_ends_the_launch(tmp_path: Path) -> None:
    slots = ready_tasks(256, op_handle=0x20002, param=WAIT)
    slots["param"][:8] = NOP
    slots["param"][4] = STORE_U32
    slots[8:] = np.zeros((), SLOT_DTYPE)
    slots["task_id"][:8] = np.arange(1, 9)
    ring = write(tmp_path / "ring.bin", slots)
    (tmp_path / "own.cl").write_text(OWN.replace("WHICH", "0u"))
    code, error, _ = run(ring, "--device", "cpu,cpu", "--ops", tmp_path / "own.cl")
    assert (code, error["error"]) == (2, "usage"), error
    assert error["message"].startswith("store_u32, a child in slot ")
    assert ring.read_bytes() == slots.tobytes()


def test_memory_shows_and_gives_back_the_ring_in_its_own_order() -> None:
    slots = roots(6, 400)
    dealt = deal(job(slots), 2, 64, "ring.bin")
    memory = SpreadMemory(memoryview(slots.tobytes()))
    memory.cut(dealt.shards, dealt.order)
    assert dealt.order is not None
    shard = dealt.shards[1]
    memory.send(shard)
    memory.begin(shard)
    memory.worked(shard)["continuation_data"] = 7
    expected = slots.copy()
    expected["continuation_data"][dealt.order[shard.first : shard.end]] = 7
    assert memory.whole() == expected.tobytes()
    memory.take(shard)
    memory.finish()
    assert memory.result().tobytes() == expected.tobytes()
    assert memory.given().tobytes() == slots.tobytes()
