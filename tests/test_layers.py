"""Layers point down, and the checker sees when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.cheader import COLUMNS
from vyrectl.devtools.layers import LAYERS, check_kernels, check_layers, check_sources
from vyrectl.devtools.source import parse_source


def test_the_repository_keeps_its_layers() -> None:
    assert [str(finding) for finding in check_layers(ROOT)] == []


def test_every_package_has_a_layer() -> None:
    sources = (path.relative_to(ROOT / "vyrectl") for path in (ROOT / "vyrectl").rglob("*.py"))
    names = {Path(path.parts[0]).stem for path in sources if not path.name.startswith("__main__")}
    assert names - {"__init__"} <= set(LAYERS)


@pytest.mark.parametrize(
    ("module", "code", "message"),
    [
        (
            "ring/file",
            "from vyrectl.engine.ops import op_codes",
            "ring imports vyrectl.engine.ops.op_codes, which",
        ),
        (
            "ring/file",
            "def f():\n    import vyrectl.cli.main",
            "ring imports vyrectl.cli.main, which lies above it",
        ),
        ("task/item", "from ..ring import file", "task imports vyrectl.ring.file, which lies above it"),
        (
            "abi/slot",
            "from importlib import import_module\nimport_module('vyrectl.task')",
            "abi imports vyrectl.task",
        ),
        ("policy/plan", "from vyrectl import Ring", "imports vyrectl.Ring from the package's front"),
        (
            "errors",
            "from vyrectl.abi import states",
            "errors imports vyrectl.abi.states, which lies above it",
        ),
        (
            "errors",
            "def f():\n    from vyrectl.abi.states import state_name",
            "errors imports vyrectl.abi.states.state_name, which lies above it",
        ),
        ("engine/run", "import pyopencl as cl", "engine may not import pyopencl"),
        ("ring/file", "from rich.table import Table", "ring may not import rich"),
        ("errors", "import numpy", "errors may not import numpy"),
        ("cli/commands/a", "import requests", "cli may not import requests"),
        ("cli/commands/a", "import numpy as np", "numpy is slow to import"),
        ("cli/rows", "from vyrectl.cli.commands.a import b", "of the command a alone"),
        ("cli/commands/b/view", "from vyrectl.cli.commands.a.rows import c", "of the command a alone"),
        ("ring/file", "print('hello')", "print belongs to the command line"),
        ("ring/file", "import sys\nsys.stdout.write('hello')", "sys.stdout belongs to the command line"),
    ],
)
def test_a_broken_rule_is_found(module: str, code: str, message: str, tmp_path: Path) -> None:
    findings = _check(module, code, tmp_path)
    assert len(findings) == 1
    assert message in findings[0]
    assert findings[0].startswith(f"vyrectl/{module}.py:{len(code.splitlines())}: ")


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("launching/run", "import json\nfrom vyrectl.opencl import backend\nfrom . import rounds"),
        ("opencl/backend", "import numpy, pyopencl"),
        ("cli/commands/a", "def f():\n    import numpy"),
        (
            "cli/commands/a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rich.table import Table",
        ),
        ("launching/run", "import sys\nsys.stdout.flush()"),
        ("cli/views/a", "from rich.table import Table\nprint('hello')"),
        ("cli/commands/a/view_b", "from rich.table import Table"),
        ("cli/commands/a/view_b", "from vyrectl.cli.commands.a.rows import c"),
        ("cli/schemas/a", "from vyrectl.cli.commands import a"),
        ("__main__", "from vyrectl.cli.main import main"),
    ],
)
def test_what_is_allowed(module: str, code: str, tmp_path: Path) -> None:
    assert _check(module, code, tmp_path) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("old = atomic_cmpxchg(p, 1u, 2u);", True),
        ("mem_fence(CLK_GLOBAL_MEM_FENCE);", True),
        ('asm volatile("membar.gl;");', True),
        ("// atomic_inc(p) would be wrong", False),
        ('VYRE_OP(2, atomic_add, "calls atomic_add(p)") {', False),
        ("vyre_store_release(p, 1u);", False),
    ],
)
def test_atomics_stay_in_one_header(line: str, found: bool, tmp_path: Path) -> None:
    folder = tmp_path / "kernels" / "engine"
    folder.mkdir(parents=True)
    for name in ("run.cl", "vyre_sync.h"):
        (folder / name).write_text(f"/* opening\n */\n{line}\n")
    places = [(str(one.path), one.line) for one in check_kernels(tmp_path)]
    assert places == ([("kernels/engine/run.cl", 3)] if found else [])


@pytest.mark.parametrize(("columns", "found"), [(COLUMNS, False), (COLUMNS + 1, True)])
def test_device_code_ends_at_the_right_edge(columns: int, found: bool, tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "run.cl").write_text("/* opening */\n" + "x" * columns + "\n")
    places = [(str(one.path), one.line) for one in check_kernels(tmp_path)]
    assert places == ([("kernels/run.cl", 2)] if found else [])


def _check(module: str, code: str, root: Path) -> list[str]:
    path = root / "vyrectl" / f"{module}.py"
    path.parent.mkdir(parents=True)
    path.write_text(code)
    return [str(finding) for finding in check_sources([parse_source(root, path)])]
