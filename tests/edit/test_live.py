"""Edits of a ring that is held by a launch in place."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.live.rings import note_redo, read, running, write_ring
from vyrectl.abi import live as abi
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.edit.edit import plan_set, plan_transition
from vyrectl.edit.editor import LiveRing
from vyrectl.edit.write import edit_ring
from vyrectl.errors import (
    IllegalTransitionError,
    LiveEditError,
    MissingLibraryError,
    RingHeldError,
    SidecarError,
)
from vyrectl.live.host import LiveHost
from vyrectl.sidecar.atomics import atomics
from vyrectl.sidecar.board import introduce, make_board
from vyrectl.sidecar.hold import hold

FIELDS = [name for name in FIELD_NAMES if name != "state"]
EMPTY, READY, RUNNING, DONE, PAUSED, YIELDED = 0, 1, 2, 3, 4, 5


def act(path: Path, numbers: list[int], action: str, **arguments: int) -> Any:
    return edit_ring(path, lambda slots: plan_transition(slots, np.array(numbers), action, **arguments))


def test_an_edit_reaches_the_running_ring(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY, PAUSED, DONE])
    with running(ring) as sidecar:
        inode = ring.stat().st_ino
        edit = act(ring, [1], "resume")
        assert edit.numbers.tolist() == [1]
        assert ring.stat().st_ino == inode
        assert read(ring)["state"].tolist() == [READY, READY, DONE]
        assert sidecar.inbox.take() == 1
        assert sidecar.words[abi.WORD["ACCEPTED"]] == 1
        assert sidecar.bell == 1
        assert sidecar.records.busy_editors() == []
        act(ring, [0], "yield", pc=5, data=6)
        slot = read(ring)[0]
        assert (slot["state"], slot["continuation_pc"], slot["yield_count"]) == (YIELDED, 5, 1000 + 14 + 1)
        assert sidecar.inbox.take() == 0, "a worker may have dropped its ticket meanwhile"
        assert sidecar.words[abi.WORD["ACCEPTED"]] == 1, "it was claimable before"
        act(ring, [0], "pause", pc=0, data=0, epoch=4)
        assert sidecar.inbox.take() is None


def test_an_edit_that_is_interrupted_is_whole_and_the_launch_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, publish = write_ring(tmp_path / "ring.bin", [READY, PAUSED]), LiveRing._publish

    def interrupted(live: LiveRing, *given: Any) -> bool:
        signal.raise_signal(signal.SIGINT)
        return publish(live, *given)

    monkeypatch.setattr(LiveRing, "_publish", interrupted)
    with running(ring) as sidecar:
        with pytest.raises(KeyboardInterrupt):
            act(ring, [1], "resume")
        assert read(ring)["state"].tolist() == [READY, READY]
        assert (sidecar.inbox.take(), sidecar.bell) == (1, 1)
        assert sidecar.records.busy_editors() == []


def test_who_waits_for_another_editor_can_be_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, naps = write_ring(tmp_path / "ring.bin", [READY, PAUSED]), list[float]()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("vyrectl.sidecar.inbox.time.sleep", nap)
    with running(ring) as sidecar, sidecar.inbox.publishing(), pytest.raises(KeyboardInterrupt):
        act(ring, [1], "resume")
    assert len(naps) == 1
    assert read(ring)["state"].tolist() == [READY, PAUSED]


def test_an_illegal_edit_changes_nothing(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY, DONE, READY])
    with running(ring):
        before = ring.read_bytes()
        with pytest.raises(IllegalTransitionError) as caught:
            act(ring, [0, 1, 2], "complete")
        assert caught.value.slot == 1
        assert str(ring) in str(caught.value)
        assert ring.read_bytes() == before


def test_a_running_slot_is_waited_for_and_never_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vyrectl.edit.live.PATIENCE_SECONDS", 0.05)
    ring = write_ring(tmp_path / "ring.bin", [READY, RUNNING, READY])
    with running(ring):
        before = read(ring)[1].tobytes()
        with pytest.raises(LiveEditError) as caught:
            act(ring, [0, 1, 2], "complete")
        assert (caught.value.changed, caught.value.missed, caught.value.exit_code) == (2, ((1, RUNNING),), 1)
        assert "2 of 3 slots were changed" in str(caught.value)
        assert "slot 1 is Running" in str(caught.value)
        assert read(ring)[1].tobytes() == before
        assert read(ring)["state"].tolist() == [DONE, RUNNING, DONE]


def test_a_slot_that_comes_back_gets_the_action(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    with running(ring), LiveRing.open(ring) as live:

        def end_turn() -> None:
            live.words[0, 14] = 77
            live.words[0, 0] = YIELDED

        threading.Timer(0.05, end_turn).start()
        edit = act(ring, [0], "yield", pc=1, data=2)
        assert edit.before["yield_count"].tolist() == [77]
        assert read(ring)["yield_count"].tolist() == [78]


def test_a_slot_that_ends_meanwhile_is_named(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [RUNNING])
    with running(ring), LiveRing.open(ring) as live:
        for seconds in (0.05, 0.3, 0.8):  # a busy machine may look at it when it has ended already
            live.words[0, 0] = RUNNING
            timer = threading.Timer(seconds, live.words[0].__setitem__, (0, DONE))
            timer.start()
            with pytest.raises((LiveEditError, IllegalTransitionError)) as caught:
                act(ring, [0], "pause", pc=0, data=0, epoch=0)
            timer.join()
            if isinstance(caught.value, LiveEditError):
                break
        assert "slot 0 is Done" in str(caught.value)
        assert isinstance(caught.value, LiveEditError)
        assert caught.value.exit_code == 4


def test_words_that_changed_behind_the_look_are_not_overwritten(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [YIELDED, READY])
    with running(ring) as sidecar, LiveRing.open(ring) as live:
        before = live.words[:2].copy()
        live.words[0, 7] = 99
        after = before.copy()
        after[:, 6] = 5
        assert live.write([0, 1], before, after).done.tolist() == [False, True]
        slots = read(ring)
        assert slots["state"].tolist() == [YIELDED, READY]
        assert slots["continuation_pc"][0] == 99
        assert (slots["param"] == 5).tolist() == [False, True]
        assert {sidecar.inbox.take(), sidecar.inbox.take()} == {0, 1}


def test_nothing_may_be_made_running(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY, RUNNING])
    with running(ring), LiveRing.open(ring) as live:
        with pytest.raises(LiveEditError, match="made Running"):
            edit_ring(ring, lambda slots: plan_set(slots, np.array([0]), {"state": RUNNING}))
        threading.Timer(0.05, live.words[1].__setitem__, (0, READY)).start()
        with pytest.raises(LiveEditError, match="made Running"):
            edit_ring(ring, lambda slots: plan_set(slots, np.array([1]), {"state": RUNNING, "param": 1}))
        assert read(ring)["state"].tolist() == [READY, READY]


def test_a_word_of_a_slot_that_was_running_at_the_look(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY, RUNNING])
    with running(ring), LiveRing.open(ring) as live:
        threading.Timer(0.05, live.words[1].__setitem__, (0, DONE)).start()
        edit_ring(ring, lambda slots: plan_set(slots, np.arange(2), {"param": 3}))
        assert read(ring)["param"].tolist() == [3, 3]
        assert read(ring)["state"].tolist() == [READY, DONE]


def test_any_word_of_any_slot_at_rest(tmp_path: Path) -> None:
    states = [EMPTY, READY, DONE, PAUSED, YIELDED, 6, 7, 99]
    ring = write_ring(tmp_path / "ring.bin", states)
    with running(ring):
        edit_ring(ring, lambda slots: plan_set(slots, np.arange(8), {"task_id": 7, "age_ticks": 3}))
        slots = read(ring)
        assert slots["state"].tolist() == states
        assert set(slots["task_id"].tolist()) == {7}


def test_more_slots_than_a_batch(tmp_path: Path) -> None:
    count = 3 * abi.EDITOR_BATCH + 5
    ring = write_ring(tmp_path / "ring.bin", [READY] * count)
    with running(ring) as sidecar:
        edit = act(ring, list(range(count)), "requeue", pc=1, data=2, priority=0)
        assert edit.numbers.tolist() == list(range(count))
        assert set(read(ring)["priority"].tolist()) == {0}
        assert [sidecar.inbox.take() for _ in range(count)] == list(range(count))


def test_a_backup_is_the_ring_that_was_looked_at(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY, DONE])
    before = ring.read_bytes()
    with running(ring):
        edit_ring(ring, lambda slots: plan_transition(slots, np.array([0]), "complete"), backup=True)
    assert (tmp_path / "ring.bin.bak").read_bytes() == before


def test_a_published_record_of_a_worker_is_dropped(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [YIELDED, YIELDED])
    with running(ring) as sidecar:
        note_redo(sidecar, 0, 0, dict.fromkeys(range(16), 5))
        note_redo(sidecar, 1, 1, dict.fromkeys(range(16), 5))
        act(ring, [0], "complete")
        assert [record.slot for record in sidecar.records.redo()] == [1]


def test_a_holder_that_is_no_launch_in_place(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    board = make_board(ring)
    for feeds in (False, True):
        introduce(board, [], feeds=feeds)
        with hold(ring, role="launch"), pytest.raises(RingHeldError, match="works on a copy") as held:
            act(ring, [0], "complete")
        assert (held.value.fix or "").endswith(f"or end it in order: kill -TERM {os.getpid()}")
        assert ("publish through its --feed" in (held.value.fix or "")) is feeds
    board.close()
    with hold(ring, role="launch"), pytest.raises(RingHeldError, match="Wait for it"):
        act(ring, [0], "complete")
    with hold(ring, role="transition"), pytest.raises(RingHeldError, match="Wait for it"):
        act(ring, [0], "complete")


def test_a_launch_that_ends_lets_nobody_begin(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    with running(ring) as sidecar, LiveRing.open(ring) as live:
        before = live.words.copy()
        assert sidecar.shut_doors() == []
        with pytest.raises(SidecarError, match="ended"):
            live.write([0], before, before)
        assert sidecar.records.busy_editors() == []
        with pytest.raises(RingHeldError, match="about to end"):
            act(ring, [0], "complete")


def test_a_launch_that_verifies_lets_nobody_in(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    with hold(ring, role="launch"):
        host = LiveHost(ring, 1, edits=False)
        host.open(1, np.zeros(192, np.uint32))
        host.mark()
        with pytest.raises(RingHeldError, match="it verifies"):
            act(ring, [0], "complete")
        assert host.quiet()
        host.finish()


def test_rows_are_given_back_and_taken_over(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    with running(ring) as sidecar:
        for _ in range(abi.EDITORS * 2):
            LiveRing.open(ring).close()
        open_rings = [LiveRing.open(ring) for _ in range(abi.EDITORS)]
        with pytest.raises(SidecarError, match="processes are editing"):
            LiveRing.open(ring)
        base = sidecar.records.editor_base(3)
        sidecar.words[base + abi.EDITOR_START_LOW] += 1  # as if its process had died
        late = LiveRing.open(ring)
        late.close()
        for one in open_rings:
            one.close()


def test_two_editors_and_a_reader_never_see_a_torn_slot(tmp_path: Path) -> None:
    """Every write makes all words of a slot equal; an accepted read must find them so."""
    from vyrectl.ring.steady import copy_ring

    ring = write_ring(tmp_path / "ring.bin", [READY] * 8)
    with running(ring):
        edit_ring(ring, lambda slots: plan_set(slots, np.arange(8), dict.fromkeys(FIELDS, 1)))
        stop, wrote = threading.Event(), [0, 0]

        def edit(which: int) -> None:
            with LiveRing.open(ring) as live:
                for value in range(1, 10**9):
                    if stop.is_set():
                        return
                    before = live.words[:8].copy()
                    after = np.full((8, 16), value % 1000, np.uint32)
                    after[:, 0] = before[:, 0] = READY
                    wrote[which] += int(live.write(list(range(8)), before, after).done.sum())

        threads = [threading.Thread(target=edit, args=(which,)) for which in (0, 1)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        try:
            while (spent := time.monotonic() - began) < 1 or (not min(wrote) and spent < 60):
                copy = copy_ring(ring)
                words = np.frombuffer(copy.ring.data, "<u4").reshape(-1, 16)
                settled = words[words[:, 0] != RUNNING]
                assert copy.unsteady or (settled[:, 1:] == settled[:, 1:2]).all()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert min(wrote) > 0


def test_atomics_work_on_mapped_words(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    with running(ring), LiveRing.open(ring) as live:
        ops, address = atomics(), live.address_of(0)
        assert ops.load(address) == live.state(0) == READY
        assert not ops.cas(address, DONE, PAUSED)
        assert ops.cas(address, READY, PAUSED)
        assert ops.add(address, 0xFFFF_FFFF) == PAUSED
        assert live.words[0, 0] == DONE


def test_without_libatomic_edits_say_so_and_the_launch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = write_ring(tmp_path / "ring.bin", [READY])
    monkeypatch.setattr("vyrectl.sidecar.atomics.LIBRARY", "libnothing.so.9")
    atomics.cache_clear()
    try:
        with hold(ring, role="launch"):
            host = LiveHost(ring, 1)
            host.open(1, np.zeros(192, np.uint32))
            host.mark()
            with pytest.raises(MissingLibraryError, match="libatomic1"):
                act(ring, [0], "complete")
            assert host.quiet()
            host.finish()
    finally:
        atomics.cache_clear()
