"""The bash script, as readline calls it and in a terminal, without bash-completion."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.completion.shells import Terminal, bash_words, script, started
from tests.needs import needs_tool
from vyrectl import docs
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import PRIORITY_NAMES, STATE_NAMES
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.completion.model import read_program
from vyrectl.cli.output import FORMATS
from vyrectl.engine.ops import op_codes
from vyrectl.task.lifecycle import ACTIONS

pytestmark = needs_tool("bash")

HELP_WORDS = sorted({*docs.NAMES, *NAMES})
"""What `vyrectl help` takes: topics and commands, each once."""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([""], NAMES),
        (["tr"], ["transition"]),
        (["--v"], ["--version"]),
        (["transition", ""], ["ring.bin", "inner"]),
        (["transition", "r"], ["ring.bin"]),
        (["transition", "rest"], ["rest.txt"]),
        (["transition", "ring.bin", ""], ACTIONS),
        (["transition", "--dry-run", "ring.bin", "ya"], []),
        (["transition", "--pc", "1", "ring.bin", "re"], ["resume", "requeue"]),
        (["transition", "ring.bin", "requeue", "--priority", ""], PRIORITY_NAMES),
        (["transition", "ring.bin", "requeue", "--priority", "=", "i"], ["idle"]),
        (["transition", "ring.bin", "fault", "--code", "bad_h"], ["bad_handle"]),
        (["transition", "--form"], ["--format"]),
        (["transition", "--", "--form"], []),
        (["snapshot", "--format", ""], FORMATS),
        (["snapshot", "-f", "c"], ["csv"]),
        (["snapshot", "--format", "="], FORMATS),
        (["snapshot", "--format", "=", "js"], ["json", "jsonl"]),
        (["snapshot", "a.bin", "b.bin", "ri"], ["ring.bin"]),
        (["snapshot", "--by", "priority,te"], ["priority,tenant"]),
        (["snapshot", "--by", "=", "priority,te"], ["priority,tenant"]),
        (["inspect", "ring.bin", "--columns", "age"], ["age_ticks"]),
        (["set", "ring.bin", ""], [f"{name}=" for name in FIELD_NAMES]),
        (["set", "ring.bin", "state", "="], STATE_NAMES),
        (["set", "ring.bin", "state", "=", "pau"], ["paused"]),
        (["set", "ring.bin", "age_ticks", "=", "1", "op", "=", "sax"], ["saxpy"]),
        (["encode", "--state", ""], STATE_NAMES),
        (["encode", "--op", ""], op_codes()),
        (["launch", "ring.bin", "--device", ""], ["cpu", "gpu", "0:0", "reference"]),
        (["launch", "ring.bin", "--device", "0", ":", ""], ["0"]),
        (["launch", "ring.bin", "--buffer", "0", "=", "x"], ["x.npy"]),
        (["inspect", "--where", "'sta"], ["state", "state "]),
        (["inspect", "--where", "'state == pau"], ["state == paused", "state == paused "]),
        (["inspect", "--where", "'age_ticks > 1 an"], ["age_ticks > 1 and", "age_ticks > 1 and "]),
        (["help", ""], HELP_WORDS),
        (["help", "tuto"], ["tutorial"]),
        (["completion", ""], ["bash", "zsh", "fish", "powershell"]),
        (["no_such_command", ""], []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_words(words: list[str], offered: list[str], folder: Path) -> None:
    assert sorted(bash_words(["vyrectl", *words], folder)) == sorted(offered)


@pytest.mark.parametrize("command", NAMES)
def test_every_option(command: str, folder: Path) -> None:
    model = next(one for one in read_program().commands if one.name == command)
    names = {name for option in model.options for name in option.names}
    assert set(bash_words(["vyrectl", command, "-"], folder)) == names
    assert {"--help", "-h"} <= names


def test_only_devices_start_the_program(folder: Path) -> None:
    for words in (
        [""],
        ["transition", "ring.bin", ""],
        ["encode", "--op", ""],
        ["set", "ring.bin", "state", "="],
    ):
        bash_words(["vyrectl", *words], folder)
    assert started(folder) == []
    bash_words(["vyrectl", "launch", "--device", ""], folder)
    assert started(folder) == ["devices --format csv"]


def test_in_a_terminal(folder: Path) -> None:
    with Terminal("bash", folder) as bash:
        assert bash.complete("vyrectl tr") == "vyrectl transition "
        assert bash.complete("vyrectl transition r") == "vyrectl transition ring.bin "
        assert bash.complete("vyrectl transition ring.bin pau") == "vyrectl transition ring.bin pause "
        assert bash.complete("vyrectl inspect --format=c") == "vyrectl inspect --format=csv "
        assert bash.complete("vyrectl set ring.bin sta") == "vyrectl set ring.bin state="
        assert bash.complete("vyrectl set ring.bin state=pau") == "vyrectl set ring.bin state=paused "
        assert bash.complete("vyrectl snapshot inner/") == r"vyrectl snapshot inner/two\ words.bin "
        assert bash.complete("vyrectl snapshot 'inner/two w") == "vyrectl snapshot 'inner/two words.bin' "
        assert bash.complete("vyrectl snapshot ~/ri") == "vyrectl snapshot ~/ring.bin "
        assert (
            bash.complete("vyrectl inspect --where 'state == pau")
            == "vyrectl inspect --where 'state == paused"
        )
        assert bash.complete("vyrectl launch --device 0:") == "vyrectl launch --device 0:0 "
        assert bash.complete("vyrectl launch --device ref") == "vyrectl launch --device reference "
    assert started(folder) == ["devices --format csv"]


def test_functions_and_variables_stay_in_their_name_space() -> None:
    text = script("bash").read_text()
    listing = f"source {script('bash')}; compgen -A function; compgen -v | grep -i vyrectl || true"
    clean = {name: value for name, value in os.environ.items() if "VYRECTL" not in name.upper()}
    done = subprocess.run(
        ["bash", "--norc", "-c", listing], capture_output=True, text=True, check=True, env=clean
    )
    assert all(name.startswith(("_vyrectl", "__vyrectl")) for name in done.stdout.split())
    assert "complete -F _vyrectl vyrectl\n" in text


@needs_tool("shellcheck")
def test_shellcheck() -> None:
    done = subprocess.run(
        ["shellcheck", "-s", "bash", str(script("bash"))], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
