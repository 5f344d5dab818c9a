"""The README is true: its commands run and print what it shows, and it shows every command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vyrectl.cli.catalog import NAMES
from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.layers import LAYERS
from vyrectl.devtools.readme import read_steps, run_steps
from vyrectl.devtools.tables import anchor

README = (ROOT / "README.md").read_text(encoding="utf-8")
UNNAMED = ("_version", "resources", "devtools")
"""Layers that are no part of the program's build-up."""

STEPS = read_steps(README)


@pytest.mark.first
@pytest.mark.timeout(900)
def test_commands_do_what_the_readme_shows(tmp_path: Path) -> None:
    wrong = [str(outcome) for outcome in run_steps(STEPS, tmp_path) if not outcome.is_right]
    assert not wrong, "\n".join(wrong)


def test_every_command_is_shown() -> None:
    shown = {name for step in STEPS for name in re.findall(r"\bvyrectl (\w+)", step.command)}
    assert set(NAMES) - shown == set()


def test_every_link_within_the_project_leads_somewhere() -> None:
    headings = {f"#{anchor(title)}" for title in re.findall(r"^##+ (.+)$", README, re.MULTILINE)}
    links = set(re.findall(r"\]\(((?!https?:)[^)]+)\)", README))
    assert {link for link in links if link not in headings and not (ROOT / link).is_file()} == set()


def test_the_layers_are_named_in_their_order() -> None:
    named = re.search(r"^Layers point down: ([^;]+);", README, re.MULTILINE)
    assert named is not None
    assert re.findall(r"\w+", named[1]) == [name for name in reversed(LAYERS) if name not in UNNAMED]
