"""`launch --feed` as a feeder meets it: a process, its pipes, a FIFO; on the reference backend."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import needs_device
from vyrectl import SLOT_DTYPE, Ring
from vyrectl.abi.states import TaskState

Answers = list[dict[str, Any]]
SOON = 30.0


def command(ring: Path, *options: str, device: str = "reference") -> list[str]:
    return [sys.executable, "-m", "vyrectl", "launch", str(ring), "--device", device, "--quiet", *options]


def feed(ring: Path, text: str, *options: str) -> Answers:
    """What a feed answers to a text, the report last."""
    done = subprocess.run(
        command(ring, "--feed", "-", *options), input=text.encode(), capture_output=True, timeout=SOON
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(answers: Answers, key: str) -> list[Any]:
    return [answer[key] for answer in answers if key in answer]


def lines(*objects: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.bin"
    Ring.create(path, 64).close()
    return path


def states(ring: Path) -> list[int]:
    with Ring.open(ring) as opened:
        found: list[int] = opened.slots["state"].tolist()
    return found


def test_each_task_is_accepted_then_done(ring: Path) -> None:
    answers = feed(
        ring, lines(*({"task_id": i, "op": "nop"} for i in range(1, 21)), {"task_id": 99, "op": "fault"})
    )
    assert of(answers, "accepted") == [*range(1, 21), 99]
    assert sorted(of(answers, "done")) == [*range(1, 21), 99]
    assert {"done": 99, "state": "Faulted", "slot": 20, "code": 0} in answers
    assert answers[-1]["report"]["ended"] == "drained"
    assert answers[-1]["report"]["done"] == 20


def test_what_is_wrong_with_a_line_is_said_and_the_run_goes_on(ring: Path) -> None:
    answers = feed(ring, '{"task_id": 1}\nnonsense\n\n{"op": "nop"}\n{"task_id": 2}\n{"task_id": 3')
    assert of(answers, "line") == [2, 4, 6]
    assert "unfinished" in of(answers, "error")[-1]
    assert sorted(of(answers, "done")) == [1, 2]


def test_ids_of_an_earlier_launch_count(ring: Path) -> None:
    text = lines({"task_id": 1}, {"task_id": 2, "op": "wait", "param": 5}, {"task_id": 1})
    first = feed(ring, text)
    assert of(first, "duplicate") == [1]
    assert of(first, "left") == [2]
    again = feed(ring, text + lines({"epoch": 5}))
    assert of(again, "accepted") == []
    assert [(a["duplicate"], a["state"]) for a in again if "duplicate" in a][:2] == [
        (1, "Done"),
        (2, "Paused"),
    ]
    assert of(again, "done") == [2]
    assert again[-1]["report"]["claims"] == 1


def test_a_full_ring_pushes_back_and_reclaims(tmp_path: Path) -> None:
    path = tmp_path / "small.bin"
    Ring.create(path, 8).close()
    answers = feed(path, lines(*({"task_id": i} for i in range(1, 101))), "--reclaim")
    assert sorted(of(answers, "done")) == list(range(1, 101))
    assert of(answers, "full") == [8]
    assert of(answers, "waiting") == [92]


def test_commands(ring: Path) -> None:
    text = lines(
        {"task_id": 1, "op": "wait", "param": 3, "tenant": 7},
        {"epoch": "+1"},
        {"snapshot": True},
        {"requeue": "tenant == 7", "priority": "high"},
        {"pause": 12345},
        {"pause": "no such =="},
        {"epoch": 9},
    )
    answers = feed(ring, text)
    assert of(answers, "epoch") == [1, 9]
    assert len(of(answers, "snapshot")) == 1
    assert sorted(of(answers, "changed")) == [0, 1]
    assert of(answers, "command") == ["pause"]
    assert of(answers, "done") == [1]


def test_shutdown_leaves_the_rest(ring: Path) -> None:
    answers = feed(ring, lines({"task_id": 1, "op": "wait", "param": 3}, {"shutdown": True}, {"task_id": 2}))
    assert {"shutdown": True} in answers
    assert of(answers, "left")[:1] == [1]
    assert answers[-1]["report"]["ended"] == "shutdown"


class Running:
    """A launch with a FIFO, whose answers are read as they come."""

    def __init__(self, ring: Path, fifo: Path, answers: Path, *options: str) -> None:
        self.fifo = fifo
        self._answers = answers
        with answers.open("wb") as out:
            self.process = subprocess.Popen(
                command(ring, "--feed", str(fifo), *options), stdout=out, stderr=subprocess.PIPE
            )

    def answers(self) -> Answers:
        whole, _, _ = self._answers.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def until(self, holds: Callable[[Answers], bool]) -> Answers:
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline and self.process.poll() is None:
            if holds(answers := self.answers()):
                return answers
            time.sleep(0.01)
        raise AssertionError(self.answers()[-3:])

    def write(self, text: str) -> None:
        """As one more feeder, which comes and goes."""
        deadline = time.monotonic() + SOON
        while not self.fifo.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        with self.fifo.open("w") as fifo:
            fifo.write(text)


@pytest.fixture
def running(ring: Path, tmp_path: Path) -> Iterator[Running]:
    launch = Running(ring, tmp_path / "feed", tmp_path / "answers.jsonl", "--reclaim")
    yield launch
    launch.process.kill()
    launch.process.communicate(timeout=SOON)


def test_feeders_come_and_go_and_may_die_in_the_middle_of_a_line(running: Running) -> None:
    running.write(lines(*({"task_id": i} for i in range(1, 31))) + '{"task_id": 31, "op"')
    running.until(lambda answers: of(answers, "line") == [31])
    running.write(lines(*({"task_id": i} for i in range(20, 61))))
    answers = running.until(lambda answers: len(of(answers, "done")) == 60)
    assert sorted(of(answers, "done")) == list(range(1, 61))
    assert len(of(answers, "accepted")) == 60
    assert sorted(of(answers, "duplicate")) == list(range(20, 31))
    running.write(lines({"shutdown": True}))
    assert running.process.wait(SOON) == 0
    assert not running.fifo.exists()


def test_it_sleeps_while_nothing_comes(running: Running) -> None:
    running.write(lines({"task_id": 1}))
    running.until(lambda answers: of(answers, "done") == [1])
    before = busy_seconds(running.process.pid)
    time.sleep(0.6)
    assert busy_seconds(running.process.pid) - before < 0.15


def busy_seconds(pid: int) -> float:
    """Processor time of a process and its children so far."""
    family = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    ticks = 0
    for one in family:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_says_what_is_left_and_saves(running: Running, ring: Path) -> None:
    running.write(lines({"task_id": 1}, {"task_id": 2, "op": "wait", "param": 9}))
    running.until(lambda answers: of(answers, "done") == [1])
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(SOON) == 130
    answers = running.answers()
    assert of(answers, "left") == [2]
    assert answers[-1]["report"]["ended"] == "interrupted"
    assert states(ring)[:2] == [int(TaskState.DONE), int(TaskState.PAUSED)]


def test_a_reader_that_goes_away_ends_the_feed(ring: Path) -> None:
    process = subprocess.Popen(
        command(ring, "--feed", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines({"task_id": 1}).encode())
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"accepted": 1, "slot": 0}
    process.stdout.close()
    process.stdin.write(lines(*({"task_id": i} for i in range(2, 40))).encode())
    process.stdin.flush()
    assert process.wait(SOON) == 141
    process.communicate()


@needs_device()
def test_a_device_that_no_host_reaches_while_it_runs_ends_its_feed(ring: Path) -> None:
    """PoCL's `basic` runs a kernel before the call that enqueues it returns. Other drivers take no notice."""
    done = subprocess.run(
        command(ring, "--follow", "--feed", "-", device="cpu"),
        input=lines({"task_id": 1}, {"task_id": 2, "op": "spin", "param": 10}).encode(),
        capture_output=True,
        timeout=4 * SOON,
        env={**os.environ, "POCL_DEVICES": "basic"},
    )
    assert done.returncode == 0, done.stderr.decode()
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(of(answers, "done")) == [1, 2]
    assert of(answers, "report")[0]["ended"] == "drained"


def test_following_without_a_feed_ends_by_its_timeout(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    slots = np.zeros(4, SLOT_DTYPE)
    slots["state"] = 1
    Ring.from_slots(slots).save(path)
    for seconds in ("2", "8"):
        done = subprocess.run(
            command(path, "--follow", "--timeout", seconds), capture_output=True, timeout=SOON
        )
        assert done.returncode == 124
        if states(path) == [int(TaskState.DONE)] * 4:
            return  # else the machine was too busy to begin before its end
    pytest.fail("the tasks were not run")


@pytest.mark.parametrize(
    "options",
    [
        ("--reclaim",),
        ("--spin-ms", "3"),
        ("--follow", "--reclaim"),
        ("--follow", "--where", "slot < 3"),
        ("--feed", "-", "--verify"),
        ("--feed", "-", "--mode", "jit"),
    ],
)
def test_options_that_do_not_go_together(ring: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        command(ring, *options), capture_output=True, timeout=SOON, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert b"fix:" in done.stderr


def test_a_ring_whose_tasks_spawn_is_not_fed(tmp_path: Path) -> None:
    slots = np.zeros(4, SLOT_DTYPE)
    slots[0]["state"], slots[0]["op_handle"], slots[0]["task_id"] = int(TaskState.READY), 0x1010, 1
    path = tmp_path / "ring.bin"
    slots.tofile(path)
    done = subprocess.run(
        command(path, "--feed", "-", "--buffer", "0=zeros:uint32:8"),
        input=b'{"task_id": 5}\n',
        capture_output=True,
        timeout=SOON,
    )
    assert done.returncode == 2
    assert b"spawn children into Empty slots" in done.stderr
    assert b"vyrectl publish" in done.stderr
    assert path.read_bytes() == slots.tobytes()
