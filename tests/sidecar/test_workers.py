"""What workers have in hand: records of both widths, times that were seen, old and foreign sidecars, boards."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

import pytest

from tests.sidecar.watched import NOBODY, died_over, watched_sidecar, write_seats
from tests.support.rings import slot, write_ring
from vyrectl.abi import live as live_abi
from vyrectl.abi import watch as abi
from vyrectl.errors import SidecarError
from vyrectl.files.replace import FileIdentity
from vyrectl.files.ring_lock import RingLock
from vyrectl.sidecar import workers
from vyrectl.sidecar.board import make_board, mark_of, open_boards, open_order
from vyrectl.sidecar.crash import settle
from vyrectl.sidecar.launched import workers_of
from vyrectl.sidecar.sidecar import Sidecar, sidecar_path
from vyrectl.sidecar.workers import (
    Looked,
    Seats,
    Worker,
    Workers,
    WorkerWatch,
    busy,
    noted,
    turns_begun,
)

RUNNING, DONE = 2, 3
HANDS = ((4, 1, 0x1005, 9), (7, 2, 0, 1), (0, 0, 0, 3))
"""Worker 0 has slot 0 in hand, which is Running; 1 names slot 1, whose turn has ended; 2 nothing."""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.bin"
    write_ring(path, slot(state=RUNNING, op_handle=0x1005), slot(state=DONE))
    return path


class Time:
    """A clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ms = 5000
        monkeypatch.setattr(workers, "now_ms", lambda: self.ms & 0xFFFF_FFFF)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.mark.parametrize("stride", abi.STRIDES)
def test_a_turn_lasts_from_when_it_was_seen_first(ring: Path, time: Time, stride: int) -> None:
    with watched_sidecar(ring, HANDS, stride=stride) as sidecar:
        place, watch = Seats.in_sidecar(sidecar), WorkerWatch(lambda slot: slot == 0)
        assert [*Workers([watch.look(place)])] == [
            Worker(0, 0, 0x1005, 4, 9, 0.0),
            Worker(1, None, None, 7, 1),
            Worker(2, None, None, 0, 3),
        ]
        time.ms += 1500
        assert watch.look(place).worker(0).seconds == 1.5
        write_seats(place, [(5, 1, 0x1005, 9)])
        time.ms += 100
        assert watch.look(place).worker(0).seconds == 0.0


def test_times_go_on_where_the_milliseconds_wrap(ring: Path, time: Time) -> None:
    time.ms = 0xFFFF_FF00
    with watched_sidecar(ring, HANDS) as sidecar:
        place, watch = Seats.in_sidecar(sidecar), WorkerWatch()
        watch.look(place)
        time.ms += 1000
        assert watch.look(place).worker(0).seconds == 1.0


def test_others_find_what_the_host_has_noted(ring: Path, time: Time) -> None:
    with watched_sidecar(ring, HANDS) as sidecar:
        place = Seats.in_sidecar(sidecar)
        assert [one.seconds for one in noted(place)] == [None, None, None]
        host = WorkerWatch(writes=True)
        host.look(place)
        time.ms += 2000
        assert noted(place)[0].seconds == 0.0
        host.look(place)
        assert noted(place)[0].seconds == 2.0
        write_seats(place, [(5, 1, 0x1005, 9)])
        assert noted(place)[0].seconds is None  # a turn that it has not seen


def test_a_time_in_hand_does_not_shrink_when_its_launch_dies(ring: Path, time: Time) -> None:
    """Whoever looks between two looks of the host is told what will stand there if the launch is killed now."""
    with watched_sidecar(ring, HANDS) as sidecar:
        host = WorkerWatch(writes=True)
        for ms in (0, 7300):
            time.ms += ms
            host.look(Seats.in_sidecar(sidecar))
        time.ms += 4100
        lived = workers_of(ring).busy[0].seconds
        sidecar.words[live_abi.WORD["PID"]] = NOBODY
        assert workers_of(ring).busy[0].seconds == lived == 7.3


def test_the_longest_turn_comes_first() -> None:
    held = [Worker(number, number, 0, 1, 0, seconds) for number, seconds in enumerate((0.5, None, 2.0, 2.0))]
    assert [one.number for one in busy([*held, Worker(9, None, None, 1, 0)])] == [2, 3, 0, 1]


def test_what_a_look_found_is_the_same_in_columns() -> None:
    """Of several devices too, and over the moment at which the milliseconds wrap."""
    first = Looked([3, 4, 5], [7, 0, 9], [1, 2, 3], [0, 1, 0], [50, 0, 0xFFFF_FFF0], 60, "0:0")
    order = b"".join(place.to_bytes(4, "little") for place in (30, 20, 10))
    found = Workers(
        [first, Looked([8], [3], [6], [2], [40], 70, "0:1", order), Looked([], [], [], [], [], 0)]
    )
    whole = [
        Worker(0, 6, 1, 3, 0, 0.01, "0:0"),
        Worker(1, None, None, 4, 1, device="0:0"),
        Worker(2, 8, 3, 5, 0, 0.076, "0:0"),
        Worker(0, 10, 6, 8, 2, 0.03, "0:1"),
    ]
    assert [*found] == [found[at] for at in range(4)] == [found[at - 4] for at in range(4)] == whole
    assert found[1:3] == whole[1:3]
    assert len(found) == 4
    assert busy(found) == busy(whole) == [whole[2], whole[3], whole[0]]
    assert busy(found, 2) == busy(whole, 2) == busy(whole)[:2]
    assert turns_begun(found) == turns_begun(whole) == 20
    with pytest.raises(IndexError):
        found[4]


@pytest.mark.parametrize("changed", [2, 64])
def test_many_seats_are_noted_as_few_are(changed: int, time: Time) -> None:
    words = memoryview(bytearray(1 << 13)).cast("I")
    words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS] = abi.GROUP_STRIDE, 64
    place, host = Seats.on_board(words), WorkerWatch(writes=True)
    write_seats(place, [(1, number + 1, 5, 0) for number in range(64)])
    host.look(place)
    time.ms += 700
    write_seats(place, [(1 + (number < changed), number + 1, 5, 0) for number in range(64)])
    host.look(place)
    assert [one.seconds for one in noted(place)] == [0.0] * changed + [0.7] * (64 - changed)


def test_a_launch_of_this_process_is_looked_at(ring: Path) -> None:
    with watched_sidecar(ring, HANDS) as sidecar:
        found = workers_of(ring)
        assert (found.lives, found.in_place, [one.number for one in found.workers]) == (True, True, [0, 1, 2])
        assert [(one.slot, one.op_handle) for one in found.busy] == [(0, 0x1005)]
        sidecar.remove()
    with pytest.raises(SidecarError, match="no launch is running this ring"):
        workers_of(ring)


def test_what_the_workers_of_a_dead_launch_had_in_hand(ring: Path) -> None:
    died_over(ring, HANDS)
    found = workers_of(ring)
    assert (found.lives, found.held_by) == (False, None)
    assert [(one.slot, one.seconds) for one in found.busy] == [(0, 2.5)]
    assert settle(ring).words == {}


def test_a_sidecar_of_another_file_is_nobodys(ring: Path, tmp_path: Path) -> None:
    died_over(ring, HANDS)
    other = tmp_path / "other.bin"
    write_ring(other, slot(state=RUNNING))
    os.replace(other, ring)
    with pytest.raises(SidecarError, match="belongs to another file"):
        workers_of(ring)


def test_a_sidecar_of_the_version_before_is_settled_and_has_no_workers(ring: Path) -> None:
    identity = FileIdentity.of(ring.stat())
    with Sidecar.create(ring, identity, 2, workers=1, control_words=192, once=(0x1005,)) as sidecar:
        sidecar.words[live_abi.WORD["VERSION"]] = 1
        for name in ("WATCH_FIRST", "WATCH_SEATS", "WATCH_STRIDE"):
            sidecar.words[live_abi.WORD[name]] = 0
        sidecar.words[live_abi.WORD["PID"]] = NOBODY
    with pytest.raises(SidecarError, match="--no-watch, or by an older vyrectl"):
        workers_of(ring)
    assert settle(ring).faulted == (0,)
    assert not Path(sidecar_path(ring)).exists()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("VERSION", 4),
        ("WATCH_SEATS", 4000),
        ("WATCH_SEATS", 1 << 20),
        ("WATCH_STRIDE", 7),
        ("WATCH_FIRST", 9),
    ],
)
def test_a_header_that_lies_is_refused(ring: Path, word: str, value: int) -> None:
    died_over(ring, HANDS)
    with Sidecar.open(ring) as sidecar:
        sidecar.words[live_abi.WORD[word]] = value
    with pytest.raises(SidecarError, match="the live sidecar cannot be used"):
        workers_of(ring)


def board_of(ring: Path, hands: tuple[tuple[int, int, int, int], ...]) -> tuple[mmap.mmap, memoryview]:
    board = make_board(ring)
    words = memoryview(board).cast("B").cast("I")
    words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS] = abi.GROUP_STRIDE, len(hands)
    write_seats(Seats.on_board(words), hands)
    return board, words


def test_a_board_may_be_longer_than_a_file(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `ulimit -f`; then nobody else sees it."""

    def refuse(fd: int, size_bytes: int) -> None:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    monkeypatch.setattr(os, "ftruncate", refuse)
    assert make_board(ring)[:] == bytes(abi.BOARD_BYTES)
    assert open_boards(mark_of(ring), os.getpid()) == {}


def test_a_launch_on_a_copy_has_a_board(ring: Path) -> None:
    board, words = board_of(ring, HANDS)
    with RingLock(ring, role="launch"):
        found = workers_of(ring)
        assert (found.lives, found.in_place) == (True, False)
        assert [(one.number, one.slot) for one in found.busy] == [(0, 0), (1, 1)]  # its slots are not seen
        words[abi.BOARD_SEATS] = 0
        with pytest.raises(SidecarError, match="has no workers yet"):
            workers_of(ring)
        words.release()
        board.close()
        with pytest.raises(
            SidecarError, match="shows no workers yet: it gets its device ready, or compiles"
        ) as early:
            workers_of(ring)
        assert (early.value.fix or "").startswith("Ask again: vyrectl workers ")
    with (
        RingLock(ring, role="edit"),
        pytest.raises(SidecarError, match="holds the ring, and is no launch whose workers"),
    ):
        workers_of(ring)


@pytest.mark.parametrize(("stride", "count"), [(5, 3), (abi.LANE_STRIDE, abi.MOST_SEATS + 1), (16, 0)])
def test_a_board_that_lies_has_no_workers(stride: int, count: int) -> None:
    words = memoryview(bytearray(1 << 12)).cast("I")
    words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS] = stride, count
    assert [*Workers([WorkerWatch().look(Seats.on_board(words))])] == []


def test_a_board_without_descriptors_is_private(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "memfd_create", _refused)
    board = make_board(ring)
    assert len(board) == abi.BOARD_BYTES
    assert open_boards(mark_of(ring), os.getpid()) == {}
    assert open_boards(mark_of(ring), NOBODY) == {}
    assert open_order(mark_of(ring), NOBODY) is None
    board.close()


def _refused(name: str) -> int:
    raise OSError(38, os.strerror(38), name)
