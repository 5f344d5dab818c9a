"""Commands that write a ring, and what may be found when one was killed: the old ring or the new, and nothing unknown.

Run as a program, it kills a command before its every system call that changes a file, one after the other:
`python -m tests.cli.kills NAME FOLDER` prints how many times it did, or says what was found.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from vyrectl.files.ring_lock import mark_made

RING = "ring.bin"
CALLS = (
    (os, "open"),
    (os, "write"),
    (os, "pwrite"),
    (os, "fsync"),
    (os, "replace"),
    (os, "link"),
    (os, "unlink"),
    (os, "ftruncate"),
    (os, "fchmod"),
    (os, "close"),
    (fcntl, "flock"),
)
"""What a command asks the system for on its way to a new ring."""


BACKUP = re.compile(r"ring\.bin\.bak(\.[0-9]+)?")
MOST_CALLS = 1000
AGAIN = ("build", RING, "--slots", "300", "--force")
"""A later write of the same ring."""


@dataclass(frozen=True)
class Edit:
    """One command that changes a ring.

    Attributes:
        args: Its arguments.
        exists: Whether the ring is there before.
        keeps: Whether the old ring is kept as well.
    """

    args: tuple[str, ...]
    exists: bool = True
    keeps: bool = False


EDITS = {
    "build": Edit(("build", RING, "--synthetic", "300", "--seed", "5"), exists=False),
    "build-force": Edit(("build", RING, "--synthetic", "300", "--seed", "5", "--force")),
    "build-backup": Edit(
        ("build", RING, "--synthetic", "300", "--seed", "5", "--force", "--backup"), keeps=True
    ),
    "build-empty": Edit(("build", RING, "--slots", "300", "--force")),
    "transition": Edit(("transition", RING, "requeue", "--where", "state in (ready, running)")),
    "transition-backup": Edit(("transition", RING, "pause", "5", "--epoch", "9", "--backup"), keeps=True),
    "set": Edit(("set", RING, "param=77", "--all", "--backup"), keeps=True),
    "set-one": Edit(("set", RING, "param=77", "3")),
    "encode": Edit(("encode", RING, "--slot", "3", "op=nop")),
    "recover": Edit(("recover", RING)),
    "recover-backup": Edit(("recover", RING, "--backup"), keeps=True),
    "repair": Edit(("repair", RING, "--all", "--backup"), keeps=True),
}


@cache
def old_ring() -> bytes:
    """300 tasks, each seventh Running and each eleventh Faulted."""
    from vyrectl.ring.synthetic import synthesize

    slots = synthesize(300, 3)
    slots["state"][::7] = 2
    slots["state"][::11] = 7
    return slots.tobytes()


def start(folder: Path, edit: Edit) -> None:
    """A fresh folder, with the old ring if the edit wants one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if edit.exists:
        (folder / RING).write_bytes(old_ring())
        mark_made(folder / RING)  # somebody else's would be kept as RING.bak, asked or not


def wrong_in(folder: Path, edit: Edit, new: bytes) -> str | None:
    """What a kill left that it may not leave, or None."""
    ring = folder / RING
    found = ring.read_bytes() if ring.exists() else None
    if found != (old_ring() if edit.exists else None) and found != new:
        return f"{RING} is neither the old ring nor the new"
    known = {RING, f"{RING}.lock", *((f"{RING}.bak",) if edit.keeps else ())}
    names = [one.name for one in folder.iterdir()]
    strange = [name for name in names if name not in known and not name.startswith(".vyrectl-")]
    if strange:
        return f"there is {strange[0]}"
    backup = folder / f"{RING}.bak"
    if backup.exists() and backup.read_bytes() != old_ring():
        return "the backup is not the old ring"
    if edit.keeps and found == new and not backup.exists():
        return "the old ring is lost"
    return None


def wrong_after(folder: Path) -> str | None:
    """What a later write of the same ring did not put right, or None."""
    names = {one.name for one in folder.iterdir()}
    left = {name for name in names - {RING, f"{RING}.lock"} if not BACKUP.fullmatch(name)}
    return f"a later write leaves {left}" if left else None


# --- one kill before each call ---


def forked(folder: Path, work: Callable[[], int]) -> int:
    """Run something in a copy of this process; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(folder)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os._exit(work())


def command(*args: str) -> int:
    """The command line, in this process."""
    from vyrectl.cli.main import main

    return main([*args, "--quiet"])


def load_all(folder: Path, edit: Edit) -> None:
    """Run both commands once in this process, so that no copy of it has to load what they are made of."""
    start(folder, edit)
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        assert command(*edit.args) == command(*AGAIN) == 0


def killed_before(number: int, args: tuple[str, ...]) -> int:
    """The command line, killed before its call of that number; a write does half of its work first."""
    left = number

    def guarded(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                if name == "write":
                    real(given[0], bytes(given[1])[: len(given[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **options)

        return call

    for owner, name in CALLS:
        setattr(owner, name, guarded(getattr(owner, name), name))
    return command(*args)


def kill_everywhere(edit: Edit, folder: Path) -> int:
    """Kill the edit before each of its calls; how often it was.

    Raises:
        AssertionError: A kill left something wrong, or nothing could be done afterwards.
    """
    load_all(folder, edit)
    start(folder, edit)
    assert forked(folder, partial(command, *edit.args)) == 0
    new = (folder / RING).read_bytes()
    for kills in range(MOST_CALLS):
        start(folder, edit)
        code = forked(folder, partial(killed_before, kills, edit.args))
        wrong = wrong_in(folder, edit, new)
        assert wrong is None, f"kill {kills}: {wrong}"
        if code == 0:
            return kills
        assert code == -signal.SIGKILL
        code = forked(folder, partial(command, *AGAIN))
        assert code == 0, f"kill {kills}: the ring cannot be written any more"
        wrong = wrong_after(folder)
        assert wrong is None, f"kill {kills}: {wrong}"
    raise AssertionError("the command does not end")


if __name__ == "__main__":
    print(kill_everywhere(EDITS[sys.argv[1]], Path(sys.argv[2])))
