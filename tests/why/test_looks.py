"""Where rings are looked at: files, all-in-one dumps, folders, sidecars of launches in place."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.abi import live as abi
from vyrectl.errors import FileError, InvalidInputError, OtherKindError
from vyrectl.files.replace import FileIdentity
from vyrectl.protocol.control import encode_control
from vyrectl.sidecar.hold import hold
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.sidecar.workers import Worker
from vyrectl.why import looks as module
from vyrectl.why.ask import Question, answer
from vyrectl.why.looks import Span, holder_at, look_at_bytes, look_at_file, looks_in, with_control
from vyrectl.why.running import held_by
from vyrectl.why.scene import Holder, Keeper

TASKS = tuple(slot(state=1, priority=2, task_id=number) for number in range(1, 65))
CONTROL = encode_control(tenants=3, observables=0, slots=64)
LOG = struct.pack("<5I", 4, 9, 1, 2, 16 * 3) + bytes(1028 - 20)
WHOLE = Span()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dump(folder: Path, *tasks: bytes, log: bool = True) -> Path:
    folder.mkdir()
    write_ring(folder / "ring.bin", *(tasks or TASKS))
    (folder / "control.bin").write_bytes(CONTROL)
    if log:
        (folder / "debug.bin").write_bytes(LOG)
    (folder / "ring.bin.lock").write_bytes(b"")
    (folder / "notes.txt").write_text("a note\n", encoding="utf-8")
    return folder


def test_a_file(here: Path) -> None:
    write_ring(here / "my ring.bin", *TASKS)
    look = look_at_file(Path("my ring.bin"), WHOLE)
    assert (len(look.ring), look.control, look.holder.keeper) == (64, None, Keeper.NOBODY)
    assert look.places()["ring"] == "'my ring.bin'"
    assert "control" not in look.places()
    assert look.moment == os.stat("my ring.bin").st_mtime
    assert sorted(here.iterdir()) == [here / "my ring.bin", here / "my ring.bin.lock"]


def test_a_copy_whose_ring_is_gone_by_then_says_nothing_of_its_operations(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: object) -> frozenset[int]:
        raise FileNotFoundError

    write_ring(here / "ring.bin", *TASKS)
    with hold(here / "ring.bin", role="launch"):
        assert look_at_file(Path("ring.bin"), WHOLE).ops == frozenset()
        monkeypatch.setattr(module, "ops_of_copy", gone)
        assert look_at_file(Path("ring.bin"), WHOLE).ops == frozenset()


def test_a_span_of_a_file_is_held_by_nobody_that_is_known(here: Path) -> None:
    (here / "d.bin").write_bytes(b"headhead" + b"".join(TASKS))
    look = look_at_file(Path("d.bin"), Span(8, 3, given=True))
    assert (len(look.ring), look.holder.keeper) == (3, Keeper.UNKNOWN)
    assert look.places()["ring"] == "d.bin --offset 8 --count 3"


def test_an_all_in_one_dump_has_its_control_buffer_and_debug_log(here: Path) -> None:
    (here / "all.bin").write_bytes(CONTROL + b"".join(TASKS) + LOG)
    data = (here / "all.bin").read_bytes()
    for look in (look_at_file(Path("all.bin"), WHOLE), look_at_bytes(data, WHOLE)):
        assert len(look.ring) == 64
        assert look.control is not None
        assert look.control_file is None
        assert look.printed() == {3: "id 9, 1, 2"}
        assert look.places()["ring"].endswith("--offset 640 --count 64")
        assert "control" not in look.places()


def test_a_dump_without_a_control_buffer(here: Path) -> None:
    (here / "two.bin").write_bytes(b"".join(TASKS) + LOG)
    look = look_at_file(Path("two.bin"), WHOLE)
    assert (look.control, look.printed()) == (None, {3: "id 9, 1, 2"})


def test_bytes_that_are_a_ring_or_are_not(here: Path) -> None:
    assert len(look_at_bytes(b"".join(TASKS), WHOLE).ring) == 64
    assert len(look_at_bytes(b"name,value\n1,2\n" + TASKS[0], Span(15, 1, given=True)).ring) == 1
    for refused in (CONTROL, b"name,value\n1,2\n"):
        with pytest.raises(OtherKindError):
            look_at_bytes(refused, WHOLE)
    (here / "c.bin").write_bytes(CONTROL)
    with pytest.raises(OtherKindError):
        look_at_file(Path("c.bin"), WHOLE)


def test_a_folder_is_one_look(here: Path) -> None:
    (look,) = looks_in(dump(here / "run"))
    assert (look.control_file, look.printed()) == (str(here / "run/control.bin"), {3: "id 9, 1, 2"})
    assert f"--control {here / 'run/control.bin'}" in look.places()["with_control"]


def test_two_control_buffers_are_none(here: Path) -> None:
    folder = dump(here / "run", log=False)
    (folder / "other.bin").write_bytes(CONTROL)
    (folder / "broken.bin").write_bytes(CONTROL[:8])
    (look,) = looks_in(folder)
    assert (look.control, look.debug) == (None, None)


def test_a_dump_in_a_folder_keeps_what_it_holds(here: Path) -> None:
    (here / "run").mkdir()
    (here / "run" / "all.bin").write_bytes(CONTROL + b"".join(TASKS) + LOG)
    (here / "run" / "control.bin").write_bytes(encode_control(tenants=29, observables=0, slots=None))
    (look,) = looks_in(here / "run")
    assert look.control_file is None


def test_folders_are_looks_over_time(here: Path) -> None:
    for number in (1, 2):
        dump(here / f"dump-{number}")
        os.utime(here / f"dump-{number}" / "ring.bin", (1000.0 + 5 * number, 1000.0 + 5 * number))
    first, second = looks_in(here)
    assert first.as_earlier(second).seconds == 5.0
    assert first.as_earlier(second).drained == 0
    assert second.as_earlier(first).seconds is None


def test_rings_of_a_folder_are_looks_too(here: Path) -> None:
    for number in range(3):
        state = 7 if number else 1
        write_ring(here / f"look-{number}.bin", slot(state=state, task_id=1), slot(state=1, task_id=2))
    found = looks_in(here)
    assert [Path(one.name).name for one in found] == ["look-0.bin", "look-1.bin", "look-2.bin"]
    said = answer(found, Question(hex, frozenset({0})))
    assert f"seen first in {here / 'look-1.bin'}" in said.found[0].evidence[0]


def test_a_folder_without_a_ring(here: Path) -> None:
    (here / "none").mkdir()
    with pytest.raises(InvalidInputError, match="no ring"):
        looks_in(here)
    with pytest.raises(FileError):
        looks_in(here / "missing")


def test_the_control_buffer_of_the_user(here: Path) -> None:
    write_ring(here / "r.bin", *TASKS)
    words = struct.unpack("<160I", CONTROL)
    look = with_control(look_at_file(Path("r.bin"), WHOLE), Path("my c.bin"), words)
    assert look.places()["control"] == "'my c.bin'"
    said = answer([look], Question(hex, frozenset({0}), epoch=4))
    assert said.scene.epoch == 4
    assert answer([look], Question(hex, frozenset({0}))).scene.epoch == 0


@pytest.mark.parametrize("gated", [False, True])
def test_a_launch_in_place_shows_its_own_control_buffer(here: Path, *, gated: bool) -> None:
    path = write_ring(here / "r.bin", *TASKS)
    with hold(path, role="launch"):
        side = Sidecar.create(path, FileIdentity(0, 0, 0, 0), 64, workers=2, control_words=160, gated=gated)
        try:
            side.words[side.layout.control + 128] = 7
            side.words[abi.WORD["FOLLOW"]] = 1
            look = look_at_file(Path("r.bin"), WHOLE)
            assert look.holder.in_place
            assert look.holder.feeds
            assert look.control is not None
            assert (look.control[128], look.control[3]) == (7, 0 if gated else 1)
            assert look.places()["control"] == "r.bin.live"
            assert look.places()["with_control"] == ""
            assert with_control(look, Path("c.bin"), (0,) * 160) is look
            assert look_at_file(path, WHOLE).places()["control"] == f"{path}.live"
        finally:
            side.remove()
            side.close()
        assert not look_at_file(path, WHOLE).holder.in_place


def test_a_sidecar_of_a_launch_that_is_gone_says_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_ring(here / "r.bin", *TASKS)
    with hold(path, role="edit"):
        side = Sidecar.create(path, FileIdentity(0, 0, 0, 0), 64, workers=2, control_words=160)
        monkeypatch.setattr(Sidecar, "launch_lives", lambda self: False)
        assert look_at_file(path, WHOLE).control is None
        side.remove()
        side.close()


def test_a_launch_that_ends_during_the_look_is_no_launch_on_a_copy(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock was held when that was looked at, and what it had beside the ring was gone or dead a moment later."""
    path = write_ring(here / "r.bin", *TASKS)
    held, asked = hold(path, role="launch"), list[Path]()

    def ask(at: Path) -> Holder:
        asked.append(at)
        return holder_at(at)

    def lives_no_more(side: Sidecar) -> bool:
        held.release()
        return False

    with Sidecar.create(path, FileIdentity(0, 0, 0, 0), 64, workers=2, control_words=160):
        monkeypatch.setattr(Sidecar, "launch_lives", lives_no_more)
        monkeypatch.setattr(module, "holder_at", ask)
        look = look_at_file(path, WHOLE)
    assert (look.holder.keeper, look.holder.on_copy) == (Keeper.NOBODY, False)
    assert len(asked) == 3


def test_who_shows_no_workers_is_not_said_to_work_on_a_copy(here: Path) -> None:
    """A launch that gets ready has no sidecar yet, and a command that holds the ring never has one."""
    path = write_ring(here / "r.bin", *TASKS)
    with hold(path, role="recover"):
        look = look_at_file(path, WHOLE)
        assert look.holder.shows_nobody
        said = held_by(answer([look], Question(hex, frozenset({0}))).scene)
    assert said == f"held by pid {os.getpid()} (recover), which shows no workers: where it works is not seen"


def test_operations_in_hand_are_known_to_a_launch_that_lives(here: Path) -> None:
    path = write_ring(here / "r.bin", *TASKS)
    with hold(path, role="launch"):
        look = replace(
            look_at_file(path, WHOLE), workers=(Worker(0, 2, 9, 1, 0), Worker(1, None, None, 0, 0))
        )
    assert look.in_hand == {9}
    assert replace(look, holder=module.NOT_TOLD).in_hand == frozenset()


def test_a_lock_that_may_not_be_read(here: Path) -> None:
    path = write_ring(here / "r.bin", *TASKS)
    Path(f"{path}.lock").unlink()
    os.symlink("elsewhere", f"{path}.lock")
    assert holder_at(path).keeper is Keeper.UNKNOWN


def test_what_is_gone_has_no_time(here: Path) -> None:
    assert module._changed(here / "gone") is None
