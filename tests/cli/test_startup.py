"""What a command may import: neither numpy, rich nor pyopencl for help, small snapshots and single slots."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.cli.catalog import NAMES

HEAVY = ("numpy", "rich", "pyopencl")
CODE = """
import sys
from vyrectl.cli.main import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def loaded(*args: str) -> set[str]:
    """Modules that a successful run of `vyrectl ARGS` has in its own process at the end."""
    result = subprocess.run([sys.executable, "-c", CODE, *args], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.splitlines()[-1].split())


def heavy_modules(*args: str) -> list[str]:
    """The heavy ones among them."""
    found = loaded(*args)
    return [name for name in HEAVY if name in found]


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


VIEW, WHERE, POLICY = "vyrectl.cli.commands.launch.view", "vyrectl.ring.where", "vyrectl.policy.policy"
LAUNCH = ("launch", "ready.bin", "--device", "reference", "--output", "new.bin", "--quiet")


@pytest.mark.parametrize(
    ("args", "most", "without"),
    [
        (("--version",), 40, {VIEW, WHERE, POLICY}),
        (("snapshot", "ring.bin", "--json"), 104, {WHERE, POLICY}),
        (("snapshot", "ring.bin"), 114, {WHERE, POLICY}),
        ((*LAUNCH, "--json"), 169, {VIEW, WHERE}),
    ],
    ids=lambda value: " ".join(value)[:24] if isinstance(value, tuple) else None,
)
def test_a_command_loads_what_it_uses(
    ring: Path, args: tuple[str, ...], most: int, without: set[str]
) -> None:
    """At most so many modules of the package: a lid, which may be lowered."""
    write_ring(ring.with_name("ready.bin"), slot(state=1, priority=2, task_id=1))
    found = {name for name in loaded(*args) if name.split(".")[0] == "vyrectl"}
    assert not found & without
    assert len(found) <= most


def test_what_is_shown_or_asked_for_is_loaded(ring: Path) -> None:
    write_ring(ring.with_name("ready.bin"), slot(state=1, priority=2, task_id=1))
    assert loaded(*LAUNCH) >= {VIEW}
    assert loaded(*LAUNCH, "--json", "--where", "state == ready") >= {WHERE}
