"""The note of a launch whose result goes elsewhere: which ring it reads and which file it writes, for whoever looks.

Such a launch holds nothing of its ring, which may be somebody else's in a folder that nobody may write. So it says in
memory without a name in any folder what it works on (`vyrectl.sidecar.board`), and others find that among the
descriptors of the processes that they may look at. Standard library only. The invariant: a note is its launch's own and
goes with it, whatever becomes of that; a child that outlives it has none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vyrectl.dataclass import dataclass
from vyrectl.files import locks
from vyrectl.files.replace import StrPath
from vyrectl.shell import file_argument
from vyrectl.sidecar.board import descriptors, make_memory, mark_of

_NAME = "vyrectl-launch-"
_PROCESSES = "/proc"
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Note:
    """One launch that lives.

    Attributes:
        pid: Its process, as it is called here.
        mark: The identity of the ring that it reads (`vyrectl.sidecar.board.mark_of`).
        ring: That ring's path when it began, absolute.
        output: Where its result goes, absolute; None for standard output.
    """

    pid: int
    mark: str
    ring: str
    output: str | None

    def __str__(self) -> str:
        """Who it is, in the words of a lock's holder."""
        return f"pid {self.pid} (launch {self.option})"

    @property
    def option(self) -> str:
        """Its `--output`, as it is typed here."""
        return f"--output {'-' if self.output is None else file_argument(nearby(self.output))}"

    def reads(self, path: StrPath) -> bool:
        """Whether this is the ring that it reads."""
        with suppress(OSError):
            return mark_of(path) == self.mark
        return False

    def writes(self, path: StrPath) -> bool:
        """Whether its result goes there."""
        return self.output is not None and os.path.realpath(self.output) == os.path.realpath(path)


def nearby(path: str) -> str:
    """An absolute path as it is typed in the folder at hand, where it lies in that; else as it is."""
    with suppress(OSError):
        here = os.path.join(os.path.realpath(os.getcwd()), "")
        there = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        return there.removeprefix(here)
    return path


@contextmanager
def noted(ring: StrPath, output: StrPath | None) -> Iterator[None]:
    """Let others find a launch that reads a ring and writes elsewhere, for as long as this lasts.

    Args:
        ring: What it reads.
        output: What it writes; None for standard output.
    """
    said = {
        "pid": os.getpid(),
        "ring": os.path.abspath(ring),
        "output": None if output is None else os.path.abspath(output),
    }
    data = json.dumps(said).encode()
    try:
        memory = make_memory(f"{_NAME}{mark_of(ring)}", len(data))
    except OSError:  # the ring is gone: what opens it next says so
        yield
        return
    with memory:
        memory[:] = data
        yield


def notes_about(path: StrPath) -> list[Note]:
    """The launches that read this ring for a result elsewhere, or else those whose result goes there; by their pids.

    A process that may not be looked at is passed over, and where the system shows none there are no notes.
    """
    notes = open_notes()
    return [one for one in notes if one.reads(path)] or [one for one in notes if one.writes(path)]


def open_notes() -> list[Note]:
    """Every launch with a note that this process may look at."""
    processes: list[int] = []
    with suppress(OSError):
        processes = sorted(int(name) for name in os.listdir(_PROCESSES) if name.isdecimal())
    return [note for pid in processes for note in _of_process(pid)]


def _of_process(pid: int) -> Iterator[Note]:
    for entry, link in descriptors(pid):
        if link.startswith(_NAME):
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(_read(entry))
                if said["pid"] in (pid, locks.inner_pid(pid)):
                    output = None if said["output"] is None else str(said["output"])
                    yield Note(pid, link.removeprefix(_NAME), str(said["ring"]), output)


def _read(entry: str) -> bytes:
    with open(entry, "rb") as file:
        return file.read(_MOST_BYTES)
