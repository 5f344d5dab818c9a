"""Notes of launches whose results go elsewhere: found by the ring and by the result, and gone with their process."""

from __future__ import annotations

import json
import mmap
import os
import signal
from pathlib import Path

import pytest

from tests.sidecar.watched import write_seats
from tests.support.rings import slot, write_ring
from vyrectl.abi import watch as abi
from vyrectl.errors import FileError, SidecarError
from vyrectl.sidecar import note
from vyrectl.sidecar.board import make_board, make_memory, mark_of
from vyrectl.sidecar.launched import way_in, workers_of
from vyrectl.sidecar.note import nearby, noted, notes_about
from vyrectl.sidecar.workers import Seats

HANDS = ((4, 1, 0x1005, 9), (0, 0, 0, 3))


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_ring(tmp_path / "in.bin", slot(state=1, op_handle=0x1005))
    return Path("in.bin")


def board_of(ring: Path) -> mmap.mmap:
    """The board of a launch that has one task in hand."""
    board = make_board(ring)
    with memoryview(board).cast("B") as octets, octets.cast("I") as words:
        words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS] = abi.LANE_STRIDE, len(HANDS)
        write_seats(Seats.on_board(words), HANDS)
    return board


def test_a_launch_is_found_by_its_ring_and_by_its_result_while_it_lasts(ring: Path) -> None:
    before = sorted(os.listdir())
    with noted(ring, "out.bin"):
        [by_ring], [by_result] = notes_about(ring), notes_about("out.bin")
        assert by_ring == by_result
        assert (by_ring.pid, by_ring.ring) == (os.getpid(), str(ring.absolute()))
        assert str(by_ring) == f"pid {os.getpid()} (launch --output out.bin)"
        assert notes_about("another.bin") == []
        assert sorted(os.listdir()) == before, "nothing is written beside the ring"
        os.symlink("in.bin", "link.bin")
        assert notes_about("link.bin") == [by_ring]
    assert notes_about(ring) == notes_about("out.bin") == []


def test_a_result_that_is_older_is_not_the_ring_that_runs(ring: Path) -> None:
    write_ring(Path("out.bin"), slot(state=3))
    with noted(ring, "out.bin"):
        [found] = notes_about("out.bin")
        assert (found.reads("out.bin"), found.writes("out.bin")) == (False, True)
        os.replace("out.bin", ring)
        assert not found.reads(ring), "the ring's name is another file's by now"


def test_a_result_on_standard_output_has_no_name(ring: Path) -> None:
    with noted(ring, None):
        [found] = notes_about(ring)
        assert (found.output, found.option, found.writes("-")) == (None, "--output -", False)


def test_paths_as_they_are_typed_here(ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    assert nearby(str(tmp_path / "below" / "a.bin")) == "below/a.bin"
    monkeypatch.chdir(tmp_path / "below")
    assert nearby(str(tmp_path / "a.bin")) == str(tmp_path / "a.bin")


def test_a_note_is_its_own_process_s(ring: Path) -> None:
    """A child has a copy of the descriptor; what it says is about its parent."""
    said = {"pid": os.getpid() + 1, "ring": str(ring.absolute()), "output": None}
    for data in (json.dumps(said).encode(), b"no JSON", b"[]", b"{}"):
        with make_memory(f"vyrectl-launch-{mark_of(ring)}", len(data)) as memory:
            memory[:] = data
            assert notes_about(ring) == []


def test_where_the_system_shows_no_processes_there_are_no_notes(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noted(ring, "out.bin"):
        monkeypatch.setattr(note, "_PROCESSES", str(tmp_path / "none"))
        assert notes_about(ring) == []


def test_a_ring_that_is_gone_has_no_note(ring: Path) -> None:
    with noted("gone.bin", "out.bin"):
        assert notes_about("out.bin") == []


def test_workers_of_a_launch_are_found_by_both_names(ring: Path) -> None:
    with noted(ring, "out.bin"), board_of(ring):
        for name in (ring, Path("out.bin")):
            found = workers_of(name)
            assert (found.ring, found.held_by, found.lives, found.in_place) == (str(name), None, True, False)
            assert [(one.number, one.slot, one.launch) for one in found.workers] == [
                (0, 0, None),
                (1, None, None),
            ]
        assert way_in(ring, None).endswith(f"or end it in order: kill -TERM {os.getpid()}")
    with pytest.raises(FileError):
        workers_of(Path("out.bin"))
    assert way_in(ring, None) == "Start one: vyrectl launch in.bin"


def test_a_launch_that_gets_ready_has_no_workers_yet(ring: Path) -> None:
    with noted(ring, "out.bin"), pytest.raises(SidecarError, match="has no workers yet") as early:
        workers_of(ring)
    assert early.value.fix == "Ask again: vyrectl workers in.bin"


def test_of_two_launches_at_one_ring_each_worker_says_whose_it_is(ring: Path) -> None:
    def launch(output: str) -> tuple[int, int]:
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            with noted(ring, output), board_of(ring):
                os.write(go, b"1")
                os.close(go)
                signal.pause()
        os.close(go)
        os.read(ready, 1)
        return pid, ready

    children = [launch("a.bin"), launch("b.bin")]
    pids = [pid for pid, _ in children]
    try:
        found = workers_of(ring)
        assert [one.pid for one in found.notes] == sorted(pids)
        assert sorted((one.launch, one.slot) for one in found.busy) == sorted((pid, 0) for pid in pids)
        assert {one.called for one in found.busy} == {f"worker 0 of pid {pid}" for pid in pids}
        assert [one.pid for one in workers_of(Path("b.bin")).notes] == pids[1:]
    finally:
        for pid, ready in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ready)
    assert notes_about(ring) == [], "a launch that was killed has none"
