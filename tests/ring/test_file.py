"""Ring files: what opens, what each kind of bad input is told, and how a ring is saved."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ring.rings import leftovers, numbered, run_python, write_ring
from vyrectl import SLOT_DTYPE, Ring, TaskQueueSnapshot, launch
from vyrectl.abi.limits import MAX_SLOTS
from vyrectl.errors import (
    FileError,
    InvalidInputError,
    RingFormatError,
    RingHeldError,
    UnknownStateError,
    UsageError,
)
from vyrectl.files.window import window


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring.bin"


# --- opening ---


def test_a_ring_opens_as_its_bytes_and_slots(path: Path) -> None:
    data = write_ring(path, numbered(5, state=1))
    with Ring.open(path) as ring:
        assert bytes(ring.data) == data
        assert ring.slots.dtype == SLOT_DTYPE
        assert list(ring.slots["task_id"]) == [0, 1, 2, 3, 4]
        assert (len(ring), ring.path, ring.name) == (5, path, str(path))
        assert not ring.slots.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            ring.slots["state"] = 0


def test_an_empty_file_is_an_empty_ring(path: Path) -> None:
    path.touch()
    for writable in (False, True):
        with Ring.open(path, writable) as ring:
            assert len(ring) == len(ring.slots) == 0
            assert ring.snapshot() == TaskQueueSnapshot()


@pytest.mark.parametrize("wrong", [np.zeros(32, SLOT_DTYPE), "ring.bin", b"", np.zeros(32, "u4").data])
def test_the_name_alone_makes_none(wrong: Any) -> None:
    with pytest.raises(UsageError, match="is not made from") as caught:
        Ring(wrong)
    assert "Ring.from_slots(array)" in str(caught.value.fix)


@pytest.mark.parametrize("wrong", [None, 5, b"ring.bin", np.zeros(3, SLOT_DTYPE)])
def test_what_is_no_path_is_told_so(wrong: Any) -> None:
    for call in (Ring.open, launch):
        with pytest.raises(UsageError, match="opened by its path, and this is") as caught:
            call(wrong)
        assert "Ring.from_slots(array)" in str(caught.value.fix)


def test_views_outlive_the_ring_and_the_ring_says_that_it_is_closed(path: Path) -> None:
    write_ring(path, numbered(3))
    ring = Ring.open(path)
    slots = ring.slots
    ring.close()
    ring.close()
    assert list(slots["task_id"]) == [0, 1, 2]
    with pytest.raises(ValueError, match="closed"):
        ring.slots  # noqa: B018
    with pytest.raises(ValueError, match="closed"):
        len(ring)


@pytest.mark.parametrize("length", [1, 63, 65, 100, 127])
def test_bytes_left_over_are_counted(path: Path, length: int) -> None:
    path.write_bytes(bytes(length))
    with pytest.raises(RingFormatError) as caught:
        Ring.open(path)
    assert caught.value.left_over == length % 64
    assert caught.value.exit_code == 3
    assert f"{length % 64} bytes are left over" in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(FileError, match="no such file") as caught:
        Ring.open(path)
    assert caught.value.exit_code == 1
    assert caught.value.details() == {"errno": "ENOENT"}
    assert caught.value.where == str(path)


def test_a_writable_open_of_a_missing_file_leaves_no_lock(path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        Ring.open(path, writable=True)
    assert list(path.parent.iterdir()) == []


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory") as caught:
        Ring.open(tmp_path)
    assert caught.value.fix == "Name a file, not a folder"


def test_a_file_below_a_file(path: Path) -> None:
    write_ring(path, numbered(1))
    with pytest.raises(FileError, match="not a directory"):
        Ring.open(path / "ring.bin")


def test_a_pipe_is_refused_at_once(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(FileError, match="pipe"):
        Ring.open(path)


def test_a_socket_and_a_device_are_refused(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
        with pytest.raises(FileError, match="socket"):
            Ring.open(path)
    with pytest.raises(FileError, match="device"):
        Ring.open("/dev/zero")


def test_an_unreadable_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_ring(path, numbered(1))
    path.chmod(0)
    if os.geteuid() == 0:  # the superuser may read everything
        real = os.open

        def refuse(name: str, *rest: int, **named: int) -> int:
            if os.fspath(name) == str(path):
                raise PermissionError(13, "Permission denied")
            return real(name, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="permission denied") as caught:
        Ring.open(path)
    assert caught.value.details() == {"errno": "EACCES"}
    monkeypatch.undo()
    path.chmod(0o600)
    assert path.read_bytes() == data


def test_more_slots_than_a_u32_can_number(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate((MAX_SLOTS + 1) * 64)
    with pytest.raises(RingFormatError, match="268435456 slots are more than"):
        Ring.open(path)
    with Ring.open(path, count=MAX_SLOTS) as ring:
        assert len(ring) == MAX_SLOTS


# --- windows ---


def test_a_ring_inside_a_larger_dump(path: Path) -> None:
    slots = numbered(6, state=1)
    path.write_bytes(b"head!" + slots.tobytes() + b"tail")
    with Ring.open(path, offset=5 + 64, count=3) as ring:
        assert list(ring.slots["task_id"]) == [1, 2, 3]
        assert ring.snapshot().ready_count == 3
    with Ring.from_bytes(path.read_bytes(), offset=5, count=6) as ring:
        assert ring.slots.tobytes() == slots.tobytes()
    with pytest.raises(RingFormatError, match="4 bytes are left over"):
        Ring.open(path, offset=5)


@pytest.mark.parametrize(
    ("offset", "count", "message"),
    [(129, None, "past the end"), (0, 3, "2 whole ones"), (65, 1, "0 whole ones"), (128, 1, "0 whole ones")],
)
def test_a_window_outside_the_file(path: Path, offset: int, count: int | None, message: str) -> None:
    write_ring(path, numbered(2))
    with pytest.raises(RingFormatError, match=message):
        Ring.open(path, offset=offset, count=count)


@pytest.mark.parametrize(("offset", "count"), [(-1, None), (0, -1)])
def test_a_negative_window(offset: int, count: int | None) -> None:
    with pytest.raises(UsageError, match="not negative"):
        Ring.from_bytes(bytes(128), offset=offset, count=count)


@given(st.integers(0, 400), st.integers(0, 400), st.none() | st.integers(0, 8))
def test_a_window_is_inside_or_refused(size: int, offset: int, count: int | None) -> None:
    try:
        slots = window(size, offset, count, where="-")
    except RingFormatError:
        fits = offset <= size and (count is None or offset + 64 * count <= size)
        assert not fits or (count is None and (size - offset) % 64)
    else:
        assert offset + 64 * slots <= size
        assert slots == ((size - offset) // 64 if count is None else count)


# --- in memory ---


def test_from_slots_shares_the_array() -> None:
    slots = numbered(2)
    ring = Ring.from_slots(slots)
    slots["state"] = 4
    assert ring.snapshot().paused_count == 2
    ring.slots["state"][0] = 1
    assert list(slots["state"]) == [1, 4]


def test_from_slots_of_a_view_with_gaps() -> None:
    ring = Ring.from_slots(numbered(6)[::2])
    assert list(ring.slots["task_id"]) == [0, 2, 4]


@pytest.mark.parametrize(
    "array", [np.zeros(4), np.zeros((2, 16), dtype="<u4"), np.zeros((2, 2), dtype=SLOT_DTYPE), [1, 2]]
)
def test_from_slots_takes_slots_only(array: object) -> None:
    with pytest.raises(InvalidInputError, match="SLOT_DTYPE"):
        Ring.from_slots(array)  # type: ignore[arg-type]


def test_from_bytes_is_read_only_and_named() -> None:
    ring = Ring.from_bytes(bytearray(64), "stdin")
    assert ring.name == "stdin"
    assert ring.data.readonly
    with pytest.raises(RingFormatError, match=r"stdin: 10 bytes"):
        Ring.from_bytes(bytes(10), "stdin")


# --- snapshots ---


def test_small_and_large_rings_are_counted_alike(path: Path) -> None:
    slots = numbered(40_000, requeue_count=3)
    slots["state"] = np.arange(40_000) % 8
    slots["age_ticks"] = np.arange(40_000)[::-1]
    large = Ring.from_slots(slots)
    parts = [Ring.from_slots(slots[start : start + 10_000]).snapshot() for start in range(0, 40_000, 10_000)]
    whole = large.snapshot()
    assert whole.ready_count == sum(part.ready_count for part in parts) == 5_000
    assert whole.total_requeues == 120_000
    assert whole.max_priority_age == 39_999


@pytest.mark.parametrize("count", [3, 40_000])
def test_an_unknown_state_is_named_with_its_slot_and_file(path: Path, count: int) -> None:
    slots = numbered(count, state=1)
    slots["state"][2] = 99
    write_ring(path, slots)
    with Ring.open(path) as ring, pytest.raises(UnknownStateError) as caught:
        ring.snapshot()
    assert (caught.value.word, caught.value.slot, caught.value.where) == (99, 2, str(path))
    with Ring.open(path) as ring:
        assert ring.tally().snapshot(lenient=True).ready_count == count - 1


def test_a_small_rings_snapshot_needs_no_numpy(path: Path) -> None:
    write_ring(path, numbered(1000, state=1))
    code = (
        "import sys\n"
        "from vyrectl import Ring\n"
        "import vyrectl.files.replace, vyrectl.files.ring_lock, vyrectl.sidecar.hold\n"
        "import vyrectl.ring.where, vyrectl.ring.select, vyrectl.ring.mix\n"
        "with Ring.open(sys.argv[1]) as ring:\n"
        "    assert ring.snapshot().ready_count == len(ring) == 1000\n"
        "    assert len(ring.data) == 64000\n"
        "assert 'numpy' not in sys.modules\n"
        "ring = Ring.create(sys.argv[2], 4)\n"
        "assert 'numpy' not in sys.modules\n"
    )
    run_python(code, str(path), str(path.with_name("new.bin")))


# --- creating and saving ---


@pytest.mark.parametrize("count", [0, 1, 100, 40_000])
def test_create_writes_empty_slots(path: Path, count: int) -> None:
    with Ring.create(path, count) as ring:
        assert len(ring) == count
    assert path.read_bytes() == bytes(64 * count)
    assert sorted(one.name for one in path.parent.iterdir()) == ["ring.bin", "ring.bin.lock"]


def test_create_never_overwrites_unasked(path: Path) -> None:
    data = write_ring(path, numbered(2))
    with pytest.raises(FileError, match="exists already"):
        Ring.create(path, 5)
    assert path.read_bytes() == data
    assert len(Ring.create(path, 5, overwrite=True)) == 5
    assert leftovers(path.parent) == []


def test_create_checks_the_number_before_it_writes(path: Path) -> None:
    with pytest.raises(RingFormatError, match="268435456 slots"):
        Ring.create(path, MAX_SLOTS + 1)
    assert not path.exists()


def test_save_to_a_new_path(path: Path) -> None:
    ring = Ring.from_slots(numbered(3))
    ring.save(path)
    assert ring.path == path
    assert path.read_bytes() == numbered(3).tobytes()
    with pytest.raises(FileError, match="exists already"):
        ring.save(path, overwrite=False)


def test_save_needs_a_path_or_a_writable_ring(path: Path) -> None:
    write_ring(path, numbered(3))
    with Ring.open(path) as ring, pytest.raises(UsageError, match="cannot be saved"):
        ring.save()
    with pytest.raises(UsageError, match="cannot be saved"):
        Ring.from_slots(numbered(1)).save()


def test_a_writable_ring_changes_only_by_save(path: Path) -> None:
    data = write_ring(path, numbered(3))
    with Ring.open(path, writable=True) as ring:
        ring.slots["state"] = 1
        assert path.read_bytes() == data
        ring.save()
        first = path.read_bytes()
        ring.slots["state"][1] = 2
        ring.save(backup=True)
    assert list(np.frombuffer(first, SLOT_DTYPE)["state"]) == [1, 1, 1]
    assert list(np.frombuffer(path.read_bytes(), SLOT_DTYPE)["state"]) == [1, 2, 1]
    assert path.with_name("ring.bin.bak").read_bytes() == first


def test_an_unsaved_change_is_lost(path: Path) -> None:
    data = write_ring(path, numbered(3))
    with Ring.open(path, writable=True) as ring:
        ring.slots["state"] = 1
    assert path.read_bytes() == data


def test_a_writable_ring_is_held_until_it_is_closed(path: Path) -> None:
    write_ring(path, numbered(1))
    with Ring.open(path, writable=True, role="repair"):
        with pytest.raises(RingHeldError, match=rf"pid {os.getpid()} \(repair\)"):
            Ring.open(path, writable=True)
        with pytest.raises(RingHeldError):
            Ring.from_slots(numbered(2)).save(path)
        with Ring.open(path) as reader:
            assert len(reader) == 1
    Ring.open(path, writable=True).close()


def test_saving_a_window_keeps_what_lies_around_it(path: Path) -> None:
    path.write_bytes(b"head" + numbered(2).tobytes() + b"tail")
    with Ring.open(path, writable=True, offset=4, count=2) as ring:
        ring.slots["state"] = 7
        ring.save()
        ring.save(path.with_name("part.bin"))
    saved = numbered(2, state=7).tobytes()
    assert path.read_bytes() == b"head" + saved + b"tail"
    assert path.with_name("part.bin").read_bytes() == saved


def test_a_ring_that_was_replaced_meanwhile_is_not_saved_over(path: Path) -> None:
    write_ring(path, numbered(3))
    with Ring.open(path, writable=True) as ring:
        other = path.with_name("other.bin")
        theirs = write_ring(other, numbered(3, state=3))
        other.replace(path)
        ring.slots["state"] = 1
        with pytest.raises(FileError, match="replaced or changed"):
            ring.save()
    assert path.read_bytes() == theirs
    assert leftovers(path.parent) == []


@pytest.mark.parametrize("change", ["delete", "shrink", "grow"])
def test_a_ring_that_changed_meanwhile_is_not_saved_over(path: Path, change: str) -> None:
    write_ring(path, numbered(3))
    with Ring.open(path, writable=True) as ring:
        if change == "delete":
            path.unlink()
        else:
            os.truncate(path, 64 if change == "shrink" else 640)
        with pytest.raises(FileError, match="deleted, replaced or changed"):
            ring.save()
    assert leftovers(path.parent) == []
