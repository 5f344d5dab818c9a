"""The pages of the documentation, one a topic, in the order in which `vyrectl help` lists them.

A page's first line is its title: `# Name: what the reader wants to do`. The pages are the one source of
`vyrectl help TOPIC` and of the manual pages `vyrectl-TOPIC.7`. Standard library and `errors` only.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from vyrectl.errors import UnknownNameError

NAMES: tuple[str, ...] = (
    "tutorial",
    "rings",
    "look",
    "telemetry",
    "edit",
    "launch",
    "feed",
    "operations",
    "families",
    "control",
    "why",
    "care",
    "dumps",
    "plan",
    "converge",
    "devices",
    "bench",
    "promises",
    "python",
    "ci",
    "formats",
    "contributing",
)
"""Every topic; a page is the file of that name."""

_FOLDER = Path(__file__).resolve().parent
_LEFT_OUT = re.compile(r"^(?:<!--.*?-->|!\[.*\)|\*What .*\*)\n\n?", re.MULTILINE)
"""Marks of generated parts, and pictures: a terminal shows neither."""


class Topic(NamedTuple):
    """One page.

    Attributes:
        name: What the user types after `vyrectl help`.
        summary: What the page is for, without a full stop.
    """

    name: str
    summary: str


def page_path(name: str) -> Path:
    """The file of a topic.

    Raises:
        UnknownNameError: There is no such topic.
    """
    if name not in NAMES:
        raise UnknownNameError("topic", name, NAMES)
    return _FOLDER / f"{name}.md"


def read_page(name: str) -> str:
    """A page as Markdown, without pictures and the marks of its generated parts.

    Raises:
        UnknownNameError: There is no such topic.
    """
    return as_shown(page_path(name).read_text(encoding="utf-8"))


def as_shown(text: str) -> str:
    """A page's text without pictures and the marks of its generated parts."""
    return _LEFT_OUT.sub("", text)


def topics() -> tuple[Topic, ...]:
    """Every topic with its summary, in the order of `NAMES`."""
    return tuple(Topic(name, _summary(name)) for name in NAMES)


def _summary(name: str) -> str:
    with page_path(name).open(encoding="utf-8") as page:
        title = page.readline().removeprefix("# ").strip()
    return title.partition(": ")[2].rstrip("?.") if ": " in title else title
