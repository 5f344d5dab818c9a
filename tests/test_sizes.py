"""No function is longer than a screenful, no module than a sitting, and no class carries more than it needs."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from vyrectl.devtools.__main__ import ROOT

MOST_LINES = 80
MOST_ATTRIBUTES = 15
MOST_MODULE_LINES = 440

LONG = {"errors.py": "every error in one tree, which is read as one"}
"""Modules with more lines, and why."""

LARGE = {
    "policy/request.py:LaunchRequest": "a public record whose 17 fields the spec names (2.1), flat in JSON too",
    "task/item.py:TaskWorkItem": "a public record of the 16 words of a slot (spec 1.2)",
}
"""Classes with more attributes, and why; a `TypedDict` is the keys of what is printed, and counts nowhere."""

MOST_ANY = 27
"""Places that say `Any`: an alias with its reason, or what `dataclasses` and `typing` hand out themselves."""


def test_no_function_is_longer_than_a_screenful() -> None:
    long = {
        f"{name}:{found.name}": length
        for name, tree in _sources(ROOT / "vyrectl")
        for found, length in _functions(tree)
        if length > MOST_LINES
    }
    assert long == {}


def test_modules_are_read_in_one_sitting() -> None:
    long = {name for name, lines in _lengths(ROOT / "vyrectl").items() if lines > MOST_MODULE_LINES}
    assert long - set(LONG) == set(), "cut these along their own seams"
    assert set(LONG) - long == set(), "take these off the list"


def test_large_classes_are_known() -> None:
    shapes = _typed_dicts()
    large = {
        f"{name}:{found.name}"
        for name, tree in _sources(ROOT / "vyrectl")
        for found in ast.walk(tree)
        if isinstance(found, ast.ClassDef) and len(_attributes(found)) > MOST_ATTRIBUTES
        if found.name not in shapes
    }
    assert large - set(LARGE) == set(), "cut these up"
    assert set(LARGE) - large == set(), "take these off the list"


def test_any_is_rare() -> None:
    found = sum(
        isinstance(one, ast.Name) and one.id == "Any"
        for _, tree in _sources(ROOT / "vyrectl")
        for one in ast.walk(tree)
    )
    assert found <= MOST_ANY, "say what it is, or take an alias that says why nobody can"


def test_a_signature_counts() -> None:
    [(_, length)] = _functions(ast.parse("@decorated\ndef f(\n    a,\n    b,\n):\n    return a\n"))
    assert length == 6


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a: int\n    b: int = 1", 2),
        ("def __init__(self):\n        self.a, self.b = 1, 2\n        self.c += 1", 3),
        ("def f(self):\n        self.a: int = 1\n        other.b = self.a", 1),
        ("def f(self):\n        self.a = 1\n        self.a = 2", 1),
    ],
)
def test_attributes_are_counted(body: str, count: int) -> None:
    [found] = ast.parse(f"class C:\n    {body}\n").body
    assert isinstance(found, ast.ClassDef)
    assert len(_attributes(found)) == count


def _lengths(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): len(path.read_text().splitlines())
        for path in sorted(folder.rglob("*.py"))
    }


@cache
def _sources(folder: Path) -> list[tuple[str, ast.Module]]:
    return [
        (str(path.relative_to(folder)), ast.parse(path.read_text())) for path in sorted(folder.rglob("*.py"))
    ]


def _typed_dicts() -> set[str]:
    """Names of the classes that are a `TypedDict`, by whatever bases."""
    bases = {
        found.name: {base.id for base in found.bases if isinstance(base, ast.Name)}
        for _, tree in _sources(ROOT / "vyrectl")
        for found in ast.walk(tree)
        if isinstance(found, ast.ClassDef)
    }
    known = {"TypedDict"}
    while more := {name for name, of in bases.items() if of & known} - known:
        known |= more
    return known


def _functions(tree: ast.Module) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Each function with its lines, from its first decorator to its last statement."""
    found = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        (one, (one.end_lineno or 0) - min([one.lineno, *(d.lineno for d in one.decorator_list)]) + 1)
        for one in found
    ]


def _attributes(found: ast.ClassDef) -> set[str]:
    """Fields of a class, and what its methods assign to `self`."""
    fields = {
        one.target.id
        for one in found.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    stores = {
        one.attr
        for one in ast.walk(found)
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
        if isinstance(one.value, ast.Name) and one.value.id == "self"
    }
    return fields | stores
