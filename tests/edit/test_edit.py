"""Edits: planned as a whole, written in one step, and nothing else touched."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ring.rings import (
    OPS,
    another_holder,
    edge_words,
    leftovers,
    numbered,
    run_python,
    slots_of,
    write_ring,
)
from vyrectl import SLOT_DTYPE, Ring, TaskWorkItem
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.edit.edit import Edit, plan_set, plan_transition
from vyrectl.edit.write import edit_ring
from vyrectl.errors import (
    CounterOverflowError,
    FileError,
    IllegalTransitionError,
    LifecycleError,
    RingFormatError,
    RingHeldError,
    UnknownNameError,
    UsageError,
)
from vyrectl.ring.select import CHUNK_SLOTS, select
from vyrectl.sidecar.hold import hold
from vyrectl.task.arrays import SlotArray
from vyrectl.task.lifecycle import ACTIONS, TRANSITIONS

Plan = Callable[[SlotArray], Edit]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring.bin"


def at(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def setting(*numbers: int, **values: int) -> Plan:
    return lambda slots: plan_set(slots, at(*numbers), values)


def read(path: Path) -> SlotArray:
    return np.frombuffer(path.read_bytes(), dtype=SLOT_DTYPE)


def trace(path: Path) -> tuple[int, int, bytes]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, path.read_bytes()


# --- plans ---

rows = st.lists(st.lists(edge_words, min_size=16, max_size=16), min_size=1, max_size=8)


@given(rows, st.data())
def test_a_planned_transition_is_the_lifecycle_of_each_slot(
    words: list[list[int]], data: st.DataObject
) -> None:
    slots = slots_of(words)
    numbers = sorted(data.draw(st.sets(st.integers(0, len(words) - 1))))
    action = data.draw(st.sampled_from(ACTIONS))
    arguments = {name: data.draw(edge_words) for name in TRANSITIONS[action].arguments}
    before = slots.tobytes()
    try:
        edit = plan_transition(slots, at(*numbers), action, **arguments)
    except LifecycleError as error:
        refused: LifecycleError | None = error
    else:
        refused = None
        wanted = [TaskWorkItem(*words[number]).apply(action, **arguments).to_bytes() for number in numbers]
        assert edit.after.tobytes() == b"".join(wanted)
        assert edit.before.tobytes() == b"".join(slots[number].tobytes() for number in numbers)
        assert edit.numbers.tolist() == numbers
    if refused is not None:
        assert refused.slot in numbers
        with pytest.raises(type(refused)):
            TaskWorkItem(*words[refused.slot or 0]).apply(action, **arguments)
    assert slots.tobytes() == before


@given(rows, st.data())
def test_an_edit_reaches_the_file_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory, words: list[list[int]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("edit") / "ring.bin"
    old = write_ring(path, slots_of(words))
    numbers = sorted(data.draw(st.sets(st.integers(0, len(words) - 1))))
    values = data.draw(st.dictionaries(st.sampled_from(FIELD_NAMES), edge_words, max_size=4))
    edit = edit_ring(path, setting(*numbers, **values), backup=data.draw(st.booleans()), force=True)
    wanted = [dict(zip(FIELD_NAMES, row, strict=True)) for row in words]
    for number in numbers:
        wanted[number].update(values)
    assert path.read_bytes() == slots_of([list(row.values()) for row in wanted]).tobytes()
    undo = Edit(edit.numbers, edit.after, edit.before)
    edit_ring(path, lambda slots: undo, force=True)
    assert path.read_bytes() == old
    assert leftovers(path.parent) == []


def test_numbers_may_come_in_any_order_and_twice() -> None:
    edit = plan_set(numbered(5), at(3, 1, 3), {"state": 1})
    assert edit.numbers.tolist() == [1, 3]
    assert edit.before["task_id"].tolist() == [1, 3]


@pytest.mark.parametrize("numbers", [(-1,), (5,), (0, 99)])
def test_a_slot_past_the_end(numbers: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="there is no slot"):
        plan_set(numbered(5), at(*numbers), {"state": 1})
    with pytest.raises(UsageError, match="there is no slot"):
        plan_transition(numbered(5, state=1), at(*numbers), "complete")


@pytest.mark.parametrize(
    ("action", "arguments", "message"),
    [
        ("explode", {}, "unknown action"),
        ("requue", {}, "Did you mean 'requeue'"),
        ("pause", {"pc": 1, "data": 2}, "pause needs epoch"),
        ("complete", {"code": 1}, "complete takes no code"),
        ("fault", {"code": 2**32}, "no word can hold"),
        ("fault", {"code": -1}, "no word can hold"),
    ],
)
def test_a_transition_that_does_not_exist(action: str, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_transition(numbered(2, state=1), at(0), action, **arguments)


def test_a_field_or_a_value_that_does_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="age_ticks"):
        plan_set(numbered(2), at(0), {"age_tick": 1})
    with pytest.raises(UsageError, match="no word can hold"):
        plan_set(numbered(2), at(0), {"age_ticks": 2**32})


def test_an_edit_knows_which_slots_change() -> None:
    slots = numbered(4)
    slots["priority"][[1, 2]] = 3
    edit = plan_set(slots, at(0, 1, 2), {"priority": 3})
    assert edit.differs.tolist() == [True, False, False]
    assert edit.changes().numbers.tolist() == [0]
    assert len(edit) == 3


# --- writing ---


def test_a_change_in_one_page_keeps_the_file(path: Path) -> None:
    write_ring(path, numbered(200, state=1))
    inode = path.stat().st_ino
    edit = edit_ring(path, setting(66, 70, 127, tenant_id=9))
    assert path.stat().st_ino == inode
    wanted = numbered(200, state=1)
    wanted["tenant_id"][[66, 70, 127]] = 9
    assert path.read_bytes() == wanted.tobytes()
    assert edit.before["tenant_id"].tolist() == [0, 0, 0]
    assert edit.after["tenant_id"].tolist() == [9, 9, 9]


def test_consecutive_slots_before_an_edit_are_not_shown_as_they_are_after(path: Path) -> None:
    write_ring(path, numbered(3, state=1))
    edit = edit_ring(path, setting(0, 1, 2, state=7))
    assert edit.before["state"].tolist() == [1, 1, 1]


def test_a_change_in_two_pages_replaces_the_file(path: Path) -> None:
    write_ring(path, numbered(200, state=1))
    path.chmod(0o640)
    inode = path.stat().st_ino
    edit = edit_ring(path, setting(63, 64, state=3))
    assert path.stat().st_ino != inode
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert np.flatnonzero(read(path)["state"] == 3).tolist() == [63, 64]
    assert edit.before["state"].tolist() == [1, 1]


def test_a_large_ring_changes_in_every_chunk_asked_for(path: Path) -> None:
    total = 3 * CHUNK_SLOTS + 7
    write_ring(path, numbered(total))
    chosen = [0, CHUNK_SLOTS - 1, CHUNK_SLOTS, 3 * CHUNK_SLOTS, total - 1]
    edit_ring(path, setting(*chosen, state=1))
    wanted = numbered(total)
    wanted["state"][chosen] = 1
    assert path.read_bytes() == wanted.tobytes()


def test_a_backup_is_the_old_ring(path: Path) -> None:
    old = write_ring(path, numbered(3, state=1))
    edit_ring(path, setting(0, state=2), backup=True)
    assert path.with_name("ring.bin.bak").read_bytes() == old
    assert read(path)["state"].tolist() == [2, 1, 1]


def test_other_hard_links_keep_the_old_ring(path: Path) -> None:
    old = write_ring(path, numbered(3, state=1))
    twin = path.with_name("twin.bin")
    twin.hardlink_to(path)
    edit_ring(path, setting(0, state=2))
    assert twin.read_bytes() == old
    assert read(path)["state"].tolist() == [2, 1, 1]


def test_an_edit_through_a_symlink(path: Path) -> None:
    write_ring(path, numbered(100, state=1))
    link = path.with_name("link.bin")
    link.symlink_to(path)
    edit_ring(link, setting(0, state=2))
    edit_ring(link, setting(0, 99, state=3))
    assert link.is_symlink()
    assert read(path)["state"][[0, 99]].tolist() == [3, 3]


@pytest.mark.parametrize("numbers", [(), (0,), tuple(range(100))])
def test_nothing_is_written_when_nothing_changes(path: Path, numbers: tuple[int, ...]) -> None:
    write_ring(path, numbered(100, state=1))
    before = trace(path)
    edit = edit_ring(path, setting(*numbers, state=1), backup=True)
    assert len(edit) == len(numbers)
    assert trace(path) == before
    assert not path.with_name("ring.bin.bak").exists()


def test_a_dry_run_writes_nothing_and_takes_no_lock(path: Path) -> None:
    write_ring(path, numbered(100, state=1))
    Path(f"{path}.lock").unlink()
    before = trace(path)
    edit = edit_ring(path, setting(0, 99, state=2), dry_run=True)
    assert edit.after["state"].tolist() == [2, 2]
    assert trace(path) == before
    assert list(path.parent.iterdir()) == [path]
    with another_holder(path):
        assert len(edit_ring(path, setting(0, state=2), dry_run=True)) == 1


# --- errors: the old bytes stay ---


def test_a_transition_is_all_or_nothing(path: Path) -> None:
    slots = numbered(200, state=1)
    slots["state"][150] = 3
    write_ring(path, slots)
    before = trace(path)
    with pytest.raises(IllegalTransitionError) as caught:
        edit_ring(path, lambda ring: plan_transition(ring, np.arange(200), "complete"))
    assert caught.value.slot == 150
    assert caught.value.where == f"{path}, slot 150"
    assert trace(path) == before
    slots["yield_count"][149] = 2**32 - 1
    write_ring(path, slots)
    with pytest.raises(CounterOverflowError, match="slot 149: yield_count"):
        edit_ring(path, lambda ring: plan_transition(ring, np.arange(200), "yield", pc=0, data=0))


def test_an_unknown_state_is_never_moved(path: Path) -> None:
    write_ring(path, numbered(3, state=99))
    before = trace(path)
    for action, row in TRANSITIONS.items():
        arguments = dict.fromkeys(row.arguments, 0)
        with pytest.raises(IllegalTransitionError, match=r"unknown\(99\)"):
            edit_ring(path, lambda ring, a=action, g=arguments: plan_transition(ring, at(1), a, **g))  # type: ignore[misc]
    assert trace(path) == before


def test_files_that_are_no_rings(path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        edit_ring(path, setting(0, state=1))
    assert list(path.parent.iterdir()) == []
    path.write_bytes(bytes(100))
    with pytest.raises(RingFormatError, match="36 bytes are left over"):
        edit_ring(path, setting(0, state=1))
    with pytest.raises(FileError, match="is a directory"):
        edit_ring(path.parent, setting(0, state=1))


@pytest.mark.parametrize("numbers", [(0,), (0, 99)])
def test_a_held_ring_is_left_alone(path: Path, numbers: tuple[int, ...]) -> None:
    write_ring(path, numbered(100, state=1))
    before = trace(path)
    with another_holder(path, "launch") as other, pytest.raises(RingHeldError) as caught:
        edit_ring(path, setting(*numbers, state=2))
    assert caught.value.holder == f"pid {other.pid} (launch)"
    assert trace(path) == before


def test_a_holder_may_edit_its_own_ring(path: Path) -> None:
    write_ring(path, numbered(100, state=1))
    with hold(path, role="launch") as held:
        edit_ring(path, setting(0, state=2), held=held)
        edit_ring(path, setting(0, 99, state=3), held=held)
        with pytest.raises(RingHeldError):
            edit_ring(path, setting(0, state=4))
    assert read(path)["state"][[0, 99]].tolist() == [3, 3]


def test_a_read_only_ring_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ring(path, numbered(100, state=1))
    path.chmod(0o444)
    before = trace(path)
    if os.geteuid() == 0:  # the superuser may write everything
        real = os.open

        def refuse(name: str, flags: int, *rest: int, **named: int) -> int:
            if flags & os.O_RDWR and os.fspath(name) == str(path):
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(name, flags, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)
        monkeypatch.setattr(os, "access", lambda *_: False)
    for numbers in ((0,), (0, 99)):
        with pytest.raises(FileError, match="permission denied"):
            edit_ring(path, setting(*numbers, state=2))
    assert trace(path) == before


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_a_write_in_place_that_fails_is_undone(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    old = write_ring(path, numbered(10, state=1))
    real = getattr(os, call)
    calls: list[str] = []

    def refuse(*arguments: int) -> int:
        if path.exists() and os.path.samestat(os.fstat(arguments[0]), path.stat()) and not calls:
            calls.append(call)
            raise OSError(errno.ENOSPC, "No space left on device")
        result: int = real(*arguments)
        return result

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(FileError, match="no space left"):
        edit_ring(path, setting(3, state=2))
    assert calls == [call]
    assert path.read_bytes() == old


def test_a_full_disk_leaves_the_old_ring(path: Path) -> None:
    old = write_ring(path, numbered(400, state=1))
    code = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from vyrectl.errors import FileError\n"
        "from vyrectl.edit.edit import plan_set\n"
        "from vyrectl.edit.write import edit_ring\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try:\n"
        "    edit_ring(sys.argv[1], lambda slots: plan_set(slots, np.arange(400), {'state': 2}), backup=True)\n"
        "except FileError as error:\n"
        "    print(error.details()['errno'])\n"
    )
    assert run_python(code, str(path)).stdout == "EFBIG\n"
    assert path.read_bytes() == old
    assert sorted(one.name for one in path.parent.iterdir()) == ["ring.bin", "ring.bin.lock"]


@pytest.mark.parametrize("numbers", [(0,), (0, 99)])
@pytest.mark.parametrize("meddle", ["replace", "delete", "shrink", "grow", "rewrite"])
def test_a_ring_that_changes_under_the_plan_is_left_alone(
    path: Path, numbers: tuple[int, ...], meddle: str
) -> None:
    write_ring(path, numbered(100, state=1))
    theirs = path.with_name("theirs.bin")
    write_ring(theirs, numbered(100, state=5))

    def plan(slots: SlotArray) -> Edit:
        edit = plan_set(slots.copy(), at(*numbers), {"state": 2})
        if meddle == "replace":
            theirs.replace(path)
        elif meddle == "delete":
            path.unlink()
        elif meddle == "rewrite":
            os.utime(path, ns=(0, 0))
        else:
            os.truncate(path, 64 if meddle == "shrink" else 12800)
        return edit

    with pytest.raises(FileError) as caught:
        edit_ring(path, plan)
    assert caught.value.fix
    if path.exists():
        assert 2 not in read(path)["state"]
    assert leftovers(path.parent) == []


# --- many writers, and readers beside them ---

RACER = """
import sys, time
import numpy as np
from vyrectl.errors import RingHeldError
from vyrectl.edit.write import edit_ring
from vyrectl.edit.edit import plan_transition
path, turns, numbers = sys.argv[1], int(sys.argv[2]), np.array([int(one) for one in sys.argv[3].split(",")])
for _ in range(turns):
    while True:
        try:
            edit_ring(path, lambda slots: plan_transition(slots, numbers, "requeue", pc=0, data=0, priority=2))
            break
        except RingHeldError:
            time.sleep(0.001)
"""


@pytest.mark.parametrize("numbers", ["0", "0,99"])
def test_no_update_is_lost_between_processes(path: Path, numbers: str) -> None:
    write_ring(path, numbered(100, state=1))
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(path), "25", numbers], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.communicate(timeout=120)[1] == b""
    slot = read(path)[0]
    assert (slot["requeue_count"], slot["age_ticks"], slot["state"]) == (75, 75, 6)
    assert leftovers(path.parent) == []


def test_readers_see_the_old_ring_or_the_new_one(path: Path) -> None:
    write_ring(path, numbered(500, param=0))
    stop, mixed = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            with Ring.open(path) as ring:
                seen = np.unique(ring.slots["param"])
            if len(seen) != 1:
                mixed.append(seen)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for value in range(1, 40):
            edit_ring(path, lambda slots, v=value: plan_set(slots, np.arange(500), {"param": v}))  # type: ignore[misc]
    finally:
        stop.set()
        reader.join()
    assert mixed == []
    assert np.unique(read(path)["param"]).tolist() == [39]


def test_the_whole_way_from_a_condition_to_the_file(path: Path) -> None:
    slots = numbered(1000, state=4)
    slots["age_ticks"] = np.arange(1000) % 40
    write_ring(path, slots)

    def plan(ring: SlotArray) -> Edit:
        chosen = select(ring, where="state == paused and age_ticks > 10", op_codes=OPS)
        return plan_transition(ring, chosen, "resume")

    edit = edit_ring(path, plan)
    assert len(edit) == 725
    after = read(path)
    assert (after["state"] == np.where(slots["age_ticks"] > 10, 1, 4)).all()
    assert (after["flags"] == np.where(slots["age_ticks"] > 10, 8, 0)).all()
