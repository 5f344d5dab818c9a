"""What `launch` shows while it runs: on a terminal, elsewhere, as JSON; and how little of the time it takes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from vyrectl.cli.commands.launch.progress import FIRST_SECONDS, MOST_SHARE, Clock, LaunchProgress
from vyrectl.cli.commands.launch.standing import Standing, talk_line
from vyrectl.cli.commands.launch.status_block import CLEAR_BELOW, StatusBlock
from vyrectl.cli.commands.launch.watched import watcher
from vyrectl.cli.output import Output
from vyrectl.cli.worker_rows import WorkerRow, oldest_turn
from vyrectl.hosting.glance import Glance
from vyrectl.sidecar.workers import Worker

OpenTty = Callable[[], Terminal]

SEEN = Glance((10, 500, 2, 1_234_567, 3, 0, 0, 1), 0, (0, 1, 400, 99, 0), 7, is_whole=False)


class Time:
    """A clock that is set by hand; every look costs `cost` seconds of processor time."""

    def __init__(self, cost: float = 0.001) -> None:
        self.now = 100.0
        self.spent = 0.0
        self.cost = cost
        self.looks = 0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.spent)

    def look(self) -> Glance | None:
        self.looks += 1
        self.spent += self.cost
        return SEEN


class Seen:
    """A launch as its host sees it: a look, and its workers."""

    began = True
    where = "memory"

    def __init__(self, look: Callable[[], Glance | None], *workers: Worker) -> None:
        self.glance = look
        self._workers = workers

    def workers(self) -> Sequence[Worker]:
        return self._workers

    def note_hung(self, workers: Sequence[Worker]) -> None:
        """Nobody looks from outside."""

    def left_running(self) -> int:
        return 0

    def whole(self) -> bytes | None:
        return None


NOTHING = Seen(lambda: None)


def _same(seen: Glance | None) -> Glance | None:
    return seen


def news(claims: int, ended: int, **more: Any) -> dict[str, Any]:
    said = {"claims": claims, "round": 1, "claimed": claims, "claimable": 9, "ended": ended}
    return {**said, "waiting": (1, 2, 3, 4, 5), "epoch": 6, **more}


def run(progress: LaunchProgress, time: Time, seconds: float, *, tells: bool = True) -> None:
    """Eight looks a second, and as many messages; 96 tasks a second end."""
    for turn in range(1, round(seconds * 8) + 1):
        time.now += 0.125
        if tells:
            progress.update(news(turn * 24, turn * 12))
        progress.look(Seen(time.look))


@pytest.fixture
def open_tty(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Makes standard error a terminal of 80 columns."""

    def open_tty() -> Terminal:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        return terminal

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return open_tty


def test_a_short_launch_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, FIRST_SECONDS - 0.125)
    assert (capsys.readouterr().err, time.looks) == ("", 0)


def test_a_quiet_one_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(quiet=True), time.clock) as progress:
        run(progress, time, 10)
    assert (capsys.readouterr().err, time.looks) == ("", 0)


def test_a_line_each_second(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, 5.05)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert [line.split(",")[0] for line in lines] == [f"launch: {n}.0 s" for n in range(1, 6)]
    assert lines[-1] == (
        "launch: 5.0 s, round 1, 960 claims, 96 tasks/s, about 5 s left; about empty 10, ready 500, running 2, "
        "done 1 234 567, paused 3, faulted 1; waiting high 1, normal 400, low 99; age 7, epoch 6"
    )


def test_an_idle_launch_says_so_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, 10, tells=False)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["launch: 1.0 s", "launch: 6.0 s"]


def test_a_build_is_named_until_a_task_runs(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        progress.doing("compiling the kernels")
        for seen in (None, replace(SEEN, counts=(10, 500, 0, 0, 0, 0, 0, 0)), SEEN):
            time.now += 1
            progress.look(Seen(partial(_same, seen)))
    said = [line.split(", ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert said[0].startswith("compiling the kernels; waiting none")
    assert said[1].startswith("compiling the kernels; about empty 10, ready 500")
    assert said[2].startswith("at work; ")


def test_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output("json"), time.clock) as progress:
        progress.look(NOTHING)
        run(progress, time, 2.55)
    record = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert record == {
        "schema": "vyrectl.progress/1",
        "seconds": 2.0,
        "round": 1,
        "claims": 384,
        "tasks_per_second": 96.0,
        "seconds_left": 5.2,
        "states": {
            "Empty": 10,
            "Ready": 500,
            "Running": 2,
            "Done": 1_234_567,
            "Paused": 3,
            "Yielded": 0,
            "Requeued": 0,
            "Faulted": 1,
        },
        "is_sample": True,
        "waiting": {"critical": 0, "high": 1, "normal": 400, "low": 99, "idle": 0},
        "oldest_age": 7,
        "epoch": 6,
        "doing": None,
        "oldest_turn": None,
        "stopping": None,
        "grace_left": None,
    }


@pytest.mark.parametrize(
    ("why", "words"), [("timeout", "the time is over"), ("interrupted", "asked to stop")]
)
def test_what_a_launch_waits_for_past_its_limit(
    capsys: pytest.CaptureFixture[str], why: str, words: str
) -> None:
    for form in ("table", "json"):
        time = Time()
        with LaunchProgress(Output(form), time.clock) as progress:
            progress.look(NOTHING)
            hear = watcher(Output(form), progress, {})
            hear({"stopping": why, "grace_s": 5.0})
            time.now += 1.2
            progress.look(NOTHING)
            hear({"stopping": None, "grace_s": 0.0})
            time.now += 1.2
            progress.look(NOTHING)
        waits, saves = capsys.readouterr().err.splitlines()
        if form == "table":
            assert f"{words}, at most 4 s more for what runs; getting the device ready" in waits
            assert "at most" not in saves
        else:
            told = [json.loads(line) for line in (waits, saves)]
            assert [(one["stopping"], one["grace_left"]) for one in told] == [(why, 3.8), (None, None)]


def test_a_worker_with_a_task_is_at_work_where_nobody_sees_the_slots() -> None:
    unseen = Standing(2.0, 0, 0, None, None, None, False, {}, None, 0)
    assert talk_line(unseen).startswith("getting the device ready;")
    turn: WorkerRow = {
        "worker": 0,
        "slot": 5,
        "op_name": "hang",
        "op_handle": 0x20000,
        "turns": 1,
        "polls": 0,
        "seconds": 1.2,
    }
    assert talk_line(replace(unseen, turn=turn)).startswith("at work;")


def test_a_task_that_ends_at_once_is_not_named_for_its_neighbour() -> None:
    """As a GPU shows them, which runs both in step; before it lasts nobody can tell them apart."""
    held_up, hangs = Worker(0, 5, 0, 9, 0, 2.6), Worker(3, 17, 0x1005, 4, 7, 2.5)

    def oldest(*workers: Worker) -> int | None:
        row = oldest_turn(workers)
        return None if row is None else row["slot"]

    assert oldest(held_up, hangs) == 17
    assert oldest(replace(held_up, seconds=0.4), replace(hangs, seconds=0.3)) == 5
    assert oldest(held_up) == 5
    assert oldest() is None


def test_a_turn_that_lasts_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    short, long = Worker(0, 5, 0, 9, 0, 0.2), Worker(3, 17, 0x1005, 4, 7, 2.5)
    with LaunchProgress(Output("json"), time.clock) as progress:
        for workers in ((short,), (short, long)):
            time.now += 1
            progress.look(Seen(time.look, *workers))
    first, second = (json.loads(line)["oldest_turn"] for line in capsys.readouterr().err.splitlines())
    assert (first["worker"], first["op_name"]) == (0, "nop")
    assert second == {
        "worker": 3,
        "slot": 17,
        "op_handle": 0x1005,
        "turns": 4,
        "polls": 7,
        "seconds": 2.5,
        "op_name": "spin",
    }
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        for workers in ((short,), (long,)):
            time.now += 1
            progress.look(Seen(time.look, *workers))
    without, named = capsys.readouterr().err.splitlines()
    assert "worker" not in without
    assert named.endswith("; worker 3 has slot 17 (spin) in hand for at least 2.5 s")


def test_compiling_in_the_middle_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        progress.update(news(10, 5))
        for doing in ("compiling the kernels", None):
            progress.doing(doing)
            time.now += 1
            progress.look(Seen(time.look))
    during, after = capsys.readouterr().err.splitlines()
    assert "10 claims, compiling the kernels; " in during
    assert "compiling" not in after


def test_a_device_that_keeps_its_slots_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    with LaunchProgress(Output("json"), time.clock) as progress:
        time.now += 1
        progress.look(NOTHING)
        progress.update(news(10, 0))
        time.now += 1
        progress.update(news(30, 5))
        progress.look(NOTHING)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["round"], first["tasks_per_second"], first["states"]) == (0, None, None)
    assert (second["tasks_per_second"], second["seconds_left"], second["oldest_age"]) == (5.0, 3.0, None)
    assert second["waiting"]["idle"] == 5


def test_lines_that_are_redrawn(open_tty: OpenTty) -> None:
    tty = open_tty()
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        progress.look(NOTHING)
        time.now += 0.6
        progress.look(NOTHING)
        assert tty.getvalue() == "launch   0.6 s, getting the device ready\n"
        run(progress, time, 1)
    pictures = tty.getvalue().split(CLEAR_BELOW)
    assert pictures[-1] == ""
    lines = pictures[-2].splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["launch", "states", "waiting", "oldest"]
    assert all(len(line) < 80 for line in lines[:4])
    assert lines[4] == "\x1b[4F"


def test_a_terminal_without_a_cursor_gets_lines(open_tty: OpenTty, monkeypatch: pytest.MonkeyPatch) -> None:
    tty = open_tty()
    monkeypatch.setenv("TERM", "dumb")
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, 2)
    assert "\x1b" not in tty.getvalue()


@pytest.mark.parametrize("cost", [0.0001, 0.001, 0.01, 0.3])
def test_it_takes_no_more_than_its_share(open_tty: OpenTty, cost: float) -> None:
    open_tty()
    time = Time(cost)
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, 100)
    assert time.spent <= MOST_SHARE * 100 + cost
    assert time.looks >= 1


def test_what_comes_between(open_tty: OpenTty) -> None:
    tty = open_tty()
    block = StatusBlock()
    block.clear()
    block.draw(["one", "two\x1b[31m"])
    block.clear()
    block.clear()
    assert tty.getvalue() == "one\ntwo\\x1b[31m\n\x1b[2F\x1b[J"


def test_nobody_listens_and_the_launch_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        tries = 0

        def write(self, text: str) -> int:
            self.tries += 1
            raise BrokenPipeError

    gone = Gone()
    monkeypatch.setattr(sys, "stderr", gone)
    time = Time()
    with LaunchProgress(Output(), time.clock) as progress:
        run(progress, time, 2)
    assert gone.tries == 2
