"""The fish script, asked by fish's own `complete -C`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.completion.shells import fish_words, started
from tests.needs import needs_tool
from vyrectl import docs
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import PRIORITY_NAMES, STATE_NAMES
from vyrectl.cli.catalog import CATALOG, NAMES
from vyrectl.cli.completion.model import read_program
from vyrectl.cli.output import FORMATS
from vyrectl.engine.ops import op_codes
from vyrectl.task.lifecycle import ACTIONS

pytestmark = needs_tool("fish")

HELP_WORDS = sorted({*docs.NAMES, *NAMES})
"""What `vyrectl help` takes: topics and commands, each once."""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("", NAMES),
        ("tr", ["transition"]),
        ("--v", ["--version"]),
        ("transition ri", ["ring.bin"]),
        ("transition ring.bin ", ACTIONS),
        ("transition --pc 1 ring.bin pau", ["pause"]),
        ("transition ring.bin requeue --priority ", PRIORITY_NAMES),
        ("transition ring.bin fault --code bad_h", ["bad_handle"]),
        ("transition --form", ["--format"]),
        ("transition -- --", []),
        ("snapshot --format ", FORMATS),
        ("snapshot -f c", ["csv"]),
        ("snapshot --format=js", ["--format=json", "--format=jsonl"]),
        ("snapshot a.bin b.bin ri", ["ring.bin"]),
        ("snapshot --by priority,te", ["priority,tenant"]),
        ("set ring.bin ", [f"{name}=" for name in FIELD_NAMES]),
        ("set ring.bin state=", [f"state={name}" for name in STATE_NAMES]),
        ("set ring.bin age_ticks=1 op=sax", ["op=saxpy"]),
        ("encode --state ", STATE_NAMES),
        ("encode --op ", op_codes()),
        ("launch ring.bin --device ", ["cpu", "gpu", "0:0", "reference"]),
        ("launch ring.bin --buffer 0=x", ["0=x.npy"]),
        ("inspect --where 'sta", ["state"]),
        ("inspect --where 'state == pau", ["state == paused"]),
        ("inspect --where 'age_ticks > 1 an", ["age_ticks > 1 and"]),
        ("help ", HELP_WORDS),
        ("help tuto", ["tutorial"]),
        ("completion ", ["bash", "zsh", "fish", "powershell"]),
        ("no_such_command ", []),
    ],
)
def test_words(line: str, offered: list[str], folder: Path) -> None:
    assert sorted(fish_words(f"vyrectl {line}", folder)) == sorted(offered)


def test_rings_come_first(folder: Path) -> None:
    assert next(iter(fish_words("vyrectl snapshot ", folder))) == "ring.bin"


@pytest.mark.parametrize("command", NAMES)
def test_every_option(command: str, folder: Path) -> None:
    model = next(one for one in read_program().commands if one.name == command)
    names = {name for option in model.options for name in option.names}
    long = fish_words(f"vyrectl {command} --", folder)
    assert set(long) == {name for name in names if name.startswith("--")}
    assert all(long.values())


def test_descriptions(folder: Path) -> None:
    assert fish_words("vyrectl ", folder) == {entry.name: entry.summary.rstrip(".") for entry in CATALOG}


def test_only_devices_start_the_program(folder: Path) -> None:
    for line in ("", "transition ring.bin ", "encode --op "):
        fish_words(f"vyrectl {line}", folder)
    assert started(folder) == []
    fish_words("vyrectl launch --device ", folder)
    assert started(folder) == ["devices --format csv"]
