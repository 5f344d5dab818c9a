"""Nothing that lies in the user's folder is imported, by us or by a child of ours, whatever it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.files.python import ROOT, code_command, module_command

NAMES = ("random", "numpy", "json", "ctypes", "pyopencl", "subprocess", "runpy", "rich", "typer", "vyrectl")


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder of modules that leave a trace when they are imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("open('trace', 'a').write(__name__); raise SystemExit(99)")
    write_ring(tmp_path / "ring.bin", slot(state=1, task_id=1))
    return tmp_path


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    assert not (folder / "trace").exists(), (folder / "trace").read_text()
    return done


def test_a_module_of_ours(traps: Path) -> None:
    assert run(traps, module_command("vyrectl", "snapshot", "ring.bin", "--json")).returncode == 0
    assert run(traps, code_command("import ctypes, random, json")).returncode == 0
    assert str(Path(__file__).resolve().parents[2]) == ROOT


def test_a_launch_from_python_in_a_fresh_interpreter(traps: Path) -> None:
    """`elsewhere`: what a process with a driver in it starts."""
    code = (
        "import sys; sys.path[:] = [one for one in sys.path if one not in ('', sys.argv[1])]\n"
        "from pathlib import Path\n"
        "from vyrectl.hosting.elsewhere import launch_elsewhere\n"
        "from vyrectl.hosting.supervised import launch_file\n"
        "from vyrectl.hosting.request import FileLaunch\n"
        "from vyrectl.launching.options import LaunchOptions\n"
        "plan = FileLaunch(ring=Path('ring.bin'), options=LaunchOptions(device='reference'))\n"
        "print(launch_elsewhere(plan, lambda message: None, launch_file)[0]['done'])"
    )
    done = run(traps, [sys.executable, "-P", "-c", code, str(traps)])
    assert done.stdout == b"1\n", done.stderr


def test_python_dash_m(tmp_path: Path) -> None:
    """What Python itself loads to run a module is its own affair; nothing after that comes from the folder."""
    for name in ("numpy", "rich", "typer", "json", "random"):
        (tmp_path / f"{name}.py").write_text("open('trace', 'a').write(__name__); raise SystemExit(99)")
    write_ring(tmp_path / "ring.bin", slot(state=1, task_id=1))
    done = run(tmp_path, [sys.executable, "-m", "vyrectl", "inspect", "ring.bin"])
    assert done.returncode == 0, done.stderr


def test_every_child_is_started_by_these_commands() -> None:
    """No other place of the package names the interpreter to start it."""
    package = Path(ROOT, "vyrectl")
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "[sys.executable" in path.read_text(encoding="utf-8")
    }
    assert {name for name in found if not name.startswith("devtools" + os.sep)} == {"files/python.py"}
