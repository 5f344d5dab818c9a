"""Nothing of the package is there for its tests alone, unless it is what the library offers."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from vyrectl.devtools.__main__ import ROOT

OFFERED = {
    "policy/accounting.py": "counters of spec 2.5",
    "policy/evidence.py": "flags of spec 2.4, printed by their names",
    "policy/policy.py": "what a recommendation tells beside what is printed",
    "policy/sizing.py": "constants and rules of spec 2.3",
    "protocol/control.py": "readers and writers of spec 3.1",
    "protocol/io_queue.py": "the writer of spec 3.4",
    "protocol/lengths.py": "empty buffers of spec 3.1 and 3.2",
    "protocol/publish.py": "the host's ways to publish, spec 3.5",
    "protocol/replay.py": "kinds and digests of spec 3.7",
    "protocol/runtime.py": "views of spec 3.6",
    "protocol/status.py": "the host's steps of spec 3.8",
    "task/item.py": "properties of spec 1.2",
    "live/session.py": "`wait_async`, for asyncio",
    "ring/file.py": "columns for pyarrow, pandas and polars",
}
"""Modules of which a name may have no user here, and why."""

CALLED_FROM_OUTSIDE = re.compile(
    r"__\w+__|_repr_html_|_fields_|readall|(list|get|format)_(command|commands|options)|listings|unexplained"
)
"""Names that Python, a notebook, ctypes, click or the tests of our own documents call."""


def test_nothing_is_there_for_tests_alone() -> None:
    trees = [(path, ast.parse(path.read_text())) for path in sorted((ROOT / "vyrectl").rglob("*.py"))]
    used = Counter(word for _, tree in trees for word in _used(tree))
    unused = {
        f"{path.relative_to(ROOT / 'vyrectl')}:{name}"
        for path, tree in trees
        if str(path.relative_to(ROOT / "vyrectl")) not in OFFERED
        for name in _defined(tree)
        if not used[name] and not CALLED_FROM_OUTSIDE.fullmatch(name)
    }
    assert unused == set()


@pytest.mark.parametrize(
    ("code", "unused"),
    [
        ("def f(): ...", {"f"}),
        ("def f(): ...\nf()", set()),
        ("A = 1", {"A"}),
        ("A = 1\nprint(A)", set()),
        ("@app.command()\ndef f(): ...", set()),
        ("class C:\n    a: int", {"C", "a"}),
        ("class C(TypedDict):\n    a: int\nC", set()),
        ("def f():\n    'f'", {"f"}),
        ("def f(): ...\ng = 'm.f'\nprint(g)", set()),
    ],
)
def test_a_user_is_found(code: str, unused: set[str]) -> None:
    tree = ast.parse(code)
    used = set(_used(tree))
    assert {name for name in _defined(tree) if name not in used} == unused


def _defined(tree: ast.Module) -> Iterator[str]:
    """Names of functions, classes, fields and constants."""
    for one in ast.walk(tree):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not _is_called(one):
            yield one.name
        if isinstance(one, ast.Module | ast.ClassDef) and not _is_printed(one):
            for statement in one.body:
                yield from _assigned(statement)


def _is_called(one: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether typer calls it."""
    return any(re.search("command|callback", ast.unparse(each)) for each in one.decorator_list)


def _is_printed(one: ast.AST) -> bool:
    """Whether its fields are the keys of a record."""
    if not isinstance(one, ast.ClassDef):
        return False
    bases = map(ast.unparse, one.bases)
    return any(re.search("Dict$|Record$|Row$", base) for base in bases) or "self.__slots__" in ast.unparse(
        one
    )


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """The name of a field or a constant; several that are numbered at once count as one list of them."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _used(tree: ast.Module) -> Iterator[str]:
    """Names that are read, attributes, keywords, and the words of texts that are no docstrings."""
    statements = [one.value for one in ast.walk(tree) if isinstance(one, ast.Expr)]
    documents = {id(one) for one in statements if isinstance(one, ast.Constant)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, ast.keyword) and one.arg:
            yield one.arg
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in documents:
            yield from re.findall(r"[A-Za-z_]\w*", one.value)
