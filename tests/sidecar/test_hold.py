"""The ring's lock, with real second processes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ring.rings import another_holder, numbered, run_python, write_ring
from vyrectl.errors import FileError, RingHeldError
from vyrectl.files.ring_lock import lock_path_of, mark_made
from vyrectl.ring.file import Ring
from vyrectl.sidecar.hold import Hold, hold


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ring.bin"
    write_ring(file, numbered(2))
    Path(f"{file}.lock").unlink()
    return file


def lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def test_a_second_process_is_named(path: Path) -> None:
    with another_holder(path, "launch") as other:
        with pytest.raises(RingHeldError) as caught:
            hold(path, role="edit")
        assert caught.value.holder == f"pid {other.pid} (launch)"
        assert caught.value.exit_code == 1
        assert str(other.pid) in str(caught.value)
        with pytest.raises(RingHeldError):
            Ring.open(path, writable=True)
        assert len(Ring.open(path)) == 2


def test_the_lock_of_a_killed_process_is_free(path: Path) -> None:
    with another_holder(path) as other:
        other.kill()
        other.wait()
        assert lock_of(path).read_text() == f"pid {other.pid} (launch)\nuntouched\n"
        with hold(path, role="edit"):
            assert lock_of(path).read_text() == f"pid {os.getpid()} (edit)\nuntouched\n"


def test_the_lock_says_whether_anybody_here_has_changed_the_ring(path: Path) -> None:
    for _ in range(2):
        with hold(path, role="edit") as held:
            assert held.is_first
    with hold(path, role="launch") as held:
        held.touch()
        held.touch()
        held.sign()
        assert lock_of(path).read_text() == f"pid {os.getpid()} (launch)\n"
    held.touch()
    assert lock_of(path).read_text().startswith("left 128 ")
    with hold(path, role="edit") as held:
        assert not held.is_first


def test_a_ring_that_was_made_here_is_told_from_others(path: Path) -> None:
    mark_made(path)
    with hold(path, role="edit") as held:
        assert not held.is_first


def test_the_lock_file_stays_and_names_nobody_when_nobody_holds_it(path: Path) -> None:
    with hold(path, role="edit") as held:
        inode = lock_of(path).stat().st_ino
        assert held.lock_path == str(lock_of(path)) == lock_path_of(path)
    assert lock_of(path).read_bytes() == b"untouched\n"
    with hold(path, role="edit"):
        assert lock_of(path).stat().st_ino == inode


def test_one_process_cannot_hold_a_ring_twice(path: Path) -> None:
    with hold(path, role="a"), pytest.raises(RingHeldError, match=rf"pid {os.getpid()} \(a\)"):
        hold(path, role="b")


def test_symlinks_share_the_lock_of_their_target(path: Path) -> None:
    folder = path.parent / "links"
    folder.mkdir()
    link = folder / "link.bin"
    link.symlink_to(path)
    with hold(link, role="edit") as held:
        assert held.target == str(path)
        assert held.covers(path)
        assert held.covers(link)
        assert not held.covers(folder / "other")
        with pytest.raises(RingHeldError):
            hold(path, role="edit")
    assert not held.covers(path)
    assert list(folder.iterdir()) == [link]


def test_releasing_twice_does_not_release_the_next_holder(path: Path) -> None:
    first = hold(path, role="a")
    first.release()
    with hold(path, role="b"):
        first.release()
        with pytest.raises(RingHeldError):
            hold(path, role="c")


def test_a_forked_copy_does_not_release(path: Path) -> None:
    with hold(path, role="a") as held:
        child = os.fork()
        if not child:
            held.release()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(RingHeldError):
            hold(path, role="b")


def test_a_passed_descriptor_keeps_the_ring_after_its_holder_died(path: Path) -> None:
    code = (
        "import os, subprocess, sys\n"
        "from vyrectl.sidecar.hold import hold\n"
        "held = hold(sys.argv[1], role='launch')\n"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=[held.fileno()], stdout=-3, stderr=-3)\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    child = int(run_python(code, str(path)).stdout)
    with pytest.raises(RingHeldError, match="launch"):
        hold(path, role="edit")
    os.kill(child, 9)
    hold_soon(path).release()


def hold_soon(path: Path) -> Hold:
    """Hold a ring whose holder is ending."""
    for _ in range(500):
        try:
            return hold(path, role="edit")
        except RingHeldError:
            time.sleep(0.01)
    return hold(path, role="edit")


def test_programs_started_meanwhile_do_not_inherit_the_lock(path: Path) -> None:
    with hold(path, role="a"):
        sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        hold(path, role="b").release()
    finally:
        sleeper.kill()
        sleeper.communicate()


def test_a_lock_file_that_was_deleted_lets_no_two_in(path: Path) -> None:
    with hold(path, role="a"):
        lock_of(path).unlink()
        with pytest.raises(RingHeldError):
            hold(path, role="b")


@pytest.mark.parametrize("kind", ["folder", "pipe", "symlink"])
def test_a_lock_that_is_no_file(path: Path, kind: str) -> None:
    lock = lock_of(path)
    if kind == "folder":
        lock.mkdir()
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(FileError):
        hold(path, role="edit")
    assert not path.with_name("elsewhere").exists()


@pytest.mark.parametrize("text", ["", "pid 12 (launch", "\x1b[31mpid 1 (x)", "p" * 1000, "\xff\xfe"])
def test_text_in_the_lock_that_is_not_ours_is_not_shown(path: Path, text: str) -> None:
    with another_holder(path):
        lock_of(path).write_bytes(text.encode("latin-1"))
        with pytest.raises(RingHeldError, match="held by another process") as caught:
            hold(path, role="edit")
        assert caught.value.holder is None


def test_a_role_is_made_safe_to_print(path: Path) -> None:
    with hold(path, role="a\n(b)\x1b"), pytest.raises(RingHeldError) as caught:
        hold(path, role="c")
    assert caught.value.holder == f"pid {os.getpid()} (a__b__)"


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, for_flag: int) -> None:
    """No file is opened any more with that flag among its flags."""
    real = os.open

    def refuse(name: str, flags: int, *rest: int) -> int:
        if flags & for_flag:
            raise PermissionError(13, "Permission denied")
        return real(name, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)


def test_a_folder_that_takes_no_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_open(monkeypatch, os.O_CREAT)
    with pytest.raises(FileError, match="cannot lock the ring: permission denied"):
        hold(path, role="edit")


def test_a_lock_file_of_somebody_else_still_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_of(path).touch()
    refuse_to_open(monkeypatch, os.O_RDWR)
    with hold(path, role="edit"):
        monkeypatch.undo()
        with pytest.raises(RingHeldError, match="another process"):
            hold(path, role="edit")


def test_a_glance_at_the_lock_keeps_nobody_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(path, role="a").release()
    glances = [os.open(lock_of(path), os.O_RDONLY)]
    fcntl.flock(glances[0], fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: os.close(glances.pop()))
    with hold(path, role="b"):
        assert glances == []
