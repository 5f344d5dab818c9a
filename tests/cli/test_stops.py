"""Commands that are told to end, at any moment: a message, the contract's exit code, a whole ring, nobody left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.kills import wrong_after
from tests.needs import only_where
from tests.support.rings import write_ring
from vyrectl.ring.synthetic import synthesize

SLOTS = 2000
MOMENTS = 4
"""Of each signal, spread over the life of the command."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
COMMANDS = {
    "launch": ("launch", "ring.bin", "--device", "reference", "--json", "--quiet"),
    "transition": ("transition", "ring.bin", "requeue", "--where", "state == ready", "--json", "--quiet"),
    "recover": ("recover", "ring.bin", "--backup", "--limit", "9", "--json", "--quiet"),
}


def start(folder: Path, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "vyrectl", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def await_lock(process: subprocess.Popen[bytes], lock: Path) -> None:
    """Wait until somebody has signed the ring's lock; what is printed meanwhile has to fit into a pipe."""
    while process.poll() is None and not (lock.exists() and lock.stat().st_size):
        time.sleep(0.0005)


def seconds_of(folder: Path, command: tuple[str, ...]) -> float:
    """How long a command takes from its lock on."""
    process = start(folder, command)
    await_lock(process, folder / "ring.bin.lock")
    begin = time.monotonic()
    process.communicate(timeout=60)
    return time.monotonic() - begin


def answer_of(out: bytes, err: bytes) -> dict[str, object]:
    """The error, if there is one (the answer may then be a part of one), else the whole answer."""
    found: dict[str, object] = json.loads(err or out)
    return found


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_after_the_lock_is_taken(tmp_path: Path, name: str) -> None:
    slots = synthesize(SLOTS, 1)
    slots["state"][::7] = 2
    ring, lock = write_ring(tmp_path / "ring.bin", slots.tobytes()), tmp_path / "ring.bin.lock"
    long, met = seconds_of(tmp_path, COMMANDS[name]), Counter[object]()
    new = ring.read_bytes()
    for moment in range(MOMENTS):
        for number in SIGNALS:
            ring.write_bytes(slots.tobytes())
            lock.write_bytes(b"")
            process = start(tmp_path, COMMANDS[name])
            await_lock(process, lock)
            time.sleep(long * moment / MOMENTS)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            answer = answer_of(out, err)
            ended = answer.get("error", answer.get("ended", "done"))
            met[ended] += 1
            assert process.returncode == (128 + number if ended in ("stopped", "interrupted") else 0), answer
            if name != "launch":
                assert ring.read_bytes() in (slots.tobytes(), new)
            assert ring.stat().st_size == SLOTS * 64
            with pytest.raises(ProcessLookupError):
                os.killpg(process.pid, 0)
            wrong = wrong_after(tmp_path)
            assert wrong is None or ".vyrectl-" in wrong, "at most what the next write removes"
    assert met["stopped"] or met["interrupted"], met


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_that(tmp_path: Path, number: int) -> None:
    """From the moment on in which Python has loaded the project."""
    command = (
        "import os, signal; from vyrectl.cli import process; from vyrectl.cli.stops import listen\n"
        "def loading(): listen(); os.kill(os.getpid(), NUMBER); raise AssertionError\n"
        "process.listen = loading; process.run_command_line()"
    ).replace("NUMBER", str(int(number)))
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 128 + number
    assert done.stderr.decode().splitlines()[0] == f"error: stopped by {signal.Signals(number).name}"


WATCHES = {
    (): "no file was being written",
    ("--append", "h.jsonl"): "every line of h.jsonl is whole",
    ("--openmetrics", "--output", "m.prom"): "a file that it was writing is the old one or the new",
}


@pytest.mark.parametrize("options", WATCHES)
def test_a_command_that_is_stopped_says_what_is_true_of_files(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    write_ring(tmp_path / "ring.bin", synthesize(4, 1).tobytes())
    process = start(tmp_path, ("snapshot", "ring.bin", "--watch", "0.05", *options))
    assert process.stdout is not None
    if options:
        while not (tmp_path / options[-1]).exists():
            time.sleep(0.01)
    else:
        process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.decode().splitlines() == [
        "error: stopped by SIGTERM",
        f"  fix: Run the command again; {WATCHES[options]}",
    ]


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """As `nohup` and shells' background jobs have it."""
    command = (
        "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "from vyrectl.cli.stops import listen; listen(); os.kill(os.getpid(), signal.SIGTERM); print('on')"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"on\n")


@only_where(Path("/proc/self/task").exists(), "children of a process are looked up in /proc")
def test_a_signal_to_the_whole_group_ends_a_launch_properly(tmp_path: Path) -> None:
    """As a service manager sends it: the process that drives the device leaves it to its parent."""
    slots = synthesize(SLOTS, 1)
    slots["op_handle"], slots["state"] = 0x1007, 1
    slots["param"] = 1_000_000
    for pause_s in (0.3, 1, 3, 9):
        ring = write_ring(tmp_path / "ring.bin", slots.tobytes())
        process = start(tmp_path, ("launch", "ring.bin", "--device", "reference", "--json", "--quiet"))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not children.read_text():
            time.sleep(0.01)
        time.sleep(pause_s)
        os.killpg(process.pid, signal.SIGTERM)
        answer = answer_of(*process.communicate(timeout=60))
        assert process.returncode == 143
        assert ring.stat().st_size == SLOTS * 64
        if "ended" in answer:  # else the machine was too busy, and the launch had not begun
            break
    assert answer["ended"] == "interrupted"
