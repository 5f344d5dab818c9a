"""`snapshot --watch`: a line each tick or a picture redrawn, whatever happens to the file; and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Terminal
from tests.cli.support import MIXED
from tests.support.rings import slot, write_ring
from vyrectl.cli.commands.snapshot.alerts import Alerts
from vyrectl.cli.commands.snapshot.screen import Screen
from vyrectl.cli.commands.snapshot.watch import Clock, Tick, watch
from vyrectl.cli.output import Output
from vyrectl.cli.snapshot_records import Wanted
from vyrectl.cli.views.parts import Lines, Parts
from vyrectl.errors import FileError
from vyrectl.telemetry.alert import parse_alert


class FakeTime:
    """A clock that moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now + 1000, lambda: self.now, self.sleep)


def look(*paths: Path, ticks: int = 99, fake: FakeTime | None = None, **options: Any) -> Iterator[Tick]:
    clock = (fake or FakeTime()).clock
    return watch(paths, (0, None), Wanted(**options), interval_s=2.0, ticks=ticks, clock=clock)


def test_each_tick_is_compared_with_the_one_before(ring: Path) -> None:
    ticks = look(ring, ticks=3)
    first = next(ticks).full
    assert "since" not in first["rings"][0]
    write_ring(ring, *MIXED[:1], slot(state=3), *MIXED[2:])
    second = next(ticks)
    since = second.full["rings"][0]["since"]
    assert (since["seconds"], since["verdict"], since["changes"]["ready_count"]) == (2.0, "draining", -1)
    assert since["rates"]["done_count"] == 0.5
    assert (second.number, second.moment) == (2, 1102.0)
    assert next(ticks).full["sum"]["since"]["verdict"] == "stalled"
    assert next(ticks, None) is None


def test_a_late_tick_is_not_made_up_for(ring: Path) -> None:
    fake = FakeTime()
    for tick in look(ring, ticks=5, fake=fake):
        fake.now += {2: 5.0}.get(tick.number, 0.5)
    assert fake.slept == [1.5, 0.0, 1.5, 1.5]


def test_a_watch_outlives_its_ring(ring: Path, tmp_path: Path) -> None:
    ticks = look(ring)
    events = [next(ticks).events]
    write_ring(tmp_path / "new.bin", slot(state=1)).replace(ring)
    events.append(next(ticks).events)
    ring.unlink()
    gone = next(ticks)
    events += [gone.events, next(ticks).events]
    write_ring(ring, slot(state=1), slot(state=99))
    unknown = next(ticks)
    events.append(unknown.events)
    os.truncate(ring, 64)
    events.append(next(ticks).events)
    assert [[one["event"] for one in row] for row in events] == [
        [],
        ["replaced by another file"],
        ["gone"],
        [],
        ["back"],
        ["truncated from 2 to 1 slots"],
    ]
    assert gone.full["sum"] is None
    assert gone.full["rings"][0]["error"]["errno"] == "ENOENT"
    assert unknown.full["rings"][0]["error"]["error"] == "unknown_state"


def test_the_first_tick_has_to_succeed(tmp_path: Path, odd: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        next(look(tmp_path / "nothing.bin"))
    assert next(look(odd, lenient=True)).full["sum"]["unknown_count"] == 1


def test_the_others_go_on_without_a_ring(ring: Path, tmp_path: Path) -> None:
    two = write_ring(tmp_path / "two.bin", slot(state=1))
    ticks = look(ring, two)
    assert next(ticks).full["sum"]["ready_count"] == 4
    two.unlink()
    tick = next(ticks).full
    assert tick["sum"]["ready_count"] == 3
    assert "since" not in tick["sum"]
    assert ["since" in one for one in tick["rings"]] == [True, False]
    assert next(ticks).full["sum"]["since"]["verdict"] == "stalled"


def test_a_line_each_tick_through_a_pipe(cli: Cli, ring: Path) -> None:
    result = cli("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "3")
    lines = result.lines()
    assert [line["tick"] for line in lines] == [1, 2, 3]
    assert [("since" in line, line["ready_count"], line["events"]) for line in lines] == [
        (False, 3, []),
        (True, 3, []),
        (True, 3, []),
    ]
    assert lines[0]["timestamp"] < lines[1]["timestamp"]


def test_csv_has_one_header(cli: Cli, ring: Path) -> None:
    result = cli("snapshot", "ring.bin", "ring.bin", "--watch", "0.01", "--ticks", "2", "--format", "csv")
    lines = result.out.splitlines()
    assert [line.split(",")[0] for line in lines].count("timestamp") == 1
    assert [line.split(",")[1:3] for line in lines[1:]] == [[n, "ring.bin"] for n in ("1", "1", "2", "2")]


def test_histories_and_openmetrics_of_a_watch(cli: Cli, ring: Path, tmp_path: Path) -> None:
    args = ("--openmetrics", "--output", "o.prom", "--append", "h.jsonl")
    result = cli("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "3", *args)
    assert (result.code, result.out) == (0, "")
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert [sorted(line) for line in lines] == [sorted(lines[0])] * 3
    assert "since" not in lines[2]
    assert 'vyrectl_ring_readable{ring="ring.bin"} 1' in (tmp_path / "o.prom").read_text()


def test_every_tick_is_compared_with_a_saved_snapshot(cli: Cli, ring: Path, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(cli("snapshot", "ring.bin", "--json").out)
    write_ring(ring, *MIXED[:1], *MIXED[2:])
    lines = cli(
        "snapshot", "ring.bin", "--watch", "0.01", "--ticks", "2", "--since", "b.json", "--json"
    ).lines()
    assert [line["since"]["changes"]["ready_count"] for line in lines] == [-1, -1]


def spawn_watch(ring: Path, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vyrectl", "snapshot", str(ring), "--watch", "0.05"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_lines_are_flushed_and_ctrl_c_is_exit_130(ring: Path) -> None:
    with spawn_watch(ring) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert [line["tick"] for line in lines] == [1, 2, 3]
    assert (process.returncode, err) == (130, b"")


def test_a_reader_that_goes_away_ends_the_watch(ring: Path) -> None:
    with spawn_watch(ring) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_ring_that_is_truncated_again_and_again_kills_nobody(ring: Path) -> None:
    """A mapped file that gets shorter is a SIGBUS; a watched one is an event."""
    content = bytes(64) * 20_000
    ring.write_bytes(content)
    with spawn_watch(ring) as process:
        assert process.stdout is not None
        events: set[str] = set()
        deadline = time.monotonic() + 20
        while not {"trunc", "grown"} <= events and time.monotonic() < deadline:
            os.truncate(ring, 64)
            events |= {one["event"][:5] for one in json.loads(process.stdout.readline())["events"]}
            ring.write_bytes(content)
            events |= {one["event"][:5] for one in json.loads(process.stdout.readline())["events"]}
        assert process.poll() is None
        process.kill()
        process.communicate()
    assert {"trunc", "grown"} <= events


def test_a_picture_is_redrawn_in_its_place(
    ring: Path, monkeypatch: pytest.MonkeyPatch, terminal: Cli
) -> None:
    monkeypatch.setenv("LINES", "40")
    result = terminal("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "2", "--color", "never")
    first, second = result.out.split("\x1b[15F\x1b[J")
    assert len(first.splitlines()) == 15
    assert "look 1" in first
    assert "look 2" in second
    assert "stalled in 0." in second
    assert "\x1b" not in first + second


def test_a_table_through_a_pipe_is_lines_even_with_color(cli: Cli, ring: Path) -> None:
    result = cli("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "1", "--color", "always")
    assert result.lines()[0]["ready_count"] == 3


def draw(monkeypatch: pytest.MonkeyPatch, lines: int, *pictures: list[str]) -> str:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("LINES", str(lines))
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen(Output(color="never"))
    for picture in pictures:
        screen.draw(Parts([Lines([(line, "") for line in picture])]))
    return stream.getvalue()


def test_high_pictures_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    many = [str(number) for number in range(9)]
    text = draw(monkeypatch, 5, many, ["a", "b"], ["c"])
    assert (
        text == "0\n1\n2\n... 6 more lines; a higher terminal shows them\n\x1b[4F\x1b[Ja\nb\n\x1b[2F\x1b[Jc\n"
    )


def test_long_lines_count_as_the_lines_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = draw(monkeypatch, 20, ["word " * 12], ["a"])
    assert "\x1b[2F\x1b[Ja" in text


def test_a_terminal_without_a_cursor_gets_one_picture_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert draw(monkeypatch, 3, ["a"] * 5, ["b"]) == "a\n" * 5 + "b\n"


def test_hostile_names_stay_text(ring: Path, tmp_path: Path, terminal: Cli, cli: Cli) -> None:
    name = "\x1b[2J[red]x\n.bin"
    write_ring(tmp_path / name, slot(state=1))
    shown = terminal("snapshot", name, "--watch", "0.01", "--ticks", "2", "--color", "never")
    assert "\x1b[2J" not in shown.out
    assert "\\x1b[2J[red]x" in shown.out
    piped = cli("snapshot", name, "--watch", "0.01", "--ticks", "1", "--format", "csv")
    assert "\x1b" not in piped.out


def test_a_ring_that_went_away_is_said_on_the_terminal(
    ring: Path, monkeypatch: pytest.MonkeyPatch, terminal: Cli
) -> None:
    clock = Clock(time.time, time.monotonic, lambda seconds: ring.unlink(missing_ok=True))
    monkeypatch.setattr("vyrectl.cli.commands.snapshot.watch.Clock", lambda: clock)
    result = terminal("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "3", "--color", "never")
    assert result.code == 0
    assert "ring.bin: cannot open the ring: no such file or directory" in result.out


def test_sigterm_ends_it(ring: Path) -> None:
    with spawn_watch(ring) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode in (-signal.SIGTERM, 143)


def test_an_alert_is_said_and_ends_the_watch(cli: Cli, ring: Path, tmp_path: Path) -> None:
    rule = "ready > 1 and done_delta == 0"
    result = cli(
        "snapshot", "ring.bin", "--watch", "0.01", "--ticks", "50", "--alert", rule, "--alert-exits", "--json"
    )
    assert result.code == 6
    first, last = result.lines()
    assert first["alerts"] == [{"rule": rule, "firing": False}]
    assert last["alerts"] == [{"rule": rule, "firing": True}]
    assert last["events"][0]["event"].startswith("alert began after 0 s: ready > 1")
    event = result.error()
    assert (event["schema"], event["event"], event["rule"]) == ("vyrectl.alert/1", "began", rule)
    quiet = cli("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "3", "--alert", rule, "--quiet")
    assert quiet.code == 0
    assert quiet.err == f"ring.bin: alert began after 0 s: {rule} (ready_count 3, done_count_delta 0)\n"


def test_an_alert_is_a_gauge(cli: Cli, ring: Path, tmp_path: Path) -> None:
    options = ("--openmetrics", "--output", "r.prom", "--append", "h.jsonl")
    assert (
        cli("snapshot", "ring.bin", "--watch", "0.01", "--ticks", "2", "--alert", "ready > 99", *options).code
        == 0
    )
    text = (tmp_path / "r.prom").read_text()
    assert 'vyrectl_alert{ring="ring.bin",rule="ready > 99"} 0' in text
    assert 'vyrectl_tenant_oldest_age_ticks{ring="ring.bin",tenant="3"} 12' in text
    assert "alerts" not in (tmp_path / "h.jsonl").read_text()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--alert", "ready > 1"), "--alert is for --watch"),
        (("--watch", "1", "--alert-exits"), "--alert-exits is for --alert"),
        (("--watch", "1", "--alert", "redy > 1"), "--alert, column 1: unknown field 'redy'"),
    ],
)
def test_alerts_that_cannot_be(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("snapshot", "ring.bin", *args)
    assert result.code == 2
    assert words in result.err


def test_a_ring_that_goes_away_ends_its_alert(cli: Cli, ring: Path, tmp_path: Path) -> None:
    alerts = Alerts([parse_alert("ready > 1")])
    ticks = look(ring)
    began = alerts.look(next(ticks))
    ring.unlink()
    ended = alerts.look(next(ticks))
    assert [(one.began, one.ring) for one in (*began, *ended)] == [(True, str(ring)), (False, str(ring))]
