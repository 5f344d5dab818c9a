"""The PowerShell script's text: no PowerShell is at hand where these tests run."""

from __future__ import annotations

import re

import pytest

from tests.completion.shells import script
from vyrectl import docs
from vyrectl.abi.states import STATE_NAMES
from vyrectl.cli.catalog import CATALOG, NAMES
from vyrectl.cli.completion.model import read_program

_STRING = re.compile(r"'(?:[^'\n]|'')*'|\"(?:\$\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\"\n])*\"")
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _code() -> str:
    """The script without strings and comments."""
    return "\n".join(line.partition("#")[0] for line in _STRING.sub("''", _text()).splitlines())


def _text() -> str:
    return script("powershell").read_text()


def _block(name: str, opening: str = "{(") -> str:
    """What stands under one command, which opens with a brace, or one kind."""
    pattern = rf"^        '{name}' = @[{opening}]\n(.*?)^        [}})]$"
    found = re.search(pattern, _text(), re.DOTALL | re.MULTILINE)
    assert found, name
    return found[1]


def test_brackets_match() -> None:
    open_ones: list[str] = []
    for char in _code():
        if char in "([{":
            open_ones.append(char)
        elif char in _PAIRS:
            assert open_ones
            assert open_ones.pop() == _PAIRS[char]
    assert open_ones == []


def test_no_quote_is_left_open() -> None:
    assert _code().replace("''", "").count("'") == 0
    assert '"' not in _code()


@pytest.mark.parametrize("command", NAMES)
def test_every_option(command: str) -> None:
    model = next(one for one in read_program().commands if one.name == command)
    rows = re.findall(r"@\('(-[^']*)', '([^']*)', '", _block(command, "{"))
    assert rows == [(name, option.kind or "") for option in model.options for name in option.names]


def test_words() -> None:
    assert re.findall(r"@\('([^']*)', '", _block("state")) == list(STATE_NAMES)
    meanings = dict(re.findall(r"@\('([^']*)', '((?:[^']|'')*)'\)", _block("command")))
    assert {name: text.replace("''", "'") for name, text in meanings.items()} == {
        entry.name: entry.summary.rstrip(".") for entry in CATALOG
    }


def test_topics_and_commands_follow_help() -> None:
    assert set(re.findall(r"@\('([^']*)', '", _block("topic"))) == {*docs.NAMES, *NAMES}


def test_a_lone_word_stays_a_list() -> None:
    assert _block("limit") == "            ,@('all', '')\n"


def test_registers_for_the_program() -> None:
    assert "Register-ArgumentCompleter -Native -CommandName vyrectl -ScriptBlock {" in _text()
