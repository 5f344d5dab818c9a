"""The live screen as lines of text: golden at two widths, and within any size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.support import MIXED, ODD
from tests.cli.test_golden import compare
from vyrectl.cli.commands.top.sample import Rates, Sample, Sampler
from vyrectl.cli.commands.top.state import Act, Prompt, TopState
from vyrectl.cli.commands.top.view import _bar, _graph, _rate, listed_slots, screen_lines
from vyrectl.cli.output import Output
from vyrectl.cli.slot_detail import full_record
from vyrectl.ring.file import Ring
from vyrectl.ring.overview import overview
from vyrectl.ring.reading import AS_TASKS

RING = Ring.from_bytes(b"".join(MIXED), "ring.bin")
RATES = Rates((0.0, -1250.5, 2.0, 123456.0, 0.0, 0.0, -7.0, 0.0, 0.0), 40.25, 3.0)
SAMPLE = Sample(
    "ring.bin",
    overview(RING.slots, None, 20),
    RATES,
    (0.0, 1.0, 4.0, 8.0),
    holder="pid 12 (launch)",
    clock="12:34:56",
)


def draw(state: TopState, sample: Sample = SAMPLE, width: int = 80, height: int = 24) -> list[str]:
    console = Output("table", "never").console()
    console.width = width
    detail = full_record(RING, state.opened, AS_TASKS) if state.opened is not None else None
    return [line.plain.rstrip() for line in screen_lines(state, sample, detail, console, height)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 30)])
def test_the_screen_word_for_word(width: int, height: int) -> None:
    state = TopState(selected=8, where="", message="pause: 1 slot changed")
    compare(f"top.{width}", "\n".join(draw(state, width=width, height=height)) + "\n")


def test_a_slot_and_a_question_word_for_word() -> None:
    state = TopState(opened=6, prompt=Prompt("argument", "pause until epoch", "17", Act("pause", 6, {})))
    compare("top-slot.80", "\n".join(draw(state)) + "\n")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.integers(1, 200), st.integers(2, 60), st.booleans(), st.sampled_from([None, 3, 11]))
def test_it_fits_any_terminal(width: int, height: int, helping: bool, opened: int | None) -> None:
    state = TopState(helping=helping, opened=opened, scroll=9, where="tenant == 3")
    lines = draw(state, width=width, height=height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_what_is_listed_is_what_is_shown() -> None:
    for height in range(5, 45):
        shown = "\n".join(draw(TopState(), height=height))
        for slot in listed_slots(SAMPLE, height):
            assert f"\n  {slot:>4}  " in shown, height


def test_unknown_states_and_priorities_have_bars_of_their_own() -> None:
    ring = Ring.from_bytes(b"".join((*ODD, *MIXED)), "odd.bin")
    shown = draw(TopState(), replace(SAMPLE, overview=overview(ring.slots, None, 20)))
    assert sum(line.startswith("unknown  ") for line in shown) == 1
    assert any("  unknown " in line for line in shown)


def test_trouble_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sampler = Sampler(Path("none\x1b[31m.bin"))
    shown = "\n".join(draw(TopState(), sampler.look("", None, 5)))
    assert "cannot open the ring" in shown
    assert "\x1b" not in shown
    assert "every 1 s" in shown


def test_rates_between_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.bin"
    now = iter(np.arange(0.0, 100.0, 0.5).tolist())
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    path.write_bytes(b"".join(MIXED))
    sampler = Sampler(path)
    assert sampler.look("", None, 5).rates is None
    path.write_bytes(b"".join((*MIXED[:1], MIXED[4], *MIXED[2:])))
    rates = sampler.look("", None, 5).rates
    assert rates is not None
    assert rates.states[:4] == (0.0, -1.0, 0.0, 1.0)
    assert rates.requeues == 5.0
    assert list(sampler.sample.done_rates) == [1.0]
    assert sampler.look("slot > 1", None, 5).rates is None
    assert not sampler.sample.done_rates


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "+0.0"), (-12.34, "-12.3"), (123.4, "+123"), (99_999.0, "+100k"), (1.5e6, "+1500k"),
     (-2.5e9, "-2500M"), (7e12, "+7000G")],
)  # fmt: skip
def test_rates_are_short(value: float, text: str) -> None:
    assert _rate(value) == text
    assert len(text) <= 7


def test_bars_and_graphs() -> None:
    assert _bar(0, 10, 4, True) == "    "
    assert _bar(1, 1_000_000, 4, True) == "▏   "
    assert _bar(10, 10, 4, True) == "████"
    assert _bar(5, 10, 4, False) == "##  "
    assert _bar(1, 1000, 4, False) == "#   "
    assert _graph([0, 1, 8], True) == " ▁█"
    assert _graph([0, 1, 8], False) == " .@"


REASON = "resume: nothing was changed: a/long/way/to/ring.bin: " + "a reason of many words " * 6 + "ends here"


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(28, 120), st.integers(12, 40), st.booleans())
def test_a_reason_is_folded_and_never_cut(width: int, height: int, asking: bool) -> None:
    state = TopState(message=REASON, failed=True)
    if asking:
        state.prompt = Prompt("argument", "pause until epoch (a number; Enter: never)")
    lines = draw(state, width=width, height=height)
    assert "endshere" in "".join("".join(lines).split())
    lines = draw(TopState(), replace(SAMPLE, problem=REASON), width=width, height=height)
    assert "endshere" in "".join("".join(lines).split())
    assert len(lines) == height


def test_a_low_screen_has_counts_and_a_list() -> None:
    lines = draw(TopState(), height=12)
    assert any(line.startswith("Empty 1  Ready 3  Running 1") for line in lines)
    assert sum(line.startswith("     ") for line in lines) == 4


def test_the_faulted_tasks_may_have_the_screen_and_say_where_they_are() -> None:
    state = TopState()
    state.lists.switch()
    lines = draw(state)
    assert lines.index("2 faulted tasks") < lines.index("oldest of 8 open tasks")
    assert listed_slots(SAMPLE, 24, "faulted")[:2] == [9, 10]
    state.lists.fit(page=1, length=2)
    state.lists.turn(1)
    found = overview(RING.slots, None, 20, state.lists.wanted())
    assert any("2 faulted tasks, 2 to 2" in line for line in draw(state, replace(SAMPLE, overview=found)))
