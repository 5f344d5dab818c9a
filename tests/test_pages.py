"""The pages of the documentation are true: each runs in a folder of its own, and no block is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import warm
from tests.needs import require_tool
from vyrectl import docs
from vyrectl.cli.catalog import CATALOG, NAMES
from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.generated import documents
from vyrectl.devtools.readme import read_steps, run_steps, unexplained

COLUMNS = 110
"""Longest line of a page."""

PAGES = {path.stem: (ROOT / path).read_text(encoding="utf-8") for path in documents(ROOT)}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `vyrectl` that begins warm."""
    folder = tmp_path_factory.mktemp("programs")
    warm.write_program(str(folder), "vyrectl", "vyrectl")
    return folder


@pytest.mark.first
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PAGES)
def test_commands_do_what_the_page_shows(name: str, tmp_path: Path, programs: Path) -> None:
    if "```diff" in PAGES[name]:
        require_tool("patch")
    outcomes = run_steps(read_steps(PAGES[name]), tmp_path, programs)
    wrong = [str(outcome) for outcome in outcomes if not outcome.is_right]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", PAGES)
def test_no_block_is_left_out(name: str) -> None:
    assert unexplained(PAGES[name]) == []


def test_a_block_that_nothing_runs_is_noticed() -> None:
    text = "```c\nx\n```\n\n<!-- not run: a fragment -->\n```c\nx\n```\n\n```console\n$ true\n```\n"
    assert unexplained(text) == [1]


@pytest.mark.parametrize("name", docs.NAMES)
def test_a_page_has_a_title_an_example_and_a_way_on(name: str) -> None:
    text = PAGES[name]
    assert re.match(r"# [A-Z][^\n:]*: [^\n]+\n\n\S", text)
    assert text.index("```") < 1200
    assert "\nNext: [" in text


@pytest.mark.parametrize("name", PAGES)
def test_lines_fit(name: str) -> None:
    assert [line for line in PAGES[name].splitlines() if len(line) > COLUMNS] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_within_the_project_leads_somewhere(name: str) -> None:
    folder = ROOT if name == "README" else docs.page_path(name).parent
    links = set(re.findall(r"\]\(((?!https?:)[^)#]+)", PAGES[name]))
    assert {link for link in links if not (folder / link).is_file()} == set()


def test_the_folder_holds_these_pages_and_no_others() -> None:
    assert {path.stem for path in docs.page_path("rings").parent.glob("*.md")} == set(docs.NAMES)


def test_every_command_is_shown() -> None:
    steps = (step for text in PAGES.values() for step in read_steps(text))
    shown = {name for step in steps for name in re.findall(r"\bvyrectl (\w+)", step.command)}
    assert set(NAMES) - shown == set()


def test_every_command_has_its_topic() -> None:
    assert {entry.topic for entry in CATALOG} <= set(docs.NAMES)
