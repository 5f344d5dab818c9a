"""Outputs that are mapped where they lie while a launch runs."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import numpy as np
import pytest

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine import arena
from vyrectl.engine.arena import continue_outputs, map_outputs
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.left import Fate, partial_path
from vyrectl.engine.npy import save_npy
from vyrectl.errors import FileError, UsageError
from vyrectl.task.arrays import SlotArray

EMPTY, READY, DONE = 0, 1, 3


def ring(*states: int) -> SlotArray:
    slots = np.zeros(len(states), SLOT_DTYPE)
    slots["state"] = states
    slots["task_id"] = np.arange(len(states))
    return slots


def table(folder: Path) -> BufferTable:
    return BufferTable(
        {
            0: Buffer(np.arange(5, dtype="<f4"), writable=False),
            2: Buffer(np.zeros((3, 1000), "<u4"), writable=True, output=folder / "a.npy"),
            3: Buffer(np.full(7, 1.5), writable=True, output=folder / "b.npy"),
            "args": Buffer(np.arange(8, dtype="<u4").reshape(2, 4), writable=False),
        }
    )


def memory_of(buffers: BufferTable, row: int) -> np.ndarray:
    rows, size = buffers.layout()
    assert buffers.arena is not None
    assert size == buffers.arena.memory.nbytes
    start = int(rows[row]["offset"])
    return buffers.arena.memory[start : start + int(rows[row]["bytes"])]


def test_arrays_are_views_of_one_range(tmp_path: Path) -> None:
    buffers = table(tmp_path)
    map_outputs(buffers, ring(READY))
    for row, buffer in enumerate(buffers.rows):
        if buffer is not None:
            assert (memory_of(buffers, row) == buffer.array.reshape(-1).view(np.uint8)).all()
            assert buffer.array.flags.c_contiguous
    assert buffers.rows[1] is None
    memory_of(buffers, 2)[:4] = (1, 2, 0, 0)
    assert buffers.by_handle[2].array[0, 0] == 513
    partial = np.load(partial_path(tmp_path / "a.npy"))
    assert partial[0, 0] == 513, "what the device writes is in the file at once"
    assert not (tmp_path / "a.npy").exists()


def test_the_end_gives_each_file_its_name_and_numpys_own_bytes(tmp_path: Path) -> None:
    buffers = table(tmp_path)
    map_outputs(buffers, ring(READY))
    buffers.by_handle[2].array[...] = 9
    assert buffers.save_outputs() == [tmp_path / "a.npy", tmp_path / "b.npy"]
    buffers.finish_outputs()
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "b.npy"]
    save_npy(tmp_path / "same.npy", np.full((3, 1000), 9, "<u4"))
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "same.npy").read_bytes()
    assert np.load(tmp_path / "b.npy").tolist() == [1.5] * 7


@pytest.mark.parametrize(
    ("before", "after", "continues"),
    [
        ((READY, READY), (DONE, READY), True),
        ((READY, READY), (READY, READY), False),
        ((DONE, READY), (DONE, READY), False),
        ((READY, READY), (DONE, READY, READY), False),
        ((READY, EMPTY), (DONE, READY), True),
        ((READY, EMPTY), (DONE, DONE), True),
    ],
)
def test_a_later_launch_goes_on_with_the_same_tasks_only(
    tmp_path: Path, before: tuple[int, ...], after: tuple[int, ...], continues: bool
) -> None:
    first = table(tmp_path)
    map_outputs(first, ring(*before))
    first.by_handle[2].array[1, 1] = 77
    assert first.arena is not None
    for output in first.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)  # as when the launch is killed
    second = table(tmp_path)
    map_outputs(second, ring(*after))
    assert second.by_handle[2].array[1, 1] == (77 if continues else 0)
    assert second.by_handle[3].array.tolist() == [1.5] * 7
    assert second.arena is not None
    assert bool(second.arena.continued) is continues


def test_children_in_empty_slots_do_not_make_other_tasks_of_them(tmp_path: Path) -> None:
    first, before, after = table(tmp_path), ring(READY, EMPTY, EMPTY), ring(DONE, READY, EMPTY)
    map_outputs(first, before)
    assert first.arena is not None
    for output in first.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)
    after["op_handle"][1:], after["parent_task_id"][1:], after["task_id"][1:] = 7, 9, 100
    second = table(tmp_path)
    map_outputs(second, after)
    assert second.arena is not None
    assert second.arena.continued
    for output in second.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)
    after["task_id"][0] = after["tenant_id"][0] = 3
    third = table(tmp_path)
    map_outputs(third, after)
    assert third.arena is not None
    assert third.arena.continued
    for output in third.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)
    after["param"][0] = 3
    fourth = table(tmp_path)
    map_outputs(fourth, after)
    assert fourth.arena is not None
    assert not fourth.arena.continued
    assert [(one.left.name, one.goes_on) for one in fourth.found] == [
        ("a.npy.partial.1", False),
        ("b.npy.partial.1", False),
    ]
    assert (tmp_path / "a.npy.partial.1").stat().st_size > 0


def named_by_a_killed_launch(folder: Path) -> None:
    """Outputs that have their names, with a 77 in one, of a launch whose locks are gone as those of a dead process."""
    first = table(folder)
    map_outputs(first, ring(READY))
    first.by_handle[2].array[1, 1] = 77
    first.save_outputs()
    assert first.arena is not None
    for output in first.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)


@pytest.mark.parametrize("moved_on", [True, False])
def test_a_launch_that_was_killed_after_it_named_its_outputs_finds_them(
    tmp_path: Path, moved_on: bool
) -> None:
    named_by_a_killed_launch(tmp_path)
    second = table(tmp_path)
    map_outputs(second, ring(DONE if moved_on else READY))
    assert second.by_handle[2].array[1, 1] == (77 if moved_on else 0)
    assert (tmp_path / "a.npy").exists() is not moved_on
    second.save_outputs()
    second.finish_outputs()
    save_npy(tmp_path / "same.npy", second.by_handle[2].array)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "same.npy").read_bytes()
    third = table(tmp_path)
    map_outputs(third, ring(DONE))
    assert third.by_handle[2].array[1, 1] == 0, "what a launch has ended with is not its successor's"


def test_what_a_killed_launch_had_named_is_kept_where_its_tasks_are_others_now(tmp_path: Path) -> None:
    first, before = table(tmp_path), ring(READY, READY)
    map_outputs(first, before)
    first.by_handle[2].array[1, 1] = 77
    first.save_outputs()
    assert first.arena is not None
    for output in first.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)
    named = (tmp_path / "a.npy").read_bytes()
    after = ring(DONE, READY)
    after["param"] = 5
    second = table(tmp_path)
    map_outputs(second, after)
    assert [(one.left.name, one.goes_on) for one in second.found] == [
        ("a.npy.partial.1", False),
        ("b.npy.partial.1", False),
    ]
    assert (tmp_path / "a.npy.partial.1").read_bytes() == named
    assert second.by_handle[2].array[1, 1] == 0


@pytest.mark.parametrize("mapped", [True, False])
def test_a_file_that_no_launch_sealed_is_kept_and_named_whatever_the_ring(
    tmp_path: Path, mapped: bool
) -> None:
    old = tmp_path / "a.npy"
    save_npy(old, np.ones(4))
    save_npy(tmp_path / "b.npy", np.full(7, 1.5))
    before = old.read_bytes()
    buffers = table(tmp_path)
    (map_outputs if mapped else continue_outputs)(buffers, ring(READY))
    assert [(one.left.name, one.fate) for one in buffers.found] == [
        ("a.npy.bak", Fate.REPLACED),
        ("b.npy.bak", Fate.REPLACED),
    ]
    assert old.read_bytes() == before
    buffers.save_outputs()
    buffers.finish_outputs()
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "a.npy.bak", "b.npy"], "b.npy is what it was"
    assert (tmp_path / "a.npy.bak").read_bytes() == before


@pytest.mark.parametrize("mapped", [True, False])
def test_what_a_killed_launch_had_named_goes_on_and_is_said_to_be_it(tmp_path: Path, mapped: bool) -> None:
    named_by_a_killed_launch(tmp_path)
    second = table(tmp_path)
    (map_outputs if mapped else continue_outputs)(second, ring(DONE))
    assert second.by_handle[2].array[1, 1] == 77
    assert [(one.fate, one.goes_on) for one in second.found] == [(Fate.TAKEN_BACK, True)] * 2
    said = str(second.found[0])
    assert said.startswith(f"{tmp_path / 'a.npy'}: goes on with what a launch of these tasks left there")
    second.save_outputs()
    second.finish_outputs()
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "b.npy"]
    assert np.load(tmp_path / "a.npy")[1, 1] == 77


def test_another_shape_begins_anew(tmp_path: Path) -> None:
    first = table(tmp_path)
    map_outputs(first, ring(READY))
    assert first.arena is not None
    for output in first.arena.outputs:
        fcntl.flock(output.fd, fcntl.LOCK_UN)
    buffers = BufferTable({0: Buffer(np.zeros(3000, "<u4"), writable=True, output=tmp_path / "a.npy")})
    map_outputs(buffers, ring(DONE))
    assert buffers.by_handle[0].array.sum() == 0


def test_one_launch_at_a_time_writes_an_output(tmp_path: Path) -> None:
    map_outputs(table(tmp_path), ring(READY))
    with pytest.raises(FileError, match="another launch is writing"):
        map_outputs(table(tmp_path), ring(READY))


def test_two_buffers_do_not_share_an_output(tmp_path: Path) -> None:
    buffers = BufferTable(
        {
            h: Buffer(np.zeros(3), writable=True, output=tmp_path / name)
            for h, name in enumerate(("a.npy", "./a.npy"))
        }
    )
    with pytest.raises(UsageError, match="two buffers are saved"):
        map_outputs(buffers, ring(READY))


def test_without_outputs_nothing_is_mapped(tmp_path: Path) -> None:
    buffers = BufferTable({0: Buffer(np.zeros(3), writable=True)})
    map_outputs(buffers, ring(READY))
    assert buffers.arena is None


def test_empty_arrays(tmp_path: Path) -> None:
    buffers = BufferTable({0: Buffer(np.zeros(0, "<u4"), writable=True, output=tmp_path / "none.npy")})
    map_outputs(buffers, ring(READY))
    buffers.save_outputs()
    assert np.load(tmp_path / "none.npy").shape == (0,)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="make the output"):
        map_outputs(table(tmp_path / "missing"), ring(READY))


def test_a_disk_that_gets_full_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def outputs(*names: str) -> BufferTable:
        return BufferTable(
            {
                h: Buffer(np.ones(9, "<u4"), writable=True, output=tmp_path / name)
                for h, name in enumerate(names)
            }
        )

    room = iter((True, True, False))

    def take(fd: int, size: int) -> None:
        if not next(room):
            raise OSError(errno.ENOSPC, "No space left on device")

    killed = outputs("kept.npy")
    map_outputs(killed, ring(READY))
    assert killed.arena is not None
    fcntl.flock(killed.arena.outputs[0].fd, fcntl.LOCK_UN)
    monkeypatch.setattr(arena, "take_room", take)
    with pytest.raises(FileError, match=r"make the output.*no space left"):
        map_outputs(outputs("kept.npy", "a.npy", "b.npy"), ring(DONE))
    assert os.listdir(tmp_path) == ["kept.npy.partial"]
    monkeypatch.undo()
    map_outputs(outputs("kept.npy", "a.npy", "b.npy"), ring(DONE))


def test_another_name_of_a_partial_file_keeps_its_bytes(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_bytes(b"kept")
    os.link(other, tmp_path / "a.npy.partial")
    buffers = BufferTable({0: Buffer(np.zeros(3), writable=True, output=tmp_path / "a.npy")})
    with pytest.raises(FileError, match="another name"):
        map_outputs(buffers, np.zeros(1, SLOT_DTYPE))
    assert other.read_bytes() == b"kept"
