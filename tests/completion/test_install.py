"""`vyrectl completion` and `--install-completion`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.completion.shells import script
from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.cli.main import main

PLACES = {
    "bash": ".local/share/bash-completion/completions/vyrectl",
    "zsh": ".zfunc/_vyrectl",
    "fish": ".config/fish/completions/vyrectl.fish",
    "powershell": ".config/powershell/vyrectl.ps1",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("shell", SCRIPT_NAMES)
def test_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr() == (script(shell).read_text(), "")


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": "vyrectl.completion/1",
        "shell": "fish",
        "script": script("fish").read_text(),
    }


@pytest.mark.parametrize("shell", SCRIPT_NAMES)
def test_installs_for_the_user(shell: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--install-completion", shell]) == 0
    written = [path for path in home.rglob("*") if path.is_file()]
    assert written == [home / PLACES[shell]]
    assert written[0].read_text() == script(shell).read_text()
    said = capsys.readouterr()
    assert said.out == ""
    assert str(written[0]) in said.err


def test_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    assert main(["--install-completion", "bash"]) == main(["--install-completion", "fish"]) == 0
    assert (home / "data/bash-completion/completions/vyrectl").is_file()
    assert (home / "config/fish/completions/vyrectl.fish").is_file()
    monkeypatch.setenv("BASH_COMPLETION_USER_DIR", str(home / "own"))
    assert main(["--install-completion", "bash"]) == 0
    assert (home / "own/completions/vyrectl").is_file()


@pytest.mark.parametrize("arguments", [["completion", "tcsh"], ["--install-completion", "tcsh"]])
def test_unknown_shell(arguments: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert (
        capsys.readouterr().err == "error: unknown shell 'tcsh'\n  fix: Known: bash, zsh, fish, powershell\n"
    )
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_made(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".zfunc").write_text("a file")
    assert main(["--install-completion", "zsh"]) == 1
    assert str(home / ".zfunc") in capsys.readouterr().err


def test_loads_nothing_slow() -> None:
    code = (
        "import sys; from vyrectl.cli.main import main; main(['completion', 'bash']);"
        "sys.exit(' '.join({'numpy', 'pyopencl', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    assert done.stderr.strip() == b""
