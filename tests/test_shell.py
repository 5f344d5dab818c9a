"""Command lines that advice prints: what installs a package does so where this process would find it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vyrectl import shell
from vyrectl.shell import pip_install


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    shell._pip.cache_clear()
    yield
    shell._pip.cache_clear()


@pytest.mark.parametrize("name", ["python", "my python"])
def test_a_package_is_installed_for_the_interpreter_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The line as a shell reads it, also where the environment lies in a folder with a blank in its name."""
    python = tmp_path / name
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/said"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr("importlib.util.find_spec", lambda module: object())
    subprocess.run(["sh", "-c", pip_install("vyrectl[cpu]", "numpy")], check=True, timeout=60)
    said = (tmp_path / "said").read_text().splitlines()
    assert said == ["-m", "pip", "install", "vyrectl[cpu]", "numpy"]


@pytest.mark.parametrize(("uv", "first"), [("/bin/uv", "uv"), (None, sys.executable)])
def test_an_environment_without_pip_of_its_own(
    monkeypatch: pytest.MonkeyPatch, uv: str | None, first: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    monkeypatch.setattr("shutil.which", lambda name: uv)
    words = shlex.split(pip_install("numpy"))
    assert words[0] == first
    assert sys.executable in words
    assert words[-1] == "numpy"
