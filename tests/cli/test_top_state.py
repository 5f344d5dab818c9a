"""Keys of the live screen, without a terminal: what they change, and what they ask before anything is edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.support import MIXED, words_at, write_ring
from vyrectl.cli.live_screen import ENDED, KEYS, is_cut, split_keys
from vyrectl.cli.output import Output
from vyrectl.cli.top_sample import Sampler
from vyrectl.cli.top_session import TopSession
from vyrectl.cli.top_state import Act, Intent, LookAgain, Quit, TopState
from vyrectl.errors import WhereError

NEVER = 0xFFFF_FFFF
LISTED = [13, 26, 74]


def press(state: TopState, *keys: str) -> Intent | None:
    """Press keys one after the other; what the last one asks for."""
    intent = None
    for key in keys:
        intent = state.press(key, LISTED, 100)
    return intent


def asked(state: TopState) -> bool:
    return state.prompt is not None


def on_slot(number: int = 26) -> TopState:
    return TopState(selected=number, count_matching=lambda action: 12)


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        (("down",), 13),
        (("up",), 13),
        (("down", "down"), 26),
        (("j", "j", "j", "j"), 74),
        (("end",), 13),
        (("down", "end"), 74),
        (("down", "end", "home"), 13),
        (("down", "down", "k"), 13),
    ],
)
def test_arrows_choose_a_slot(keys: tuple[str, ...], selected: int) -> None:
    state = TopState()
    assert press(state, *keys) is None
    assert state.selected == selected


def test_a_slot_that_left_the_screen_is_no_start() -> None:
    state = on_slot(99)
    press(state, "down")
    assert state.selected == 13


def test_a_slot_is_opened_scrolled_and_closed() -> None:
    state = on_slot()
    press(state, "enter")
    assert (state.opened, state.scroll) == (26, 0)
    press(state, "down", "down", "up")
    assert (state.scroll, state.selected) == (1, 26)
    press(state, "escape")
    assert state.opened is None
    assert isinstance(press(state, "g", "4", "2", "enter"), LookAgain)
    assert state.opened == 42


@pytest.mark.parametrize("typed", ["100", "x", "-1", ""])
def test_a_slot_that_is_not_there_is_asked_for_again(typed: str) -> None:
    state = TopState()
    assert press(state, "g", *typed, "enter") is None
    assert state.prompt is not None
    assert state.failed
    press(state, "escape")
    assert not asked(state)
    assert state.opened is None


@pytest.mark.parametrize(
    ("keys", "act"),
    [
        (("p", "enter", "y"), Act("pause", 26, {"epoch": NEVER})),
        (("p", *"17", "enter", "y"), Act("pause", 26, {"epoch": 17})),
        (("P", *"never", "enter", "y"), Act("pause", None, {"epoch": NEVER})),
        (("r", "y"), Act("resume", 26, {})),
        (("R", "y"), Act("resume", None, {})),
        (("u", "enter", "y"), Act("requeue", 26, {})),
        (("U", *"lo", "backspace", "clear", *"high", "enter", "y"), Act("requeue", None, {"priority": 1})),
    ],
)
def test_an_action_is_asked_for_and_then_done(keys: tuple[str, ...], act: Act) -> None:
    assert press(on_slot(), *keys) == act


@pytest.mark.parametrize("answer", ["n", "q", "enter", "escape", "Y", "down", "r"])
def test_anything_but_y_changes_nothing(answer: str) -> None:
    state = on_slot()
    press(state, "p", "enter")
    assert state.prompt is not None
    assert press(state, answer) is None
    assert not asked(state)
    assert state.message == "nothing was changed"


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from([*sorted(set(KEYS.values())), *"prPRUugq/?+- jk012nxz", "\u00e9"]), max_size=30)
)
def test_nothing_is_edited_without_a_y(keys: list[str]) -> None:
    state = on_slot()
    for key in keys:
        assert not isinstance(state.press(key, LISTED, 100), Act)


def test_questions_say_what_would_happen() -> None:
    state = on_slot()
    press(state, "/", *"tenant == 3", "enter")
    assert state.selected is None
    press(state, "P", *"9", "enter")
    assert state.prompt is not None
    assert state.prompt.label == "pause 12 slots where tenant == 3 until epoch 9? y/n"
    state = on_slot()
    press(state, "u", *"idle", "enter")
    assert state.prompt is not None
    assert state.prompt.label == "requeue slot 26 to priority Idle? y/n"
    state = on_slot()
    press(state, "R")
    assert state.prompt is not None
    assert state.prompt.label == "resume all 12 slots that may be? y/n"


@pytest.mark.parametrize("keys", [("p", *"soon", "enter"), ("u", *"urgent", "enter"), ("u", *"-1", "enter")])
def test_a_bad_argument_is_asked_for_again(keys: tuple[str, ...]) -> None:
    state = on_slot()
    assert press(state, *keys) is None
    assert state.failed
    assert state.prompt is not None
    assert state.prompt.kind == "argument"


def test_an_action_needs_a_slot() -> None:
    state = TopState()
    assert press(state, "p") is None
    assert state.prompt is None
    assert "press P" in state.message


def test_a_filter_that_does_not_parse_leaves_the_old_one() -> None:
    state = TopState()
    state.filter_by("tenant == 3")
    assert press(state, "/", "clear", *"agge > 1", "enter") is None
    assert (state.where, state.failed) == ("tenant == 3", True)
    assert "column 1" in state.message
    assert isinstance(press(state, "clear", "enter"), LookAgain)
    assert (state.where, state.condition) == ("", None)
    with pytest.raises(WhereError):
        state.filter_by("nope ==")


def test_holding_still_and_pace() -> None:
    state = TopState(1.0)
    assert press(state, " ") is None
    assert state.frozen
    assert isinstance(press(state, " "), LookAgain)
    press(state, "-", "-")
    assert state.interval_s == 0.2
    press(state, *"+" * 20)
    assert state.interval_s == 60.0
    press(state, "?")
    assert state.helping
    assert isinstance(press(state, "redraw"), LookAgain)


@pytest.mark.parametrize("keys", [("q",), (ENDED,), ("p", ENDED)])
def test_leaving(keys: tuple[str, ...]) -> None:
    assert isinstance(press(on_slot(), *keys), Quit)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["q"]),
        ("ab", ["a", "b"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOAx", ["up", "x"]),
        ("\x1b", ["escape"]),
        ("\x1bq", ["escape", "q"]),
        ("\x1b[5~\x1b[200~z", ["page up", "z"]),
        ("\x1b[1;5C\r", ["enter"]),
        ("\x01\x02\u00e9", ["\u00e9"]),
        ("\x7f\x15\t", ["backspace", "clear", "tab"]),
        ("\x1b[", []),
    ],
)
def test_what_a_terminal_sends_becomes_keys(text: str, keys: list[str]) -> None:
    assert split_keys(text) == keys


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(alphabet="\x1b[OA~15;q \r\u00e9", max_size=12))
def test_any_input_becomes_known_keys(text: str) -> None:
    known = {*KEYS.values()}
    for key in split_keys(text):
        assert key in known or (len(key) == 1 and key.isprintable())


@pytest.mark.parametrize(
    ("text", "cut"),
    [("", False), ("a", False), ("\x1b", True), ("\x1b[", True), ("\x1b[1", True), ("\x1b[1;5", True),
     ("\x1b[A", False), ("\x1bO", True), ("\x1bOA", False), ("\x1bq", False), ("\x1b[5~", False)],
)  # fmt: skip
def test_cut_sequences_are_known(text: str, cut: bool) -> None:
    assert is_cut(text) == cut


def test_the_ring_before_the_first_edit_is_kept(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", *MIXED)
    first = ring.read_bytes()
    session = TopSession(Output("table", "never"), Sampler(ring), TopState(1.0), backup=True)
    session._act(Act("resume", 2, {}))
    assert not (tmp_path / "ring.bin.bak").exists(), "nothing was changed"
    for epoch in (17, 18):
        session._act(Act("pause", 2 if epoch == 17 else 8, {"epoch": epoch}))
    assert [words_at(ring, number)["resume_epoch"] for number in (2, 8)] == [17, 18]
    assert (tmp_path / "ring.bin.bak").read_bytes() == first
