"""Checks how the project is layered, from its sources alone.

The rules are data below, and there are no exceptions: imports inside functions and under TYPE_CHECKING count like any
other.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vyrectl.devtools.cheader import COLUMNS
from vyrectl.devtools.source import PACKAGE, Import, Source, read_sources

LAYERS: tuple[str, ...] = (
    "_version",
    "dataclass",
    "shell",
    "near",
    "errors",
    "resources",
    "docs",
    "abi",
    "shapes",
    "numbers",
    "declared",
    "records",
    "markup",
    "respell",
    "files",
    "protocol",
    "task",
    "policy",
    "telemetry",
    "sidecar",
    "ring",
    "edit",
    "engine",
    "opencl",
    "doctor",
    "launching",
    "live",
    "why",
    "hosting",
    "spread",
    "bench",
    "cli",
    "devtools",
)
"""From the bottom up: a module imports its own layer and those before it."""

EXTERNAL: dict[str, tuple[str, ...]] = {
    "pyopencl": ("opencl",),
    "rich": ("cli", "devtools"),
    "typer": ("cli",),
    "pyarrow": ("ring", "cli"),
    "markdown_it": ("devtools",),
    "matplotlib": ("cli",),
    "dask": ("spread",),
    "distributed": ("spread",),
    "jinja2": ("cli",),
    "plotly": ("cli",),
    "blake3": ("launching",),
    "numpy": LAYERS[LAYERS.index("abi") :],
}
"""Everything that is neither ours nor the standard library's, and the layers that may import it."""

SLOW = ("numpy", "pyopencl", "rich", "pyarrow", "matplotlib", "jinja2", "plotly")
"""What no module of the command line but a view may import before a command runs."""

COMMANDS = "vyrectl.cli.commands."
KNOWS_COMMANDS = ("vyrectl.cli.main", "vyrectl.cli.schemas")
"""A command's file or folder is its own; these alone know what is in there."""

PRINTING = ("cli", "devtools")
"""Layers that may write to stdout or stderr; the others may flush them."""

STREAMS_MODULE = "vyrectl.files.streams"
"""The one other module that knows them: it puts them in order."""

_STREAMS = ("sys.stdout", "sys.stderr")

SYNC_HEADER = "vyre_sync.h"
CLOCK_HEADER = "vyre_clock.h"
"""The one other place for assembly: it reads a clock."""

_SYNC = re.compile(r"\b(?:(?:atomic|atom)_\w+|(?:read_|write_)?mem_fence|asm|__asm__)(?=\s*\(|\s+volatile)")
_C_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
"""Comments and strings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule, at a place."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check_layers(root: Path) -> list[Finding]:
    """Every broken rule of the repository at `root`, in a stable order."""
    sources = read_sources(root)
    return [*check_sources(sources), *check_kernels(root)]


def check_sources(sources: list[Source]) -> list[Finding]:
    """Every broken rule in these modules."""
    return [finding for source in sources for finding in _check_source(source)]


def check_kernels(root: Path) -> list[Finding]:
    """Atomics and fences of the device code outside the one header that names their order and scope; long lines."""
    findings = []
    for path in sorted((root / "kernels").rglob("*")):
        if path.suffix in (".cl", ".h"):
            lines = path.read_text(encoding="utf-8").splitlines()
            findings += [
                Finding(
                    path.relative_to(root), number, f"a line of {len(line)} columns; {COLUMNS} are the most"
                )
                for number, line in enumerate(lines, start=1)
                if len(line) > COLUMNS
            ]
        if path.suffix in (".cl", ".h") and path.name not in (SYNC_HEADER, CLOCK_HEADER):
            text = _C_TEXT.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))
            for number, line in enumerate(text.splitlines(), start=1):
                if found := _SYNC.search(line):
                    message = f"{found[0]} belongs in {SYNC_HEADER}"
                    findings.append(Finding(path.relative_to(root), number, message))
    return findings


def layer_of(module: str) -> str:
    """The layer of one of our modules; the package's own `__init__` and `__main__` stand above all."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else ""


def _check_source(source: Source) -> Iterator[Finding]:
    for one in source.imports:
        message = _wrong_import(source, one)
        if message:
            yield Finding(source.path, one.line, message)
    if layer_of(source.module) not in PRINTING and source.module != STREAMS_MODULE:
        yield from _prints(source)


def _wrong_import(source: Source, one: Import) -> str | None:
    top = one.target.split(".")[0]
    if top == PACKAGE:
        return _wrong_layer(source, one)
    if top in sys.stdlib_module_names:
        return None
    return _wrong_external(source, one, top)


def _wrong_layer(source: Source, one: Import) -> str | None:
    importer, imported = layer_of(source.module), layer_of(one.target)
    if not importer:
        return None
    if not imported:
        return f"imports {one.target} from the package's front; import the module that defines it"
    if LAYERS.index(imported) > LAYERS.index(importer):
        return f"{importer} imports {one.target}, which lies above it"
    owner = _command_of(one.target)
    if owner and _command_of(source.module) != owner and not source.module.startswith(KNOWS_COMMANDS):
        return (
            f"imports {one.target}, which is of the command {owner} alone; what is shared lies in vyrectl.cli"
        )
    return None


def _command_of(module: str) -> str:
    """The command in whose file or folder a module lies, or ""."""
    return module.removeprefix(COMMANDS).split(".")[0] if module.startswith(COMMANDS) else ""


def _wrong_external(source: Source, one: Import, top: str) -> str | None:
    importer = layer_of(source.module)
    if importer not in EXTERNAL.get(top, ()):
        return f"{importer or PACKAGE} may not import {top}"
    early = importer == "cli" and not _is_view(source.module)
    if early and top in SLOW and not one.deferred and not _type_checking(source, one.line):
        return f"{top} is slow to import; import it inside the function that needs it"
    return None


def _is_view(module: str) -> bool:
    """Whether a module of the command line is imported when there is something to draw, and no sooner."""
    return module.startswith("vyrectl.cli.views") or module.rpartition(".")[2].startswith("view")


def _type_checking(source: Source, line: int) -> bool:
    return any(
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        and node.lineno < line <= (node.end_lineno or node.lineno)
        for node in source.tree.body
    )


def _prints(source: Source) -> Iterator[Finding]:
    nodes = list(ast.walk(source.tree))
    flushed = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "flush"}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield Finding(source.path, node.lineno, "print belongs to the command line")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _STREAMS and id(node) not in flushed:
            yield Finding(source.path, node.lineno, f"{ast.unparse(node)} belongs to the command line")
