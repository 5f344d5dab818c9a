"""`vyrectl help`: topics, pages and commands, in a pipe and on a terminal."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Cli
from vyrectl import docs
from vyrectl.cli.catalog import NAMES


def test_the_topics_are_listed(cli: Cli) -> None:
    shown = cli("help")
    assert shown.code == 0
    assert re.findall(r"^(\w+) ", shown.out, re.MULTILINE)[1 : len(docs.NAMES) + 1] == list(docs.NAMES)


@pytest.mark.parametrize("name", docs.NAMES)
def test_a_page_in_a_pipe_is_its_own_text(name: str, cli: Cli) -> None:
    shown = cli("help", name)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.endswith(docs.read_page(name))
    assert "<!--" not in shown.out
    assert "![" not in shown.out


@pytest.mark.parametrize("name", NAMES)
def test_a_command_name_brings_the_help_of_the_command(name: str, cli: Cli) -> None:
    assert cli("help", name).out.startswith(cli(name, "--help").out.rstrip("\n"))


@pytest.mark.parametrize("name", docs.NAMES)
def test_a_page_on_a_terminal_is_rendered(name: str, terminal: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VYRECTL_PAGER", "cat")
    shown = terminal("help", name)
    bare = re.sub(r"\x1b\[[\d;]*m", "", shown.out)
    assert shown.code == 0
    assert "```" not in bare
    assert "Next:" in bare


def test_a_mistyped_topic_names_its_neighbour(cli: Cli) -> None:
    shown = cli("help", "tutorail")
    assert shown.code == 2
    assert "Did you mean 'tutorial'?" in shown.err


def test_json_has_the_page(cli: Cli) -> None:
    record = cli("help", "care", "--json").json()
    assert record["text"] == docs.read_page("care")
    assert record["help"] is None
    assert {one["name"] for one in cli("help", "--json").json()["topics"]} == set(docs.NAMES)
