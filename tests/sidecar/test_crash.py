"""What a killed launch or editor leaves half-way is finished by whoever takes the lock next."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.live.rings import crashed, note_editor, note_redo, read, tasks, write_ring
from vyrectl.abi import live as abi
from vyrectl.abi.faults import ORPHANED
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.edit.edit import plan_set
from vyrectl.edit.recover import recover_ring
from vyrectl.edit.write import edit_ring
from vyrectl.errors import RingHeldError, SidecarError
from vyrectl.live.host import LiveHost
from vyrectl.ring.file import Ring
from vyrectl.sidecar.crash import preview
from vyrectl.sidecar.hold import hold
from vyrectl.sidecar.process import Process

EMPTY, READY, RUNNING, DONE, PAUSED, YIELDED, REQUEUED, FAULTED = range(8)
WORDS = {0: YIELDED, 3: 2, 7: 70, 8: 80, 9: 90, 12: 12, 13: 13, 14: 14, 15: 2}


def words_of(slots: np.ndarray, number: int) -> tuple[int, ...]:
    return SLOT_STRUCT.unpack(slots[number].tobytes())


def test_a_half_written_turn_is_written_once_more(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, RUNNING, READY])
    with crashed(ring) as sidecar:
        note_redo(sidecar, 1, 0, WORDS)
    seen = preview(ring)
    assert (seen.finished, seen.faulted) == ((0,), ())
    assert read(ring)["state"].tolist() == [RUNNING, RUNNING, READY]
    with hold(ring, role="test") as held:
        assert held.settled == seen
    slots = read(ring)
    assert slots["state"].tolist() == [YIELDED, RUNNING, READY]
    assert {index: words_of(slots, 0)[index] for index in WORDS} == WORDS
    untouched = [index for index in range(16) if index not in WORDS]
    before = words_of(tasks([RUNNING]), 0)
    assert all(words_of(slots, 0)[index] == before[index] for index in untouched)
    assert os.listdir(tmp_path) != []
    assert not (tmp_path / "ring.bin.live").exists()


def test_a_record_of_a_published_slot_is_left_alone(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [DONE])
    before = ring.read_bytes()
    with crashed(ring) as sidecar:
        note_redo(sidecar, 0, 0, WORDS)
    with hold(ring, role="test") as held:
        assert not len(held.settled)
    assert ring.read_bytes() == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_records_the_later_turn_counts(tmp_path: Path, order: tuple[int, int]) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    with crashed(ring) as sidecar:
        note_redo(sidecar, order[0], 0, WORDS)
        note_redo(sidecar, order[1], 0, WORDS | {14: 15, 7: 71})
    with hold(ring, role="test"):
        assert read(ring)["continuation_pc"][0] == 71


@pytest.mark.parametrize(
    ("phase", "before", "after", "expected"),
    [
        (abi.PHASE_WRITING, READY, PAUSED, "after"),
        (abi.PHASE_CLAIMING, DONE, READY, "state"),
        (abi.PHASE_CLAIMING, READY, PAUSED, "nothing"),
        (abi.PHASE_PUBLISHING, READY, PAUSED, "nothing"),
    ],
)
def test_a_dead_editor(tmp_path: Path, phase: int, before: int, after: int, expected: str) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    was = words_of(read(ring), 0)
    wanted = (after, *range(50, 65))
    with crashed(ring) as sidecar:
        note_editor(sidecar, phase, 0, before, wanted)
    with hold(ring, role="test"):
        words = words_of(read(ring), 0)
    assert words == {"after": wanted, "state": (before, *was[1:]), "nothing": was}[expected]


def test_an_editor_that_had_written_everything_but_the_state(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    was = words_of(read(ring), 0)
    with crashed(ring) as sidecar:
        note_editor(sidecar, abi.PHASE_PUBLISHING, 0, READY, (PAUSED, *was[1:]))
    with hold(ring, role="test"):
        assert words_of(read(ring), 0) == (PAUSED, *was[1:])


@pytest.mark.parametrize(
    ("phase", "before", "after", "state"),
    [
        (abi.PHASE_WRITING, READY, PAUSED, PAUSED),
        (abi.PHASE_CLAIMING, READY, PAUSED, READY),
        (abi.PHASE_PUBLISHING, READY, YIELDED, YIELDED),
    ],
)
def test_a_launch_finishes_dead_editors_itself(
    tmp_path: Path, phase: int, before: int, after: int, state: int
) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    was = words_of(read(ring), 0)
    with hold(ring, role="launch"):
        host = LiveHost(ring, 1)
        host.open(1, np.zeros(192, np.uint32))
        assert host.sidecar is not None
        host.mark()
        note_editor(host.sidecar, phase, 0, before, (after, *was[1:]))
        assert not host.quiet()
        assert host.sidecar.is_live()
        assert words_of(read(ring), 0) == (state, *was[1:])
        host.mark()
        assert host.quiet()
        assert not host.sidecar.is_live()
        host.finish()
    assert not (tmp_path / "ring.bin.live").exists()


def test_a_living_editor_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.sidecar.crash.EDITOR_SECONDS", 0.02)
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    me = Process.current()
    with crashed(ring) as sidecar:
        note_editor(sidecar, abi.PHASE_WRITING, 0, READY, [PAUSED] * 16, pid=me.pid)
        base = sidecar.records.editor_base(1)
        sidecar.words[base + abi.EDITOR_START_LOW] = me.start & 0xFFFF_FFFF
        sidecar.words[base + abi.EDITOR_START_HIGH] = me.start >> 32
    with pytest.raises(SidecarError, match=f"pid {me.pid} is in the middle"):
        hold(ring, role="test")
    with pytest.raises(SidecarError):
        hold(ring, role="test")
    assert read(ring)["state"].tolist() == [RUNNING]


def test_once_orphans_are_faulted(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, RUNNING, READY, RUNNING, RUNNING])
    with Ring.open(ring, writable=True) as opened:
        opened.slots["op_handle"] = [9, 8, 9, 9, 9]
        opened.save()
    published = {index: words_of(read(ring), 4)[index] for index in WORDS} | {0: YIELDED}
    with crashed(ring, once=[7, 9]) as sidecar:
        note_redo(sidecar, 0, 3, WORDS)
        note_redo(sidecar, 1, 4, published)
    with hold(ring, role="test") as held:
        assert (held.settled.finished, held.settled.faulted) == ((3,), (0, 4))
    slots = read(ring)
    assert slots["state"].tolist() == [FAULTED, RUNNING, READY, YIELDED, FAULTED]
    assert slots["continuation_data"][0] == ORPHANED


def test_another_file_under_that_name_is_not_touched(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    with crashed(ring) as sidecar:
        note_redo(sidecar, 0, 0, WORDS)
    (tmp_path / "other").write_bytes(ring.read_bytes())
    os.replace(tmp_path / "other", ring)
    before = ring.read_bytes()
    hold(ring, role="test").release()
    assert ring.read_bytes() == before
    assert not (tmp_path / "ring.bin.live").exists()


def test_a_truncated_ring_and_a_record_past_its_end(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, RUNNING])
    with crashed(ring) as sidecar:
        note_redo(sidecar, 0, 1, WORDS)
        note_redo(sidecar, 1, 0, WORDS)
    os.truncate(ring, 64)
    with hold(ring, role="test") as held:
        assert held.settled.finished == (0,)


def test_a_foreign_file_is_refused_and_kept(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    (tmp_path / "ring.bin.live").write_bytes(b"notes " * 1000)
    for _ in range(2):
        with pytest.raises(SidecarError, match="keeps its content"):
            hold(ring, role="test")
    assert (tmp_path / "ring.bin.live").exists()


def test_every_writer_finishes_first(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, READY])
    with crashed(ring) as sidecar:
        note_redo(sidecar, 0, 0, WORDS)
    edit_ring(ring, lambda slots: plan_set(slots, np.array([1]), {"param": 4}))
    assert read(ring)["state"].tolist() == [YIELDED, READY]


def test_recover_says_what_was_finished(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING, RUNNING, RUNNING])
    with Ring.open(ring, writable=True) as opened:
        opened.slots["op_handle"] = [1, 9, 1]
        opened.save()
    with crashed(ring, once=[9]) as sidecar:
        note_redo(sidecar, 0, 0, WORDS)
    before = ring.read_bytes()
    would = recover_ring(ring, dry_run=True)
    assert ring.read_bytes() == before
    assert (would.finished, would.faulted, would.edit.numbers.tolist()) == ((0,), (1,), [2])
    assert would.schedulable == 2
    did = recover_ring(ring)
    assert (did.finished, did.faulted, did.edit.numbers.tolist()) == ((0,), (1,), [2])
    assert read(ring)["state"].tolist() == [YIELDED, FAULTED, REQUEUED]
    assert json.dumps(did.to_record())
    assert recover_ring(ring).to_record()["finished"] == []


def test_a_ring_that_runs_is_not_settled(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    with crashed(ring) as sidecar:
        note_redo(sidecar, 0, 0, WORDS)
        with pytest.raises(RingHeldError):
            hold(ring, role="test")
        assert read(ring)["state"].tolist() == [RUNNING]
