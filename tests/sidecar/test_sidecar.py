"""The sidecar: its file, its words seen by two mappings, the inbox as a queue, the bell."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vyrectl.abi import live as abi
from vyrectl.cli.commands.control.live import write_running
from vyrectl.errors import FileError, SidecarError
from vyrectl.files.replace import FileIdentity
from vyrectl.sidecar.hold import hold
from vyrectl.sidecar.process import Process
from vyrectl.sidecar.sidecar import Sidecar, sidecar_path

SLOTS = 100


def make(folder: Path, slots: int = SLOTS, workers: int = 3) -> Sidecar:
    ring = folder / "ring.bin"
    ring.write_bytes(bytes(64 * slots))
    return Sidecar.create(ring, FileIdentity.of(ring.stat()), slots, workers=workers, control_words=192)


def test_both_mappings_see_the_same_words(tmp_path: Path) -> None:
    with make(tmp_path) as made:
        assert not made.is_live()
        made.open_doors()
        with Sidecar.open(tmp_path / "ring.bin") as opened:
            assert opened.layout == made.layout
            assert opened.is_live()
            assert opened.belongs_to((tmp_path / "ring.bin").stat())
            assert not opened.belongs_to(tmp_path.stat())
            assert opened.advance_epoch(3) == 3
            assert made.epoch == 3
            opened.set_control(5, 7)
            assert made.control_words()[5] == 7
            assert made.kernel_words()[abi.WORD["SLOTS"]] == SLOTS


def test_who_writes_waits_for_a_launch_that_gets_ready(tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.touch()
    with hold(ring, role="launch"), make(tmp_path) as made:
        threading.Timer(0.2, made.open_doors).start()
        write_running(Path(f"{ring}.live"), {128: 40}, backup=False)
        assert made.epoch == 40


def test_and_not_for_one_that_is_dead(tmp_path: Path) -> None:
    with make(tmp_path) as made:
        made.remove()
        with pytest.raises(SidecarError, match="no launch in place is running"):
            made.await_open()


def test_parts_do_not_overlap() -> None:
    for slots, workers, control in ((1, 1, 160), (1000, 4, 192), (1 << 27, abi.MOST_WORKERS, 5000)):
        layout = abi.LiveLayout.of(slots, workers, control)
        ends = [layout.inbox, layout.redo, layout.editors, layout.control, layout.words]
        assert ends == sorted(set(ends))
        assert layout.control % abi.PAGE_WORDS == layout.words % abi.PAGE_WORDS == 0
        assert layout.capacity >= min(slots, abi.MOST_INBOX)
    hot = [word.index // abi.LINE_WORDS for word in abi.HEADER if word.index >= 2 * abi.LINE_WORDS]
    assert len(set(hot)) == len(hot)


def test_what_bounded_tenants_have_left(tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(bytes(64 * SLOTS))
    bounds, identity = {900: 0, 3: 100}, FileIdentity.of(ring.stat())
    with Sidecar.create(ring, identity, SLOTS, workers=1, control_words=192, quotas=bounds) as made:
        assert made.quotas() == {3: (100, 100), 900: (0, 0)}
        made.tell_quotas({3: 7})
        with Sidecar.open(ring, writable=False) as opened:
            assert opened.quotas() == {3: (100, 7), 900: (0, 0)}
            assert opened.layout == made.layout
        made.words[abi.WORD["QUOTA_ROWS"]] = 900
    with pytest.raises(SidecarError, match="the live sidecar cannot be used"):
        Sidecar.open(ring)
    with make(tmp_path) as bare:
        assert bare.quotas() == {}


def test_the_operations_that_a_launch_was_given(tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(bytes(64 * SLOTS))
    given, identity = (0x20000, 0x40100005), FileIdentity.of(ring.stat())
    with Sidecar.create(
        ring, identity, SLOTS, workers=1, control_words=192, quotas={3: 1}, ops=given
    ) as made:
        with Sidecar.open(ring, writable=False) as opened:
            assert (opened.given_ops(), opened.quotas()) == (frozenset(given), {3: (1, 1)})
        made.words[abi.WORD["OPS_FIRST"]] = 9
    with pytest.raises(SidecarError, match="the live sidecar cannot be used"):
        Sidecar.open(ring)
    with make(tmp_path) as bare:
        assert bare.given_ops() == frozenset()


def test_removing_leaves_nothing_behind(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        assert sidecar_path(tmp_path / "ring.bin") == str(tmp_path / "ring.bin.live")
        sidecar.remove()
        assert sidecar.state == abi.STATE_CLOSED
    assert os.listdir(tmp_path) == ["ring.bin"]


def test_a_new_launch_leaves_the_old_mapping_alone(tmp_path: Path) -> None:
    with make(tmp_path) as old, make(tmp_path, slots=5) as new:
        old.advance_epoch()
        assert (old.epoch, new.epoch) == (1, 0)
        assert old.layout.slots == SLOTS


@pytest.mark.parametrize(
    ("word", "value"),
    [("MAGIC", 1), ("VERSION", 9), ("WORKERS", 900), ("INBOX_CAPACITY", 64), ("CONTROL_FIRST", 0)],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, word: str, value: int) -> None:
    with make(tmp_path, slots=1000) as sidecar:
        sidecar.words[abi.WORD[word]] = value
        with pytest.raises(SidecarError, match=r"cannot be used|something else"):
            Sidecar.open(tmp_path / "ring.bin")


def test_a_sidecar_of_another_version_is_to_be_kept(tmp_path: Path) -> None:
    """What it says of operations that must not run twice is nowhere else."""
    with make(tmp_path) as sidecar:
        sidecar.words[abi.WORD["VERSION"]] = 9
    path = Path(sidecar_path(tmp_path / "ring.bin"))
    before = path.read_bytes()
    with pytest.raises(SidecarError, match="its version is 9") as caught:
        Sidecar.open(tmp_path / "ring.bin")
    assert caught.value.fix is not None
    assert "delete" not in caught.value.fix
    command = caught.value.fix.rpartition(": ")[2]
    subprocess.run(command, shell=True, check=True)
    assert (path.exists(), path.with_name("ring.bin.live.kept").read_bytes()) == (False, before)


def test_what_is_no_sidecar_is_refused(tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    with pytest.raises(SidecarError, match="no launch in place"):
        Sidecar.open(ring)
    Path(sidecar_path(ring)).write_bytes(b"short")
    with pytest.raises(SidecarError, match="too short"):
        Sidecar.open(ring)
    os.unlink(sidecar_path(ring))
    os.symlink("/etc/passwd", sidecar_path(ring))
    with pytest.raises(FileError):
        Sidecar.open(ring)


def test_the_inbox_is_a_queue_over_many_laps(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        assert sidecar.inbox.take() is None
        generator, number = random.Random(5), 0
        expected: list[int] = []
        for _ in range(abi.LAP_MASK * sidecar.layout.capacity * 2):
            if generator.random() < 0.5 and len(expected) < sidecar.layout.capacity:
                assert sidecar.inbox.push(number % SLOTS)
                expected.append(number % SLOTS)
                number += 1
            else:
                assert sidecar.inbox.take() == (expected.pop(0) if expected else None)


def test_a_full_inbox_says_so(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        capacity = sidecar.layout.capacity
        assert sidecar.inbox.push_many(list(range(SLOTS)) * 2) == capacity
        assert not sidecar.inbox.push(1)
        assert sidecar.inbox.take() == 0
        assert sidecar.inbox.push(1)


def test_head_and_tail_wrap(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        start = 0xFFFF_FFFF - 10
        lap = start // sidecar.layout.capacity & abi.LAP_MASK
        for place in range(sidecar.layout.capacity):
            passed = place < start % sidecar.layout.capacity
            sidecar.words[sidecar.layout.inbox + place] = (lap + passed & abi.LAP_MASK) << abi.LAP_SHIFT
        sidecar.words[abi.WORD["INBOX_HEAD"]] = sidecar.words[abi.WORD["INBOX_TAIL"]] = start
        for number in range(50):
            assert sidecar.inbox.push(number)
            assert sidecar.inbox.take() == number


def test_a_producer_that_died_half_way_leaves_no_hole(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        sidecar.words[sidecar.layout.inbox] = 8  # filled, and the tail not moved
        assert sidecar.inbox.push(9)
        assert [sidecar.inbox.take() for _ in range(3)] == [7, 9, None]
        sidecar.words[sidecar.layout.inbox + 2] = 1 << abi.LAP_SHIFT  # emptied, and the head not moved
        assert sidecar.inbox.push(3)
        assert sidecar.inbox.take() == 3


_PRODUCER = """
import sys
from vyrectl.sidecar.sidecar import Sidecar
with Sidecar.open(sys.argv[1]) as sidecar:
    for slot in range(int(sys.argv[2]), int(sys.argv[3])):
        while not sidecar.inbox.push(slot):
            pass
"""


def test_processes_push_and_take_each_slot_once(tmp_path: Path) -> None:
    with make(tmp_path, slots=3000) as sidecar:
        ring = str(tmp_path / "ring.bin")
        shares = [(0, 1000), (1000, 2000), (2000, 3000)]
        producers = [
            subprocess.Popen([sys.executable, "-c", _PRODUCER, ring, str(first), str(end)])
            for first, end in shares
        ]
        taken: list[int] = []
        deadline = time.monotonic() + 60
        while len(taken) < 3000 and time.monotonic() < deadline:
            slot = sidecar.inbox.take()
            if slot is not None:
                taken.append(slot)
        assert [producer.wait(30) for producer in producers] == [0, 0, 0]
        assert sorted(taken) == list(range(3000))
        for first, end in shares:
            assert [slot for slot in taken if first <= slot < end] == list(range(first, end))


def test_the_bell_wakes_a_sleeper(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar, Sidecar.open(tmp_path / "ring.bin") as other:
        seen = sidecar.bell
        assert not sidecar.wait_bell(seen, 0.01)
        threading.Timer(0.05, other.ring_bell).start()
        began = time.monotonic()
        assert sidecar.wait_bell(seen, 30)
        assert time.monotonic() - began < 20
        assert sidecar.wait_bell(seen, 30), "a bell that rang before the sleep ends it at once"
        assert sidecar.load(abi.WORD["SLEEPERS"]) == 0


def test_redo_records(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        base = sidecar.layout.redo + abi.REDO_WORDS
        sidecar.words[base] = 41
        sidecar.words[base + 1] = 5
        sidecar.words[base + 3] = 77
        (record,) = sidecar.records.redo()
        assert (record.worker, record.slot, record.words[0], record.words[7]) == (1, 40, 5, 77)
        sidecar.records.forget({39})
        assert len(sidecar.records.redo()) == 1
        sidecar.records.forget({40})
        assert sidecar.records.redo() == []


def test_closing_waits_for_living_editors_only(tmp_path: Path) -> None:
    with make(tmp_path) as sidecar:
        sidecar.open_doors()
        base = sidecar.records.editor_base(2)
        me = Process.current()
        sidecar.words[base + abi.EDITOR_PID] = me.pid
        sidecar.words[base + abi.EDITOR_START_LOW] = me.start & 0xFFFF_FFFF
        sidecar.words[base + abi.EDITOR_PHASE] = abi.PHASE_WRITING
        assert sidecar.shut_doors(0.01) == [2]
        threading.Timer(0.05, sidecar.store, (base + abi.EDITOR_PHASE, 0)).start()
        assert sidecar.shut_doors(30) == []
        sidecar.words[base + abi.EDITOR_PHASE] = abi.PHASE_WRITING
        sidecar.words[base + abi.EDITOR_START_LOW] += 1
        began = time.monotonic()
        assert sidecar.shut_doors(30) == [2], "a process that began at another time is another one"
        assert time.monotonic() - began < 20


def test_processes() -> None:
    assert Process.current().is_alive()
    assert not Process(0, 0).is_alive()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = Process.of(child.pid)
        assert process.is_alive()
        child.kill()
    assert not process.is_alive()
