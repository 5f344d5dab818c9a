"""Control words by name."""

from __future__ import annotations

import pytest

from vyrectl.errors import MissingWordError, UnknownNameError, UsageError
from vyrectl.protocol.control import encode_control, read_epoch, write_control_words
from vyrectl.protocol.control_names import control_value, control_words, word_name

TOTAL = 164


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shutdown", [0]),
        ("done", [1]),
        ("Epoch", [128]),
        ("mask.0", [3]),
        ("tenant_masks.28", [31]),
        ("quota.30-31", [62, 63]),
        ("fairness.0x1", [65]),
        ("metrics.memcpy", [101]),
        ("offsets.total", [134]),
        ("priority_fairness.high", [137]),
        ("priority_fairness.all", [136, 137, 138, 139, 140]),
        ("observable.all", [160, 161, 162, 163]),
        ("observables.3", [163]),
        ("mask.3-2", []),
    ],
)
def test_names(text: str, words: list[int]) -> None:
    assert control_words(text, TOTAL)[1] == words


@pytest.mark.parametrize("text", ["mask", "mask.29", "observable.4", "observable", "quota.-1", "epoch.1"])
def test_words_that_are_not_there(text: str) -> None:
    with pytest.raises(UsageError):
        control_words(text, TOTAL)


@pytest.mark.parametrize(
    ("text", "close"), [("epohc", "epoch"), ("metrics.memcp", "memcpy"), ("tenat_quota", "quota")]
)
def test_typos(text: str, close: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        control_words(text, TOTAL)
    assert close in str(caught.value.fix)


def test_values() -> None:
    assert control_value("tenant_masks", "open") == 2**32 - 1
    assert (control_value("tenant_masks", "shut"), control_value("shutdown", "yes")) == (0, 1)
    assert control_value("epoch", "0x10") == 16
    for text in ("open", "-1", "4294967296", ""):
        with pytest.raises(UsageError):
            control_value("epoch", text)


def test_every_word_has_a_name_that_leads_back_to_it() -> None:
    for index in range(TOTAL):
        name = word_name(index)
        if name.startswith("word "):
            assert 141 <= index < 160
        else:
            assert control_words(name, TOTAL)[1] == [index]


def test_all_words_are_written_or_none() -> None:
    control = bytearray(encode_control())
    before = bytes(control)
    with pytest.raises(MissingWordError):
        write_control_words(control, {128: 5, 400: 1})
    assert control == before
    write_control_words(control, {128: 5})
    assert read_epoch(control) == 5
