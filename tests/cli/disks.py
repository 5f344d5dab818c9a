"""Every writing command on a disk that is full, then on a read-only one: `python -m tests.cli.disks FOLDER`.

Mounts a small file system on the folder, so it wants a mount name space of its own and the superuser. Prints what was
wrong, or nothing; exit code 77 says that nothing can be mounted here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CANNOT_MOUNT = 77
RING = "ring.bin"
SETUP = ("build", RING, "--synthetic", "1000", "--seed", "1")
WRITERS = (
    ("build", "new.bin", "--slots", "1000"),
    ("build", RING, "--slots", "1000", "--force"),
    ("transition", RING, "pause", "--epoch", "9", "--where", "state == ready"),
    ("set", RING, "param=3", "--all", "--backup"),
    ("recover", RING),
    ("repair", RING, "--all"),
    ("launch", RING, "--device", "reference"),
    ("launch", RING, "--device", "reference", "--output", "new.bin"),
)
READERS = (("snapshot", RING), ("check", RING, "--json"), ("inspect", RING, "--limit", "1"))


def vyrectl(*args: str) -> tuple[int, str]:
    """Exit code and standard error of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "vyrectl", *args, "--quiet"], capture_output=True, text=True, check=False
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


def main(folder: str) -> None:
    """Full, then read-only."""
    mount(folder, "size=96k")
    os.chdir(folder)
    assert vyrectl(*SETUP)[0] == 0
    assert vyrectl("set", RING, "state=running", "0-499")[0] == 1, "the disk is larger than meant"
    with Path(RING).open("rb+") as stream:
        for slot, state in ((3, 2), (900, 2), (5, 7), (905, 7)):
            os.pwrite(stream.fileno(), bytes([state]), slot * 64)
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
