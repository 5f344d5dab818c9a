"""What `help` says."""

from __future__ import annotations

from typing import TypedDict


class NamedSummary(TypedDict):
    """A topic or a command, and what it is for."""

    name: str
    summary: str


class TopicsAnswer(TypedDict):
    """The topics and commands that there are."""

    topics: list[NamedSummary]
    commands: list[NamedSummary]


class HelpAnswer(TypedDict):
    """One of them: a command's help, a page, or both."""

    name: str
    help: str | None
    text: str | None
