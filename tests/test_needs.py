"""`tests/needs.py` fails in CI and skips elsewhere, and no test skips without it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import needs

TESTS = Path(__file__).parent


def test_what_is_there_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    needs.require(True, "never said")
    needs.require_tool("sh")


def test_what_ci_installs_fails_there_and_is_skipped_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "no-such-shell and no-such-pager not found: apt-get install no-such-shell no-such-pager"
    for ci, outcome in (("1", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome, match=said):
            needs.require_tool("no-such-shell", "sh", "no-such-pager")


def test_a_fact_is_skipped_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.skip.Exception, match="no such feature"):
        needs.does_not_apply("no such feature")


def test_nothing_else_skips() -> None:
    skips = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|importorskip|xfail)\(")
    found = [path.name for path in TESTS.rglob("*.py") if skips.search(path.read_text(encoding="utf-8"))]
    assert found == ["needs.py"]
