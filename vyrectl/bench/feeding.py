"""Launches in processes of their own, and feeders of them: `bench live`'s other side.

A feeder is a process too, so that it can be killed. What a launch answers is counted from its bytes, which costs less
than parsing them. Standard library only.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO

from vyrectl.errors import DeviceError, VerifyError
from vyrectl.files.python import code_command, module_command
from vyrectl.ring.file import Ring
from vyrectl.sidecar.sidecar import Sidecar

START_SECONDS = 180.0
END_SECONDS = 60.0
FEED_SLOTS = 1 << 16

FEEDER = """
import sys
path, first, last, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
import time
with open(path, "wb", buffering=0) as fifo:
    for start in range(first, last, 500):
        lines = [b'{"task_id": %d, "op": "nop", "param": %d}\\n' % (i, i) for i in range(start, min(start + 500, last))]
        fifo.write(b"".join(lines))
        if pause:
            time.sleep(pause)
"""
"""A program that writes tasks and ends; arguments: path, first id, end of the ids, seconds between blocks."""

_DONE = re.compile(rb'\{"done": (\d+), "state": "Done"')
_DUPLICATE = re.compile(rb'\{"duplicate": (\d+),')
_ACCEPTED = re.compile(rb'\{"accepted": (\d+),')


class LaunchProcess:
    """A `vyrectl launch --follow` of its own."""

    def __init__(self, ring: Path, process: subprocess.Popen[bytes]) -> None:
        self.ring = ring
        self.process = process

    @classmethod
    @contextmanager
    def start(cls, ring: Path, slots: int, device: str, *options: str) -> Iterator[LaunchProcess]:
        """Make a ring of Empty slots and launch it; wait until it lets editors in.

        Raises:
            DeviceError: It ended instead.
        """
        Ring.create(ring, slots, overwrite=True).close()
        process = subprocess.Popen(
            launch_command(ring, device, "--follow", *options),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            launch = cls(ring, process)
            launch._until_open()
            yield launch
        finally:
            end(process)

    def _until_open(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ended_early(self.process)
            with suppress(Exception), Sidecar.open(self.ring) as sidecar:
                if sidecar.is_live():
                    return
            time.sleep(0.02)
        raise DeviceError("the launch does not get ready", where=str(self.ring))


def launch_command(ring: Path, device: str, *options: str) -> list[str]:
    """How to launch from here."""
    device_options = ["--device", device] if device else []
    return module_command("vyrectl", "launch", str(ring), *device_options, "--quiet", *options)


def ended_early(process: subprocess.Popen[bytes]) -> DeviceError:
    """Why a launch is over before its time."""
    _, said = process.communicate()
    return DeviceError(f"the launch ended by itself: {said.decode(errors='replace').strip()}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a launch to stop, then insist."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


class Answers:
    """What a feed has answered so far, read from a pipe as it comes, by any thread.

    It reads a descriptor of its own, to the end: whoever ends the launch closes the pipe itself.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd: int | None = os.dup(pipe.fileno())
        self._turn = Lock()
        self._rest = b""
        self.accepted: list[int] = []
        self.done: list[int] = []
        self.duplicates: list[int] = []
        self.first = self.last = 0.0

    def read(self) -> bool:
        """Take what has come; False at the end."""
        with self._turn:
            if self._fd is None:
                return False
            data = os.read(self._fd, 1 << 18)
            if not data:
                os.close(self._fd)
                self._fd = None
                return False
        self.last = time.perf_counter()
        whole, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest if newline else self._rest + data
        self.first = self.first or self.last
        self.accepted += map(int, _ACCEPTED.findall(whole))
        self.done += map(int, _DONE.findall(whole))
        self.duplicates += map(int, _DUPLICATE.findall(whole))
        return True

    def until_done(self, tasks: int) -> None:
        """Read until so many tasks are done.

        Raises:
            DeviceError: The launch ended before.
        """
        self._until(lambda: len(self.done) >= tasks)

    def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            if not self.read():
                raise DeviceError(f"the launch ended with {len(self.done)} tasks done")

    def check(self, tasks: int) -> None:
        """Each of the ids 1 to `tasks` accepted once and done once.

        Raises:
            VerifyError: It is not so.
        """
        wanted = list(range(1, tasks + 1))
        for what, ids in (("accepted", self.accepted), ("done", self.done)):
            if sorted(ids) != wanted:
                raise VerifyError(f"{len(ids)} tasks were {what}, {len(set(ids))} different ones, of {tasks}")


@contextmanager
def fed(ring: Path, device: str, slots: int = FEED_SLOTS) -> Iterator[tuple[Path, Answers]]:
    """A launch with a FIFO, ready to be fed."""
    fifo = Path(f"{ring}.feed")
    Ring.create(ring, slots, overwrite=True).close()
    process = subprocess.Popen(
        launch_command(ring, device, "--feed", str(fifo), "--reclaim"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    answers: Answers | None = None
    try:
        deadline = time.monotonic() + START_SECONDS
        while not fifo.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ended_early(process)
            time.sleep(0.02)
        assert process.stdout is not None
        answers = Answers(process.stdout)
        yield fifo, answers
    finally:
        end(process)
        while answers is not None and answers.read():
            pass


def feeder(fifo: Path, first: int, last: int, pause: float = 0.0) -> subprocess.Popen[bytes]:
    """A process that writes the tasks `first` to `last - 1`."""
    return subprocess.Popen(code_command(FEEDER, str(fifo), str(first), str(last), str(pause)))


def feed_rate(ring: Path, device: str, tasks: int) -> float:
    """Tasks a second from the first answer to the last, each accepted and done once.

    Raises:
        VerifyError: One was lost or came twice.
    """
    with fed(ring, device) as (fifo, answers):
        with feeder(fifo, 1, tasks + 1) as writing:
            answers.until_done(tasks)
            writing.wait(END_SECONDS)
        answers.check(tasks)
        return tasks / (answers.last - answers.first)


def feed_through_a_kill(ring: Path, device: str, tasks: int) -> int:
    """Kill the feeder midway, start another that sends everything again; how many tasks came a second time.

    The second sends one task more: its answer is the last, even where the first was too quick to be killed.

    Raises:
        VerifyError: One was lost or ran twice.
    """
    with fed(ring, device) as (fifo, answers):
        with feeder(fifo, 1, tasks + 1, pause=0.02) as writing:
            answers.until_done(tasks // 3)
            writing.kill()
        with feeder(fifo, 1, tasks + 2) as writing:
            answers.until_done(tasks + 1)
            writing.wait(END_SECONDS)
        answers.check(tasks + 1)
        return len(answers.duplicates)
