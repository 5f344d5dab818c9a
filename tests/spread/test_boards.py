"""What the workers of several devices have in hand, as the command sees it and as whoever asks does."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.sidecar.watched import write_seats
from tests.spread.commands import write
from tests.support.rings import ready_tasks
from vyrectl.abi import watch as abi
from vyrectl.errors import SidecarError
from vyrectl.files.ring_lock import RingLock, holder_of
from vyrectl.sidecar.launched import ops_of_copy, workers_of
from vyrectl.sidecar.workers import Seats
from vyrectl.spread import boards as boards_module
from vyrectl.spread.boards import Boards

ENDED = 2
"""A place whose task has ended: its worker is between two turns."""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return write(tmp_path / "ring.bin", ready_tasks(64))


@pytest.fixture
def boards(ring: Path, monkeypatch: pytest.MonkeyPatch) -> Boards:
    monkeypatch.setattr(boards_module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(boards_module, "MOST_SHARE", 1e9)
    return Boards(ring, ["0:0", "0:0#2"], lambda place: place != ENDED)


def work(boards: Boards, device: str, *slots: int, seen: bool = True) -> None:
    """A device's process, with a worker at each of some places."""
    words = memoryview(boards.memory(device)).cast("B").cast("I")
    words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS] = abi.LANE_STRIDE, len(slots)
    write_seats(Seats.on_board(words), [(9, slot + 1, 0x1005, 0) for slot in slots])
    boards.begin(device, seen=seen)


def held(boards: Boards) -> list[tuple[str | None, int, int | None]]:
    return [(one.device, one.number, one.slot) for one in boards.workers()]


def test_workers_by_device(boards: Boards, ring: Path) -> None:
    assert (held(boards), boards.is_busy) == ([], False)
    work(boards, "0:0#2", 5, ENDED)
    work(boards, "0:0", 7, ENDED, seen=False)
    assert held(boards) == [("0:0", 0, 7), ("0:0", 1, ENDED), ("0:0#2", 0, 5), ("0:0#2", 1, None)]
    assert (boards.is_busy, boards.hides_slots) == (True, True)
    with RingLock(ring, role="launch"):
        found = workers_of(ring)
        assert {(one.device, one.slot) for one in found.busy} == {
            *(("0:0", 7), ("0:0", ENDED), ("0:0#2", 5), ("0:0#2", ENDED))
        }
        assert {one.to_record()["device"] for one in found.busy} == {"0:0", "0:0#2"}
        boards.end("0:0")
        assert [one.device for one in workers_of(ring).workers] == ["0:0#2", "0:0#2"]
        boards.end("0:0#2")
        with pytest.raises(SidecarError, match="has no workers yet"):
            workers_of(ring)
    assert (held(boards), boards.is_busy, boards.hides_slots) == ([], False, False)


def test_which_turns_hang_is_noted_on_the_board_of_their_device(boards: Boards, ring: Path) -> None:
    work(boards, "0:0", 7, seen=False)
    work(boards, "0:0#2", 5)
    boards.workers()
    time.sleep(0.05)
    seen = boards.workers()
    with RingLock(ring, role="launch"):
        for hung in ({7}, {5, 7}, set()):
            boards.note_hung([one for one in seen if one.slot in hung])
            assert {one.slot for one in workers_of(ring).busy if one.hung} == hung


def test_what_the_launch_was_given_outlives_its_shards(boards: Boards, ring: Path) -> None:
    boards.given([0x2000, 0x2001])
    work(boards, "0:0", 7)
    boards.end("0:0")
    with RingLock(ring, role="launch"):
        assert ops_of_copy(ring, holder_of(ring) or "") == {0x2000, 0x2001}
    assert ops_of_copy(ring, "another process") == frozenset()


def test_gathered_slots_are_called_as_in_the_ring(boards: Boards, ring: Path) -> None:
    boards.gathered(np.arange(63, -1, -1))
    work(boards, "0:0", 5)
    assert held(boards) == [("0:0", 0, 58)]
    with RingLock(ring, role="launch"):
        assert [one.slot for one in workers_of(ring).busy] == [58]
