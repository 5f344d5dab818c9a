"""What `why` shows of a record: how many lines of evidence."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from vyrectl.cli.commands.why.view import MOST_EVIDENCE, view


def shown(lines: int) -> list[str]:
    """The evidence of a class with so many lines of it, as it is shown."""
    found = {
        "name": "faulted",
        "title": "are Faulted",
        "needs_person": True,
        "count": 1,
        "share": 1,
        "slot_text": "slot 0",
        "ops": [{"op_name": "nop", "count": 1}],
        "tenants": [{"tenant_id": 0, "count": 1}],
        "priorities": [{"priority": 2, "count": 1}],
        "evidence": [f"fact {number}" for number in range(lines)],
        "remedy": "",
        "afterwards": "",
    }
    record = {
        "sentence": "r.bin does not move",
        "needs_person": True,
        "looks": ["r.bin"],
        "left": [],
        "changes": None,
        "classes": [found],
    }
    console = Console(file=io.StringIO(), width=80)
    console.print(view(record))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [line.strip() for line in text.splitlines() if "fact" in line or "more in" in line]


@pytest.mark.parametrize("lines", range(MOST_EVIDENCE + 2))
def test_a_line_too_many_is_shown_instead_of_being_counted(lines: int) -> None:
    assert shown(lines) == [f"fact {number}" for number in range(lines)]


def test_of_more_the_first_are_shown_and_the_others_counted() -> None:
    assert shown(MOST_EVIDENCE + 2) == ["fact 0", "fact 1", "fact 2", "and 2 more in --json"]
