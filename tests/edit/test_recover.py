"""`recover`: orphans go back as the lifecycle says; nothing else changes, and never under a live holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.rings import slot
from tests.support.rings import write_ring as write
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import ORPHANED
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.states import TaskState
from vyrectl.edit.recover import OUTCOMES, recover_ring, recovered
from vyrectl.errors import FileError, RingFormatError, RingHeldError, UnknownNameError
from vyrectl.ring.check import check_file
from vyrectl.ring.synthetic import synthesize
from vyrectl.sidecar.hold import hold
from vyrectl.task.arrays import SlotArray
from vyrectl.task.item import TaskWorkItem

words = st.integers(0, U32_MAX)


def items(path: Path) -> list[TaskWorkItem]:
    data = path.read_bytes()
    return [TaskWorkItem.from_bytes(data[at : at + 64]) for at in range(0, len(data) // 64 * 64, 64)]


def one_by_one(task: TaskWorkItem, outcome: str) -> TaskWorkItem:
    """The same recovery through the scalar lifecycle."""
    pc, data = task.continuation_pc, task.continuation_data
    match outcome:
        case "requeued":
            return task.requeue(pc, data, task.priority)
        case "yielded":
            return task.yield_(pc, data)
        case "ready":
            return task.pause(pc, data, task.resume_epoch).resume()
        case _:
            return task.fault(ORPHANED)


ORPHAN = {"state": 2, "op_handle": 0x1004, "priority": 1, "task_id": 9, "continuation_pc": 4096}
ORPHAN |= {"continuation_data": 77, "yield_count": 2, "flags": 2}


@pytest.mark.parametrize("outcome", OUTCOMES)
@given(row=st.lists(st.integers(0, U32_MAX - 1), min_size=SLOT_WORDS, max_size=SLOT_WORDS))
def test_every_outcome_follows_the_lifecycle(outcome: str, row: list[int]) -> None:
    row[0] = int(TaskState.RUNNING)
    slots = np.array([tuple(row)] * 2, SLOT_DTYPE)
    after = recovered(slots, np.array([4, 5]), outcome)
    wanted = one_by_one(TaskWorkItem(*row), outcome)
    assert after.tolist() == [wanted.words()] * 2
    assert slots.tolist() == [tuple(row)] * 2
    assert wanted.task_state is not None
    assert wanted.task_state.name.lower() == outcome


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_running_slots_change_and_check_accepts_the_rest(tmp_path: Path, outcome: str) -> None:
    slots = synthesize(3000, 2)
    slots["state"][5::9][slots["state"][5::9] == 1] = int(TaskState.RUNNING)
    path = write(tmp_path / "ring.bin", slots.tobytes())
    orphans = np.flatnonzero(slots["state"] == int(TaskState.RUNNING))
    assert "running-without-runner" in [one.kind.name for one in check_file(path).findings]
    recovery = recover_ring(path, outcome=outcome)
    assert recovery.edit.numbers.tolist() == orphans.tolist()
    after = np.frombuffer(path.read_bytes(), SLOT_DTYPE)
    untouched = np.setdiff1d(np.arange(len(slots)), orphans)
    assert after[untouched].tobytes() == slots[untouched].tobytes()
    assert {TaskState(int(state)).name.lower() for state in after["state"][orphans]} == {outcome}
    assert check_file(path).is_sound
    assert recovery.schedulable == int(np.isin(after["state"], (1, 5, 6)).sum())


def test_a_counter_at_its_end_leaves_that_orphan(tmp_path: Path) -> None:
    full = slot(**{**ORPHAN, "age_ticks": U32_MAX})
    path = write(tmp_path / "ring.bin", full, slot(**ORPHAN), slot(state=99))
    recovery = recover_ring(path)
    assert not recovery.is_complete
    assert recovery.to_record() == {
        "ring": str(path),
        "slots": 3,
        "as": "requeued",
        "recovered_count": 1,
        "refused": [0],
        "not_chosen": 0,
        "schedulable": 1,
        "unknown": 1,
        "left_over_bytes": 0,
        "abandoned": [],
        "finished": [],
        "faulted": [],
        "epoch": None,
        "dry_run": False,
        "backup": None,
    }
    assert path.read_bytes()[:64] == full
    assert recover_ring(path, outcome="ready").is_complete
    assert [task.state for task in items(path)] == [1, 6, 99]


def test_some_orphans_only(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.bin", *[slot(**ORPHAN)] * 4, slot(state=1))

    def choose(slots: SlotArray) -> NDArray[np.int64]:
        return np.array([1, 3, 4])

    recovery = recover_ring(path, outcome="faulted", choose=choose)
    assert [task.state for task in items(path)] == [2, 7, 2, 7, 1]
    assert items(path)[1].continuation_data == ORPHANED
    assert recovery.not_chosen == 2


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN))
    Path(f"{path}.lock").unlink()
    recovery = recover_ring(path, dry_run=True, backup=True)
    assert (len(recovery.edit), recovery.dry_run, recovery.backup) == (1, True, None)
    assert path.read_bytes() == slot(**ORPHAN)
    assert os.listdir(tmp_path) == ["ring.bin"]


def test_a_backup_keeps_the_old_ring(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN))
    assert recover_ring(path, backup=True).backup == f"{path}.bak"
    assert (tmp_path / "ring.bin.bak").read_bytes() == slot(**ORPHAN)
    assert recover_ring(path, backup=True).backup is None


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_held_ring_is_refused(tmp_path: Path, dry_run: bool) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN))
    with hold(path, role="launch"), pytest.raises(RingHeldError, match=r"pid \d+ \(launch\)"):
        recover_ring(path, dry_run=dry_run)
    assert path.read_bytes() == slot(**ORPHAN)


def test_a_killed_holder_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN))
    code = "import sys, time; from vyrectl.sidecar.hold import hold\n"
    code += "with hold(sys.argv[1], role='launch'):\n    print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RingHeldError):
            recover_ring(path)
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
    assert recover_ring(path).is_complete
    assert items(path)[0].state == int(TaskState.REQUEUED)


@pytest.mark.parametrize("backup", [False, True])
def test_a_cut_ring_needs_consent_and_keeps_its_tail(tmp_path: Path, backup: bool) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN), slot(state=1), b"tail!")
    with pytest.raises(RingFormatError):
        recover_ring(path)
    assert recover_ring(path, partial=True, dry_run=True).left_over_bytes == 5
    assert path.read_bytes().startswith(slot(**ORPHAN))
    recovery = recover_ring(path, partial=True, backup=backup)
    assert (len(recovery.edit), recovery.left_over_bytes) == (1, 5)
    assert path.read_bytes()[64:] == slot(state=1) + b"tail!"
    assert items(path)[0].state == int(TaskState.REQUEUED)
    assert (tmp_path / "ring.bin.bak").exists() is backup


@pytest.mark.parametrize("content", [b"", b"short", b"\x89PNG" + bytes(200), bytes(640)])
def test_any_file_can_be_recovered(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "any", content)
    assert len(recover_ring(path, partial=True, force=True).edit) == 0
    assert path.read_bytes() == content


def test_what_cannot_be_recovered(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        recover_ring(tmp_path / "ring.bin", outcome="done")
    for partial in (False, True):
        with pytest.raises(FileError):
            recover_ring(tmp_path / "missing", partial=partial)


def test_a_killed_writers_file_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.bin", slot(**ORPHAN), *[slot()] * 100, slot(**ORPHAN))
    code = (
        "import os, sys; from vyrectl.files.replace import replace_file\n"
        "def parts():\n    yield bytes(64)\n    os._exit(0)\n"
        "replace_file(sys.argv[1], parts())"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)
    (abandoned,) = recover_ring(path).abandoned
    assert Path(abandoned).parent == tmp_path
    assert not Path(abandoned).exists()
