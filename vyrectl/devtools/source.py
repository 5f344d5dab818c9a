"""Reads Python sources as data: which module imports what, and where.

Standard library only; nothing that is read gets imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "vyrectl"
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.alias)
"""Most nodes of a tree, with nothing below them that is an import."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import of one module.

    Attributes:
        target: Dotted name, as far as the statement tells: ``vyrectl.abi.slot`` or ``numpy``.
        line: One-based line.
        deferred: True inside a function, where it costs nothing until the call.
    """

    target: str
    line: int
    deferred: bool


@dataclass(frozen=True)
class Source:
    """One parsed module.

    Attributes:
        path: Relative to the repository.
        module: Dotted name.
        tree: Its syntax tree.
    """

    path: Path
    module: str
    tree: ast.Module

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import statement, type-checking ones and `import_module("...")` calls included."""
        return tuple(self._walk())

    def _walk(self) -> Iterator[Import]:
        """In the order of the text; with a list of what is to come, for a tree has half a million nodes."""
        waiting: list[tuple[ast.AST, bool]] = [(self.tree, False)]
        while waiting:
            node, deferred = waiting.pop()
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)):
                for target in self._targets(node):
                    yield Import(target, node.lineno, deferred)
            inside = deferred or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _LEAVES)]
            waiting += [(child, inside) for child in reversed(children)]

    def _targets(self, node: ast.Import | ast.ImportFrom | ast.Call) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            return [f"{base}.{alias.name}" for alias in node.names]
        if _called(node) in ("import_module", "__import__"):
            return [str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        return []

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.split(".") if self.path.name == "__init__.py" else self.module.split(".")[:-1]
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)


def read_sources(root: Path) -> list[Source]:
    """Parse every module of the package below the repository's root, in a stable order."""
    return [parse_source(root, path) for path in sorted((root / PACKAGE).rglob("*.py"))]


def parse_source(root: Path, path: Path) -> Source:
    """Parse one file below the repository's root."""
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    names = parts[:-1] if parts[-1] == "__init__" else parts
    return Source(relative, ".".join(names), ast.parse(path.read_text(encoding="utf-8"), str(relative)))


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
