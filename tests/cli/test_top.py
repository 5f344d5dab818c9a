"""`top` in a real terminal: what it shows, what keys do to the ring, and that the terminal comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.screen import Screen
from tests.cli.support import MIXED, words_at
from tests.needs import needs_tool
from tests.ring.rings import another_holder
from tests.support.rings import slot, write_ring
from vyrectl import SLOT_DTYPE, Ring

NEVER = 0xFFFF_FFFF


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """A terminal in which `top ring.bin` runs."""
    write_ring(tmp_path / "ring.bin", *MIXED)
    with Screen(tmp_path) as screen:
        screen.type("vyrectl top ring.bin --interval 0.2; echo code $?")
        screen.wait("12 slots", "q quit")
        yield screen


def given_back(screen: Screen, code: int) -> str:
    """The terminal is as it was: normal screen, a cursor, lines that are echoed and edited."""
    shown = screen.wait(f"code {code}")
    assert screen.modes() == "0 1 0"
    screen.type("stty -a | grep -o -E '[-]?(icanon|echo) '")
    shown = screen.until(lambda text: "\necho" in text, "the terminal's modes")
    assert "-icanon" not in shown
    assert "-echo" not in shown.replace("grep -o -E", "")
    return shown


@needs_tool("tmux")
def test_bars_lists_and_rates(screen: Screen, tmp_path: Path) -> None:
    shown = screen.text()
    assert "every 0.2 s" in shown
    assert "oldest of 8 open tasks" in shown
    assert "2 faulted tasks" in shown
    assert "out_of_range" in shown
    assert re.search(r"Running +1 █+", shown)
    assert re.search(r"Normal +2 █+", shown)
    assert screen.modes() == "1 0 0"
    write_ring(tmp_path / "ring.bin", *MIXED, *[slot(state=3)] * 50)
    screen.until(lambda text: "62 slots" in text and re.search(r"Done +51 ", text), "the longer ring")
    slots = [*MIXED, *[slot(state=3)] * 50]
    slots[1] = slot(state=3, op_handle=0x1000)
    write_ring(tmp_path / "ring.bin", *slots)
    screen.until(lambda text: re.search(r"Done +52 ", text), "one more done")
    screen.press("q")
    given_back(screen, 0)


@needs_tool("tmux")
def test_a_slot_is_opened_paused_and_resumed(screen: Screen, tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    screen.press("g")
    screen.wait("open slot (its number")
    screen.type("2")
    screen.wait("ring.bin, slot 2", "tenant_id")
    before = ring.read_bytes()
    screen.press("p")
    screen.wait("pause until epoch")
    screen.type("17")
    screen.wait("pause slot 2 until epoch 17? y/n")
    screen.press("n")
    screen.wait("nothing was changed")
    assert ring.read_bytes() == before
    screen.press("p")
    screen.type("17")
    screen.wait("y/n")
    screen.press("y")
    screen.wait("pause: 1 slot changed", "Paused (WAIT_IO)")
    words = words_at(ring, 2)
    assert (words["state"], words["resume_epoch"], words["continuation_pc"]) == (4, 17, 0)
    screen.press("r")
    screen.wait("resume slot 2? y/n")
    screen.press("y")
    screen.wait("resume: 1 slot changed")
    assert words_at(ring, 2)["state"] == 1
    screen.press("r", "y")
    screen.wait("nothing was changed:", "cannot resume a task in state", "Select slots that allow it")
    screen.press("Escape")
    screen.wait("oldest of")
    screen.press("q")
    given_back(screen, 0)


@needs_tool("tmux")
def test_a_filter_and_all_that_match(screen: Screen, tmp_path: Path) -> None:
    screen.press("/")
    screen.type("tennant == 3")
    screen.wait("unknown name 'tennant'")
    screen.press("C-u")
    screen.type("state in (ready, paused)")
    screen.wait("5 of 12 slots", "where state in (ready, paused)")
    screen.press("U")
    screen.type("idle")
    screen.wait("requeue 3 slots where state in (ready, paused) to priority Idle? y/n")
    screen.press("y")
    screen.wait("requeue: 3 slots changed", "2 of 12 slots")
    ring = tmp_path / "ring.bin"
    assert [words_at(ring, n)["state"] for n in (1, 2, 11, 5, 6)] == [6, 6, 6, 4, 4]
    assert {words_at(ring, n)["priority"] for n in (1, 2, 11)} == {4}
    screen.press("q")
    given_back(screen, 0)


@needs_tool("tmux")
def test_arrows_enter_help_and_holding_still(screen: Screen, tmp_path: Path) -> None:
    screen.press("Down")
    screen.wait(">    2  Ready")
    screen.press("Down", "Enter")
    screen.wait("ring.bin, slot 8", "Requeued (REQUEUE)")
    screen.press("End", "Down", "Down")
    screen.until(lambda text: "slot 8\n" not in text, "the slot to scroll")
    screen.press("Escape", "?")
    screen.wait("these keys, leave")
    screen.press("Escape", "Space")
    screen.wait("HELD STILL", "oldest of")
    write_ring(tmp_path / "ring.bin", *MIXED[:3])
    screen.press("Down")
    assert "12 slots" in screen.text()
    screen.press("Space")
    screen.wait("3 slots")


@needs_tool("tmux")
def test_a_held_ring_is_watched_and_not_edited(screen: Screen, tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    before = ring.read_bytes()
    with another_holder(ring) as holder:
        screen.wait(f"held by pid {holder.pid} (launch)")
        screen.press("Down", "p", "Enter", "y")
        screen.wait("nothing was changed:", f"is held by pid {holder.pid}")
        assert ring.read_bytes() == before
    screen.until(
        lambda text: f"held by pid {holder.pid} (launch)" not in text.split("oldest")[0], "the lock's end"
    )


@needs_tool("tmux")
def test_a_ring_that_goes_away_and_comes_back(screen: Screen, tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.rename(tmp_path / "away.bin")
    screen.wait("ring.bin: cannot open the ring")
    screen.press("Down", "p", "Enter", "y")
    screen.wait("nothing was changed")
    ring.write_bytes(bytes(100))
    screen.wait("not a whole number")
    (tmp_path / "away.bin").rename(ring)
    screen.until(lambda text: "whole number" not in text, "the ring to be back")
    with ring.open("r+b") as stream:
        stream.truncate(64)
    screen.wait("1 slot ")


@needs_tool("tmux")
def test_the_terminal_is_given_back_whatever_ends_it(screen: Screen, tmp_path: Path) -> None:
    for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)):
        os.kill(pid_of_top(screen, tmp_path), number)
        given_back(screen, code)
        screen.type("clear; vyrectl top ring.bin; echo code $?")
        screen.wait("12 slots", "q quit")
    screen.press("C-c")
    given_back(screen, 130)


@needs_tool("tmux")
def test_a_bug_gives_the_terminal_back_and_keeps_its_traceback(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    code = (
        "import sys; from vyrectl.cli import main; from vyrectl.cli.commands.top import loop\n"
        "loop.TopLoop._draw = lambda *_: 1 / 0\n"
        "sys.exit(main.main(['top', 'ring.bin']))"
    )
    (tmp_path / "bug.py").write_text(code)
    with Screen(tmp_path, 100, 40) as screen:
        screen.type(f"{sys.executable} bug.py; echo code $?")
        screen.wait("ZeroDivisionError")
        given_back(screen, 1)


@needs_tool("tmux")
def test_stopping_and_going_on(screen: Screen) -> None:
    screen.press("C-z")
    screen.wait("Stopped")
    assert screen.modes() == "0 1 0"
    screen.type("stty -a | grep -o -E '[-]icanon '; clear; fg")
    screen.wait("12 slots", "q quit")
    assert screen.modes() == "1 0 0"
    screen.press("q")
    screen.until(lambda text: screen.modes() == "0 1 0", "the shell")
    screen.type("echo code $?")
    given_back(screen, 0)


@needs_tool("tmux")
@pytest.mark.parametrize(("columns", "lines"), [(40, 12), (20, 6), (200, 50), (80, 24), (5, 2)])
def test_every_size_of_terminal(screen: Screen, columns: int, lines: int) -> None:
    screen.resize(columns, lines)
    fits = "ring.bin"[:columns] if lines > 2 else "/ fi"
    screen.press("Down")
    shown = screen.until(
        lambda text: (
            any(line.startswith(fits) for line in text.splitlines())
            and all(len(line) <= columns for line in text.splitlines())
        ),
        "the smaller screen",
    )
    assert len(shown.splitlines()) <= lines
    if lines > 30:
        assert "user(77)" in screen.wait("faulted tasks", "user(77)")


@needs_tool("tmux")
def test_without_colour_and_without_utf8(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    with Screen(tmp_path, NO_COLOR="1", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as screen:
        screen.type("vyrectl top ring.bin")
        shown = screen.wait("12 slots", "q quit")
        assert shown.isascii()
        assert re.search(r"Ready +3 ####", shown)
        screen.press("Down")
        screen.wait(">    2  Ready")


def test_it_needs_a_terminal_and_a_ring(cli: Cli, ring: Path, terminal: Cli) -> None:
    result = cli("top", "ring.bin")
    assert (result.code, result.out) == (2, "")
    assert "needs a terminal" in result.err
    assert "--watch" in result.err


@needs_tool("tmux")
@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        ("missing.bin", "cannot open the ring", 1),
        ("short.bin", "left over", 3),
        ("ring.bin --where 'agge > 1'", "unknown name 'agge'", 2),
        ("-", "standard input cannot be watched", 2),
        ("ring.bin --interval 0", "--interval", 2),
    ],
)
def test_errors_come_before_the_screen(tmp_path: Path, args: str, words: str, code: int) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    (tmp_path / "short.bin").write_bytes(bytes(65))
    with Screen(tmp_path, 120) as screen:
        screen.type(f"vyrectl top {args}; echo code $?")
        screen.wait(words, f"code {code}")
        assert screen.modes() == "0 1 0"


@needs_tool("tmux")
def test_a_terminal_that_cannot_be_drawn_on(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    with Screen(tmp_path, 120) as screen:
        screen.type("TERM=dumb vyrectl top ring.bin; echo code $?")
        screen.wait("cannot be drawn on", "code 2")


def pid_of_top(screen: Screen, folder: Path) -> int:
    """The process that has the terminal."""
    name = screen.terminal()
    listed = subprocess.run(
        ["ps", "-t", name, "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0]) for line in listed.splitlines() if "vyrectl top" in line)


@needs_tool("tmux")
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (60, 14)])
def test_a_million_slots_are_scrolled_and_repaired(tmp_path: Path, columns: int, lines: int) -> None:
    slots = np.zeros(1_000_000, SLOT_DTYPE)
    slots["state"] = np.where(np.arange(1_000_000) % 16, 1, 7)
    slots["age_ticks"] = np.arange(1_000_000)
    slots["continuation_data"][::16] = 77
    Ring.from_slots(slots).save(tmp_path / "ring.bin")
    with Screen(tmp_path, columns, lines) as screen:
        screen.type("vyrectl top ring.bin")
        screen.wait("1000000 slots", "oldest of 937500 open tasks", " 999999 ")
        screen.press("NPage")
        screen.wait("open tasks, ")
        screen.press("End")
        screen.wait("to 937500")
        screen.until(
            lambda text: re.search(r"^> +1 ", text, re.MULTILINE), "the youngest task under the cursor"
        )
        screen.press("Home", "s", "s", "s", "s")
        screen.wait("937500 open tasks, by slot", "user(77)" if lines > 20 else "by slot")
        screen.press("Tab", "End")
        screen.wait("to 62500", "999984")
        screen.press("f")
        screen.wait("repair slot 999984? y/n")
        screen.press("y")
        screen.wait("repair: 1 slot changed", "62499 faulted tasks")
        screen.press("F")
        screen.wait("repair all 62499 slots that may be? y/n")
        screen.press("y")
        screen.wait("repair: 62499 slots changed", "1000000 slots")
        screen.press("q")
    assert Ring.open(tmp_path / "ring.bin").snapshot().faulted_count == 0
