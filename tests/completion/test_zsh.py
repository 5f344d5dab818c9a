"""The zsh script in an interactive zsh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.completion.shells import Terminal, started
from tests.needs import needs_tool
from vyrectl import docs
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import PRIORITY_NAMES, STATE_NAMES
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.completion.model import read_program
from vyrectl.cli.output import FORMATS
from vyrectl.engine.ops import op_codes
from vyrectl.task.lifecycle import ACTIONS

pytestmark = needs_tool("zsh")

HELP_WORDS = sorted({*docs.NAMES, *NAMES})
"""What `vyrectl help` takes: topics and commands, each once."""


@pytest.fixture
def zsh(folder: Path) -> Iterator[Terminal]:
    with Terminal("zsh", folder) as terminal:
        yield terminal


def test_lists(zsh: Terminal, folder: Path) -> None:
    offered = {
        "": NAMES,
        "transition ": ["ring.bin", "inner"],
        "transition ring.bin ": ACTIONS,
        "transition ring.bin requeue --priority ": PRIORITY_NAMES,
        "snapshot --format ": FORMATS,
        "snapshot --format=js": ["json", "jsonl"],
        "set ring.bin ": FIELD_NAMES,
        "set ring.bin state=": STATE_NAMES,
        "encode --op ": op_codes(),
        "help ": HELP_WORDS,
        "completion ": ["bash", "zsh", "fish", "powershell"],
        "no_such_command ": [],
        "transition -- --": [],
    }
    found = {line: sorted(zsh.matches(f"vyrectl {line}")) for line in offered}
    assert found == {line: sorted(words) for line, words in offered.items()}
    assert started(folder) == []


def test_lines(zsh: Terminal, folder: Path) -> None:
    completed = {
        "tr": "transition ",
        "transition rest": "transition rest.txt ",
        "transition ring.bin pau": "transition ring.bin pause ",
        "transition ring.bin fault --code bad_h": "transition ring.bin fault --code bad_handle ",
        "transition --form": "transition --format=",
        "snapshot -f c": "snapshot -f csv ",
        "snapshot --by=priority,te": "snapshot --by=priority,tenant,",
        "snapshot inner/": r"snapshot inner/two\ words.bin ",
        "set ring.bin sta": "set ring.bin state=",
        "set ring.bin age_ticks=1 op=sax": "set ring.bin age_ticks=1 op=saxpy ",
        "inspect --where 'state == pau": "inspect --where 'state == paused",
        "launch --buffer 0=x": "launch --buffer 0=x.npy ",
        "launch --device ref": "launch --device reference ",
        "launch --device 0:": "launch --device 0:0 ",
    }
    found = {line: zsh.complete(f"vyrectl {line}").removeprefix("vyrectl ") for line in completed}
    assert found == completed
    assert started(folder) == ["devices --format csv"]


def test_every_option(zsh: Terminal) -> None:
    for command in read_program().commands:
        names = {name for option in command.options for name in option.names}
        offered = zsh.matches(f"vyrectl {command.name} -")
        assert {name.rstrip("=") for name in offered} == names, command.name
