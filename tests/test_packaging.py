"""The wheel: what it carries, and that it works from an empty folder, away from the sources."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vyrectl import docs
from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.devtools.__main__ import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("vyrectl-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the unpacked wheel; dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _run(installed: Path, cwd: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-m", "vyrectl", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_the_wheel_carries(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "vyrectl/py.typed" in names
    for folder in ("kernels", "completions"):
        files = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert files
        assert {f"vyrectl/_data/{path.as_posix()}" for path in files} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "vyrectl").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == {
        name for name in modules if not name.startswith("vyrectl/devtools/")
    }
    assert not any(name.startswith(("tests/", "kernels/", "completions/")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    shared = {name.partition(".data/data/share/man/")[2] for name in names}
    pages = {
        path.relative_to(ROOT / "completions/man").as_posix() for path in ROOT.glob("completions/man/*/*")
    }
    assert {"man1/vyrectl.1", "man1/vyrectl-launch.1", "man7/vyrectl-launch.7"} < pages <= shared
    assert {f"vyrectl/docs/{name}.md" for name in docs.NAMES} <= names


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    code = "import vyrectl.resources as r; print(r.kernels_dir(), r.completions_dir())"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    data = installed / "vyrectl" / "_data"
    assert done.stdout.split() == [str(data / "kernels"), str(data / "completions")]


@pytest.mark.parametrize("shell", SCRIPT_NAMES)
def test_completion_from_an_empty_folder(shell: str, installed: Path, tmp_path: Path) -> None:
    script = (ROOT / "completions" / SCRIPT_NAMES[shell]).read_text()
    assert _run(installed, tmp_path, "completion", shell) == script


def test_a_ring_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    _run(installed, tmp_path, "build", "ring.bin", "--synthetic", "100", "--seed", "1")
    _run(installed, tmp_path, "launch", "ring.bin", "--device", "reference")
    counts = _run(installed, tmp_path, "snapshot", "ring.bin", "--format", "csv").splitlines()
    after = dict(zip(counts[0].split(","), counts[1].split(","), strict=True))
    assert after["ready_count"] == after["yielded_count"] == after["requeued_count"] == "0"
