"""Every writing command on a disk that is full, then on a read-only one: `python -m tests.cli.disks FOLDER`.

Mounts a small file system on the folder, so it wants a mount name space of its own and the superuser. Prints what was
wrong, or nothing; exit code 77 says that nothing can be mounted here.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

from tests import warm
from tests.conformance.backends import devices

CANNOT_MOUNT = 77
RING = "ring.bin"
READY = struct.pack("<16I", 1, *[0] * 15)
SETUP = ("build", RING, "--synthetic", "1000", "--seed", "1")
WRITERS = (
    ("build", "new.bin", "--slots", "1000"),
    ("build", RING, "--slots", "1000", "--force", "--backup"),
    ("transition", RING, "pause", "--epoch", "9", "--where", "state == ready"),
    ("set", RING, "param=3", "--all", "--backup"),
    ("recover", RING),
    ("repair", RING, "--all"),
    ("launch", RING, "--device", "reference"),
    ("launch", RING, "--device", "reference", "--output", "new.bin"),
)
IN_PLACE = (
    ("launch", "holes.bin", "--device", "cpu"),
    ("launch", RING, "--device", "cpu", "--buffer", "0=zeros:uint32:500000:out.npy"),
    ("launch", RING, "--device", "cpu"),
)
"""A ring with holes, an output, what is kept of a ring that is not ours: each needs room, and without it a store into
a mapped file would be SIGBUS."""

READERS = (("snapshot", RING), ("check", RING, "--json"), ("inspect", RING, "--limit", "1"))


def vyrectl(*args: str) -> tuple[int, str]:
    """Exit code and standard error of a command."""
    done = subprocess.run(
        warm.command("vyrectl", *args, "--quiet"), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def mount(folder: str, options: str) -> None:
    """Mount a file system in memory, or end with `CANNOT_MOUNT`."""
    command = ["mount", "-t", "tmpfs", "-o", options, "none", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise SystemExit(CANNOT_MOUNT)


def refused(reason: str, writers: tuple[tuple[str, ...], ...]) -> None:
    """Hold each writer to a clear error that changes nothing."""
    ring, names = Path(RING).read_bytes(), {RING, f"{RING}.lock"}
    for command in writers:
        code, error = vyrectl(*command)
        assert code == 1, (command, code, error)
        assert reason in error, (command, error)
        assert "fix: " in error, (command, error)
        assert Path(RING).read_bytes() == ring, command
        assert set(os.listdir()) <= names, (command, os.listdir())


def in_place(folder: str) -> None:
    """Hold launches in place to the same, each with less room than it needs."""
    for command, left in zip(IN_PLACE, (16, 1024, 8), strict=True):
        mount(folder, "size=4m")
        os.chdir(folder)
        Path(RING).write_bytes(READY * 1000)
        with Path("holes.bin").open("wb") as stream:
            stream.write(READY)
            stream.truncate(64 * 10_000)
        with Path("rest").open("wb") as stream:
            free = os.statvfs(".").f_bavail * os.statvfs(".").f_frsize
            os.posix_fallocate(stream.fileno(), 0, free - left * 1024)
        before = {path: path.read_bytes() for path in sorted(Path().iterdir())}
        code, error = vyrectl(*command)
        assert code == 1, (command, code, error)
        assert "no space left" in error, (command, error)
        assert "fix: " in error, (command, error)
        if command == IN_PLACE[-1]:
            size = len(before[Path(command[1])])
            assert f"cannot keep the old file as {command[1]}.bak ({size} bytes)" in error, error
            assert f"Free {size} bytes there, or work on a copy on another disk: cp -- " in error, error
            assert "or leave the ring as it is: --output NEW on another disk" in error, error
        Path(f"{command[1]}.lock").unlink()
        # What a first launch in place keeps of somebody else's ring is kept even where the launch went no further.
        Path(f"{command[1]}.bak").unlink(missing_ok=True)
        assert {path: path.read_bytes() for path in sorted(Path().iterdir())} == before, command
        Path("rest").unlink()
        code, error = vyrectl(*command)
        assert code == 0, (command, code, error)
        os.chdir("/")
        subprocess.run(["umount", folder], check=True)


def has_cpu() -> bool:
    """Whether a device can work in place."""
    return any(device.is_cpu for device in devices().values())


def main(folder: str) -> None:
    """Without room for what is mapped, full, then read-only."""
    warm.command("vyrectl")  # its server begins here, outside the folder that is unmounted
    if has_cpu():
        in_place(folder)
    mount(folder, "size=96k")
    os.chdir(folder)
    assert vyrectl(*SETUP)[0] == 0
    assert vyrectl("set", RING, "state=running", "0-499")[0] == 1, "the disk is larger than meant"
    made = os.stat(RING)
    with Path(RING).open("rb+") as stream:
        for slot, state in ((3, 2), (900, 2), (5, 7), (905, 7)):
            os.pwrite(stream.fileno(), bytes([state]), slot * 64)
    # Else it were somebody else's, of which a copy has to be kept.
    os.utime(RING, ns=(made.st_atime_ns, made.st_mtime_ns))
    refused("no space left", WRITERS)
    assert vyrectl("set", RING, "param=3", "7")[0] == 0, "an edit within a page needs no room"
    mount(folder, "remount,ro")
    refused("read-only file system", (*WRITERS, ("set", RING, "param=4", "7")))
    for command in READERS:
        code, error = vyrectl(*command)
        assert code in (0, 3), (command, error)
        assert not error, (command, error)


if __name__ == "__main__":
    main(sys.argv[1])
