"""What a command may import: neither numpy, rich nor pyopencl for help, small snapshots and single slots."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rings import slot
from vyrectl.cli.catalog import NAMES

HEAVY = ("numpy", "rich", "pyopencl")
CODE = """
import sys
from vyrectl.cli.main import main
code = main(sys.argv[1:])
print(*sorted({"numpy", "rich", "pyopencl"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def heavy_modules(*args: str) -> list[str]:
    """Heavy modules that a successful run of `vyrectl ARGS` imports."""
    result = subprocess.run([sys.executable, "-c", CODE, *args], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_imports_nothing_heavy(name: str) -> None:
    assert heavy_modules(*([name] if name else []), "--help") == []


@pytest.mark.parametrize(
    "args",
    [
        ("--version",),
        ("snapshot", "ring.bin", "--json"),
        ("snapshot", "ring.bin", "ring.bin", "--format", "csv"),
        ("snapshot", "ring.bin", "--lenient", "--format", "jsonl"),
        ("encode", "--op", "scale"),
        ("encode", "op=nop", "--json"),
        ("decode", slot().hex(), "--json"),
        ("decode", "ring.bin", "--format", "csv"),
        ("inspect", "ring.bin", "--slot", "3", "--json"),
        ("build", "new.bin", "--slots", "4"),
    ],
    ids=lambda args: " ".join(args)[:40],
)
def test_small_answers_import_nothing_heavy(ring: Path, args: tuple[str, ...]) -> None:
    assert heavy_modules(*args) == []


def test_the_check_can_fail(ring: Path) -> None:
    assert heavy_modules("inspect", "ring.bin") == ["numpy", "rich"]
    assert heavy_modules("inspect", "ring.bin", "--json") == ["numpy"]
    assert heavy_modules("snapshot", "ring.bin") == ["rich"]
