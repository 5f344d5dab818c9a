"""One file under several names has one writer: hard links, mounts of the file alone, containers."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conformance.backends import devices
from tests.needs import does_not_apply, needs_own_mounts, needs_tool
from vyrectl.errors import FileError, RingHeldError
from vyrectl.files import locks
from vyrectl.files.ring_lock import holder_of
from vyrectl.ring.file import Ring
from vyrectl.ring.steady import copy_ring
from vyrectl.sidecar.hold import hold

HOLD = """
import sys, time
from vyrectl.sidecar.hold import hold
with hold(sys.argv[1], role="launch"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "r.bin"
    path.write_bytes(bytes(64 * 8))
    return path


def need_root() -> None:
    if os.geteuid() != 0:
        does_not_apply("only the superuser makes name spaces and mounts")


@contextmanager
def holder(path: Path, *around: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds a ring, inside a command that makes its surroundings."""
    command = [*around, sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        try:
            yield child
        finally:
            os.killpg(child.pid, 9)


def test_a_hard_link_has_the_same_writer(ring: Path) -> None:
    link = ring.with_name("h.bin")
    os.link(ring, link)
    with holder(ring) as other:
        assert holder_of(link) == f"pid {other.pid}"
        with pytest.raises(RingHeldError, match="another name") as caught:
            hold(link, role="edit")
    assert caught.value.holder == f"pid {other.pid}"
    hold(link, role="edit").release()


def test_who_was_refused_leaves_the_other_lock_free(ring: Path) -> None:
    link = ring.with_name("h.bin")
    os.link(ring, link)
    with hold(ring, role="a"), pytest.raises(RingHeldError):
        hold(link, role="b")
    with hold(link, role="b"), pytest.raises(RingHeldError):
        hold(ring, role="a")


def test_a_replacement_is_held_too(ring: Path) -> None:
    with Ring.open(ring, writable=True) as opened:
        opened.save()
        os.link(ring, ring.with_name("h.bin"))
        with pytest.raises(RingHeldError):
            hold(ring.with_name("h.bin"), role="edit")
    hold(ring.with_name("h.bin"), role="edit").release()


def test_the_old_file_of_a_replacement_is_free(ring: Path) -> None:
    os.link(ring, ring.with_name("h.bin"))
    with Ring.open(ring, writable=True) as opened:
        opened.save()
        hold(ring.with_name("h.bin"), role="edit").release()


@needs_tool("unshare", "mount")
@needs_own_mounts()
def test_a_file_mounted_elsewhere_has_the_same_writer(ring: Path, tmp_path: Path) -> None:
    need_root()
    (tmp_path / "q.bin").touch()
    script = (
        f"mount --bind {ring} {tmp_path}/q.bin && {sys.executable} -m vyrectl set {tmp_path}/q.bin param=1 0"
    )
    with holder(ring):
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert "the ring is held by pid" in done.stderr
    assert "another name of the file" in done.stderr


@needs_tool("unshare")
@needs_own_mounts()
def test_a_holder_in_a_container_is_named_by_its_pid_here(ring: Path) -> None:
    need_root()
    with holder(ring, "unshare", "-pf", "--mount-proc"), pytest.raises(RingHeldError) as caught:
        hold(ring, role="edit")
    assert caught.value.holder is not None
    assert "launch, in another pid namespace" in caught.value.holder


def test_a_lock_is_told_from_outside_and_from_a_byte(ring: Path) -> None:
    first, second = (os.open(ring, os.O_RDWR) for _ in range(2))
    try:
        assert not locks.is_byte_taken(second, 3)
        assert locks.take_byte(first, 3)
        assert locks.is_byte_taken(second, 3)
        assert not locks.is_byte_taken(second, 2)
        assert not locks.take_byte(second, 3)
        assert not locks.is_taken(second)
    finally:
        os.close(first)
        assert not locks.is_byte_taken(second, 3)
        os.close(second)


def test_without_locks_readers_go_on_and_writers_say_why(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    ring.with_name("r.bin.lock").touch()
    monkeypatch.setattr(fcntl, "flock", refuse)
    assert holder_of(ring) is None
    assert len(copy_ring(ring).ring) == 8
    with pytest.raises(FileError, match="gives no locks"):
        hold(ring, role="edit")


@needs_tool("unshare")
@needs_own_mounts()
def test_a_launch_in_a_container_is_steered_from_outside(ring: Path, tmp_path: Path) -> None:
    need_root()
    if not devices():
        does_not_apply("a launch in place needs an OpenCL device")
    command = [
        "unshare",
        "-pf",
        "--mount-proc",
        sys.executable,
        "-m",
        "vyrectl",
        "launch",
        str(ring),
        "--follow",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            live = Path(f"{ring}.live")
            deadline = time.monotonic() + 60
            while not live.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            vyrectl = [sys.executable, "-m", "vyrectl"]
            for args in (
                ("set", ring, "param=4", "1"),
                ("control", live, "epoch=40"),
                ("control", live, "shutdown=1"),
            ):
                for _ in range(50):
                    done = subprocess.run(
                        [*vyrectl, *map(str, args)], capture_output=True, text=True, timeout=60
                    )
                    if "about to begin" not in done.stderr:
                        break
                    time.sleep(0.2)
                assert done.returncode == 0, done.stderr
            child.communicate(timeout=60)
            assert child.returncode == 0
        finally:
            child.kill()
