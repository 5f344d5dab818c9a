"""Keys of the live screen, without a terminal: what they change, and what they ask before anything is edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.support import MIXED, words_at
from tests.support.rings import write_ring
from vyrectl.cli.commands.top.loop import TopLoop
from vyrectl.cli.commands.top.sample import Sampler
from vyrectl.cli.commands.top.screen import ENDED, KEYS, is_cut, split_keys
from vyrectl.cli.commands.top.state import SLOT_PAGE, Act, Intent, ListAgain, LookAgain, Quit, TopState
from vyrectl.cli.output import Output
from vyrectl.errors import LiveEditError, WhereError
from vyrectl.ring.listing import ORDERS

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
        (("down", "down", "k"), 13),
    ],
)
def test_arrows_choose_a_slot(keys: tuple[str, ...], selected: int) -> None:
    state = TopState()
    assert press(state, *keys) is None
    assert state.selected == selected


def test_lists_scroll_by_rows_pages_and_ends() -> None:
    state = TopState()
    lists = state.lists
    assert not lists.fit(page=3, length=8)
    for key, first, landing in (
        ("page down", 3, -1),
        ("page down", 5, -1),
        ("page down", 5, -1),
        ("page up", 2, 0),
        ("home", 0, 0),
        ("end", 5, -1),
    ):
        assert isinstance(press(state, key), ListAgain)
        assert (lists.first, lists.landing) == (first, landing)
    state.selected = LISTED[0]
    assert isinstance(press(state, "up"), ListAgain)
    assert (lists.first, lists.landing) == (4, 0)
    state.selected = LISTED[2]
    assert isinstance(press(state, "down"), ListAgain)
    assert (lists.first, lists.landing) == (5, -1)
    assert press(state, "down") is None
    assert lists.fit(page=3, length=4)
    assert lists.first == 1


def test_orders_and_the_other_list() -> None:
    state = TopState()
    state.lists.fit(page=3, length=8)
    press(state, "page down")
    names = []
    for _ in ORDERS:
        assert isinstance(press(state, "s"), ListAgain)
        names.append(state.lists.wanted().open.order)
        assert state.lists.first == 0
        assert "open tasks" in state.message
    assert sorted(names) == sorted(ORDERS)
    assert names[-1] == "age"
    press(state, "S")
    assert state.lists.wanted().open.order == "slot"
    assert isinstance(press(state, "tab"), ListAgain)
    press(state, "page down", "s")
    assert (state.lists.focus, state.lists.wanted().faulted.order) == ("faulted", "age")
    assert state.lists.wanted().open.order == "slot"
    press(state, "tab")
    assert state.lists.focus == "open"


def test_a_slot_in_full_scrolls_by_pages() -> None:
    state = on_slot()
    press(state, "enter", "page down", "page down", "page up")
    assert state.scroll == SLOT_PAGE
    press(state, "end")
    assert state.scroll > 1000
    press(state, "home", "tab", "s")
    assert (state.scroll, state.lists.focus, state.lists.orders["open"]) == (0, "open", "age")


@pytest.mark.parametrize(
    ("key", "takes"),
    [
        ("p", "a number; Enter: never"),
        ("u", "critical, high, normal, low, idle or a number"),
        ("g", "its number"),
        ("/", "tenant == 3"),
    ],
)
def test_a_prompt_says_what_it_takes(key: str, takes: str) -> None:
    state = on_slot()
    press(state, key)
    assert state.prompt is not None
    assert takes in state.prompt.label


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
        (("f", "y"), Act("repair", 26, {})),
        (("F", "y"), Act("repair", None, {})),
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
    st.lists(
        st.sampled_from([*sorted(set(KEYS.values())), *"prPRUugfFsSq/?+- jk012nxz", "\u00e9"]), max_size=30
    )
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
    loop = TopLoop(Output("table", "never"), Sampler(ring), TopState(1.0), backup=True)
    loop._act(Act("resume", 2, {}))
    assert not (tmp_path / "ring.bin.bak").exists(), "nothing was changed"
    for epoch in (17, 18):
        loop._act(Act("pause", 2 if epoch == 17 else 8, {"epoch": epoch}))
    assert [words_at(ring, number)["resume_epoch"] for number in (2, 8)] == [17, 18]
    assert (tmp_path / "ring.bin.bak").read_bytes() == first


def test_what_is_said_after_an_edit_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = TopState(1.0)
    loop = TopLoop(Output("table", "never"), Sampler(write_ring(tmp_path / "ring.bin", *MIXED)), state)

    def partly(*_: object, **__: object) -> None:
        raise LiveEditError("62276 of 62585 slots were changed", changed=62276)

    def not_at_all(*_: object, **__: object) -> None:
        raise LiveEditError("0 of 5 slots were changed", changed=0)

    monkeypatch.setattr("vyrectl.edit.write.edit_ring", partly)
    loop._act(Act("requeue", None, {}))
    assert state.failed
    assert "nothing was changed" not in state.message
    assert state.message.startswith("requeue: 62276 slots changed, others not: 62276 of 62585")
    monkeypatch.setattr("vyrectl.edit.write.edit_ring", not_at_all)
    loop._act(Act("requeue", None, {}))
    assert state.message.startswith("requeue: nothing was changed: 0 of 5")


def test_faulted_tasks_are_repaired_one_or_all(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", *MIXED)
    state = TopState(1.0)
    loop = TopLoop(Output("table", "never"), Sampler(ring), state)
    loop._sampler.look("", None, 5)
    faulted = [number for number, words in enumerate(MIXED) if words[0] == 7]
    loop._act(Act("repair", 2, {}))
    assert "cannot repair a task in state Ready" in state.message
    loop._act(Act("repair", faulted[0], {}))
    assert (state.message, words_at(ring, faulted[0])["state"]) == ("repair: 1 slot changed", 1)
    assert loop._count("repair") == len(faulted)
    loop._act(Act("repair", None, {}))
    assert state.message == f"repair: {len(faulted) - 1} slot changed"
    assert not any(words_at(ring, number)["state"] == 7 for number in range(len(MIXED)))
