"""What is true of the files of a command that is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vyrectl.files.replace import replace_file
from vyrectl.files.written import NO_FILE, forget, standing
from vyrectl.telemetry.history import append_line


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    forget()
    yield
    forget()


def test_what_is_said_goes_by_what_was_begun(tmp_path: Path) -> None:
    assert standing() == NO_FILE
    append_line(tmp_path / "h.jsonl", {"a": 1})
    assert standing() == f"every line of {tmp_path / 'h.jsonl'} is whole"
    replace_file(tmp_path / "new", [b"new"])
    assert standing() == "a file that it was writing is the old one or the new"
    forget()
    assert standing() == NO_FILE
