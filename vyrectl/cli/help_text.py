"""The text of `--help`: a command's docstring, also where Python was told to strip docstrings (`-OO`).

It is then read from the module's source, which travels with the package. Standard library only.
"""

from __future__ import annotations

import ast
import inspect
from types import ModuleType


def help_text(module: ModuleType, function: str) -> str | None:
    """The docstring of a module's function."""
    found: str | None = inspect.getdoc(getattr(module, function))
    return found or _from_source(module, function)


def _from_source(module: ModuleType, function: str) -> str | None:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, SyntaxError):
        return None
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    return next((ast.get_docstring(node) for node in found), None)
