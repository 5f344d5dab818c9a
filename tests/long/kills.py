"""Commands that write a ring of 100 000 slots, killed by SIGKILL at any time: the old ring or the new is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.cli.kills import AGAIN, RING, wrong_after
from tests.long._run import FAILED, ROOT, Run
from vyrectl.ring.synthetic import synthesize

SLOTS = "100000"
COMMANDS = {
    "build": ("build", RING, "--synthetic", SLOTS, "--seed", "5", "--force", "--backup"),
    "transition": ("transition", RING, "requeue", "--where", "state in (ready, running)", "--backup"),
    "set": ("set", RING, "param=77", "--all"),
    "set-one": ("set", RING, "param=77", "3"),
    "recover": ("recover", RING, "--backup"),
    "repair": ("repair", RING, "--all"),
}
HEALING = 8
"""One of so many kills is followed by a later write, which has to clean up."""


def run(run: Run) -> None:
    """One kill a seed; how many of them met a command at work is said at the end."""
    with TemporaryDirectory() as text:
        folder = Path(text) / "work"
        folder.mkdir()
        begin = time.monotonic()
        old = make_old(Path(text) / "old.bin")
        results = {name: result_of(folder, old, command) for name, command in COMMANDS.items()}
        run.deadline += time.monotonic() - begin
        kills = 0
        for seed in run.seeds():
            random = Random(seed)
            name = random.choice(list(COMMANDS))
            new, seconds = results[name]
            shutil.copyfile(old, folder / RING)
            kills += kill(folder, COMMANDS[name], random.uniform(0.0, seconds))
            check(folder, name, old.read_bytes(), new)
            if random.randrange(HEALING) == 0:
                subprocess.run(
                    vyrectl(*AGAIN), cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL
                )
                found = wrong_after(folder)
                if found is not None:
                    fail(f"{name}: {found}")
        run.say(f"{kills} commands were killed at work")


def environment() -> dict[str, str]:
    """The project on the path, as the commands run in another folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def vyrectl(*args: str) -> list[str]:
    """A command line in a process of its own."""
    return [sys.executable, "-m", "vyrectl", *args, "--quiet", "--format", "csv"]


def make_old(path: Path) -> Path:
    """The ring that every command starts from: each seventh task Running, each eleventh Faulted."""
    slots = synthesize(int(SLOTS), 3)
    slots["state"][::7] = 2
    slots["state"][::11] = 7
    path.write_bytes(slots.tobytes())
    return path


def result_of(folder: Path, old: Path, command: tuple[str, ...]) -> tuple[bytes, float]:
    """What a command makes of the old ring, and how long it takes."""
    shutil.copyfile(old, folder / RING)
    begin = time.monotonic()
    subprocess.run(vyrectl(*command), cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return (folder / RING).read_bytes(), time.monotonic() - begin


def kill(folder: Path, command: tuple[str, ...], after: float) -> bool:
    """Start a command and kill it after so many seconds; False when it was through before."""
    process = subprocess.Popen(vyrectl(*command), cwd=folder, env=environment(), stdout=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() == -signal.SIGKILL


def check(folder: Path, name: str, old: bytes, new: bytes) -> None:
    """Hold what is left to the promise."""
    if (folder / RING).read_bytes() not in (old, new):
        fail(f"{name}: {RING} is neither the old ring nor the new")
    backup = folder / f"{RING}.bak"
    if backup.exists() and backup.read_bytes() != old:
        fail(f"{name}: the backup is not the old ring")


def fail(text: str) -> None:
    """End the form."""
    print(text, file=sys.stderr)
    raise SystemExit(FAILED)
